"""What a YAML scalar without quotes means: YAML 1.2, and nothing that would change the author's characters."""

import json
import re

from config.text import Scalar

_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?", re.ASCII)


def plain_scalar(text: str) -> Scalar | None:
    """Return the number, truth or null that `text` is, if JSON would write it with the same characters.

    `8080` is a number; `1.10`, `007`, `0x1F`, `1e3`, `True`, `on`, `22:22`, `.nan` and dates stay text.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        if json.dumps(number) == text:
            return number
    return text

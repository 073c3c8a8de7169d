"""Secrets on their way: sealed (X25519 SealedBox) for the one host that needs them, opened only there.

Rendered parameters mark a text touched by a secret as `{"$secret": ["postgres://u:", {"name": "DB_PASSWORD",
"version": "sv_..."}]}`; an order has `{"$sealed": "0"}` in its place and the texts inside one sealed box.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from nacl.exceptions import CryptoError
from nacl.public import SealedBox
from pydantic import JsonValue

from tasks.keys import HostKeys, sealing_key

T = TypeVar("T")


class CannotOpenError(ValueError):
    """What is sealed was not sealed for these keys, or was changed; a fresh order may help."""


def seal(text: str, public: str) -> str:
    """Return base64 that only the owner of the sealing key `public` can open; raises InvalidKeyError."""
    return base64.b64encode(SealedBox(sealing_key(public)).encrypt(text.encode())).decode("ascii")


def open_sealed(sealed: str, keys: HostKeys) -> str:
    """Return the text inside; raises CannotOpenError."""
    try:
        return SealedBox(keys.sealing).decrypt(base64.b64decode(sealed, validate=True)).decode()
    except (CryptoError, ValueError, TypeError) as error:
        raise CannotOpenError(
            f"sealed text does not open with the keys {keys.key_id}; were they replaced?"
        ) from error


def seal_parameters(
    parameters: dict[str, JsonValue], values: Mapping[str, str], public: str
) -> tuple[dict[str, JsonValue], str]:
    """Return `(parameters, sealed)` for an order from rendered parameters.

    `values` maps secret version ids to their values; a missing one raises KeyError with the version id.
    """
    texts: dict[str, str] = {}

    def replaced(marker: dict[str, Any]) -> JsonValue:
        number = str(len(texts))
        texts[number] = "".join(p if isinstance(p, str) else values[p["version"]] for p in marker["$secret"])
        return {"$sealed": number}

    out = cast("dict[str, JsonValue]", _replace(parameters, "$secret", replaced))
    return out, seal(json.dumps(texts), public) if texts else ""


def open_parameters(
    parameters: dict[str, JsonValue], sealed: str, keys: HostKeys, secret: Callable[[str], T]
) -> dict[str, Any]:
    """Return the parameters with `secret(text)` in place of each sealed text; raises CannotOpenError."""
    texts = json.loads(open_sealed(sealed, keys)) if sealed else {}

    def replaced(marker: dict[str, Any]) -> T:
        try:
            return secret(texts[marker["$sealed"]])
        except (KeyError, TypeError):
            raise CannotOpenError("the order names a sealed text that it does not carry") from None

    return cast("dict[str, Any]", _replace(parameters, "$sealed", replaced))


def _replace(value: object, marker: str, by: Callable[[dict[str, Any]], object]) -> object:
    """Return `value` with each mapping `{marker: ...}` replaced, in reading order."""
    match value:
        case dict() if set(value) == {marker}:
            return by(value)
        case dict():
            return {key: _replace(item, marker, by) for key, item in value.items()}
        case list() | tuple():
            return [_replace(item, marker, by) for item in value]
        case _:
            return value

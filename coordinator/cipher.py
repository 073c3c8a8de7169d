"""Secrets at rest: XSalsa20-Poly1305 (PyNaCl SecretBox) with the master key.

CipherError       a text cannot be decrypted, or the master key cannot be used
"""

import base64
import binascii
from pathlib import Path
from typing import Final

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from nacl.utils import random

from tasks.private_files import write_private

MASTER_KEY_FILE: Final = "master.key"
_FORMAT: Final = "v1:"


class CipherError(ValueError):
    """The master key is not usable, or not the one that the text was encrypted with. Trying again cannot help."""


class BoxCipher:
    """Encrypts with one master key; each text gets its own random nonce."""

    def __init__(self, master_key: bytes) -> None:
        self._box = SecretBox(master_key)

    def encrypt(self, text: str) -> str:
        """Return `v1:` and base64."""
        sealed = self._box.encrypt(text.encode())
        return _FORMAT + base64.b64encode(sealed).decode("ascii")

    def decrypt(self, ciphertext: str) -> str:
        """Return the text. Raises CipherError."""
        try:
            return self._box.decrypt(
                base64.b64decode(ciphertext.removeprefix(_FORMAT), validate=True)
            ).decode()
        except (CryptoError, ValueError, TypeError) as error:
            raise CipherError(
                "what is stored was not encrypted with this master key: start with the key this database was made "
                f"with ({MASTER_KEY_FILE} in the state folder, or the setting), from your backup"
            ) from error


def open_cipher(master_key: str | None, state_dir: Path) -> BoxCipher:
    """Return the cipher with the key from the settings (base64 of 32 bytes), else with the state folder's.

    At the first start the file is made (0600): whoever restores the database needs it too. Raises CipherError.
    """
    if master_key:
        return BoxCipher(_decoded(master_key, "the master key of the settings"))
    path = state_dir / MASTER_KEY_FILE
    if not path.exists():
        write_private(path, base64.b64encode(random(SecretBox.KEY_SIZE)).decode("ascii") + "\n")
    return BoxCipher(_decoded(path.read_text(encoding="utf-8", errors="replace"), str(path)))


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != SecretBox.KEY_SIZE:
        raise CipherError(
            f"{where}: expected base64 of {SecretBox.KEY_SIZE} bytes, as `openssl rand -base64 32` prints"
        )
    return key

"""The keys of a host or of the coordinator: Ed25519 to sign, X25519 to open what is sealed."""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey
from nacl.signing import SigningKey, VerifyKey

from tasks.bodies import Body
from tasks.private_files import write_private

_KEY_BYTES = 32


class InvalidKeyError(ValueError):
    """A key is not the base64 text of 32 bytes. Trying again cannot help."""


def key_id_of(sign: VerifyKey) -> str:
    """Return the name of a key pair: the first 16 hex digits of SHA-256 over the public signing key."""
    return hashlib.sha256(bytes(sign)).hexdigest()[:16]


def verify_key(text: str) -> VerifyKey:
    """Read a public signing key from base64; raises InvalidKeyError."""
    return VerifyKey(_decoded(text))


def sealing_key(text: str) -> PublicKey:
    """Read a public sealing key from base64; raises InvalidKeyError."""
    return PublicKey(_decoded(text))


class PublicKeys(Body):
    """The half of the keys that everybody may know; `sign` and `seal` are base64 of 32 bytes each."""

    key_id: str
    sign: str
    seal: str

    def verify_key(self) -> VerifyKey:
        return verify_key(self.sign)


@dataclass(frozen=True)
class HostKeys:
    """Both key pairs of one party (a host, or the coordinator); never printed, kept in a 0600 file."""

    signing: SigningKey
    sealing: PrivateKey

    @classmethod
    def generate(cls) -> Self:
        return cls(SigningKey.generate(), PrivateKey.generate())

    @property
    def key_id(self) -> str:
        return key_id_of(self.signing.verify_key)

    @property
    def public(self) -> PublicKeys:
        sign, seal = self.signing.verify_key, self.sealing.public_key
        return PublicKeys(key_id=self.key_id, sign=_encoded(bytes(sign)), seal=_encoded(bytes(seal)))

    def to_json(self) -> str:
        """Return both private keys as JSON text; for a private file or an encrypted column only."""
        return json.dumps({"sign": _encoded(bytes(self.signing)), "seal": _encoded(bytes(self.sealing))})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; raises InvalidKeyError."""
        try:
            found = json.loads(text)
            return cls(SigningKey(_decoded(found["sign"])), PrivateKey(_decoded(found["seal"])))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidKeyError(
                "the private keys cannot be read: expected JSON with `sign` and `seal`, base64 of 32 bytes; "
                "restore the file from a backup, or remove it and join again",
            ) from error

    def save(self, path: Path) -> None:
        """Write the private keys to `path`, readable by their owner alone."""
        write_private(path, self.to_json())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the private keys from `path`; raises FileNotFoundError or InvalidKeyError."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except InvalidKeyError as error:
            raise InvalidKeyError(f"{path}: {error}") from error

    def __repr__(self) -> str:
        return f"HostKeys(key_id={self.key_id!r})"


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _decoded(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
        VerifyKey(raw)  # checks the length only; the same for all four keys
    except (ValueError, TypeError, CryptoError) as error:
        raise InvalidKeyError(f"a key is expected as base64 of {_KEY_BYTES} bytes") from error
    return raw

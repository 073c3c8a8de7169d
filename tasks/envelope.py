"""The signed envelope of every order, report and control message.

What travels is `[payload_json, signature_b64, key_id]`: the arguments of a Celery task, or one entry of a
control list. The signature (Ed25519) covers the payload's bytes as they travel, so no serialiser can
change them.

Errors: Refused > Malformed, UnknownSender, BadSignature, WrongReceiver, WrongKind, Expired. Their texts
hold no part of the payload's body. Sending the same envelope again never helps.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from pydantic import Field, ValidationError

from tasks.bodies import Body
from tasks.keys import HostKeys

VERSION = 1
MAX_BYTES = 1024 * 1024
GRACE = 60.0  # seconds that a message may be late, on top of the known difference of the clocks
COORDINATOR = "coordinator"  # the name of the coordinator as sender and receiver

SignedArgs = list[str]
KeyLookup = Callable[[str, str], VerifyKey | None]


class Refused(ValueError):  # noqa: N818 - what happened to the message, in the words of the contract
    """A message is not acted on; `code` names why, for reports and logs."""

    code = "refused"


class Malformed(Refused):
    """The message is not three texts around a payload."""

    code = "malformed"


class UnknownSender(Refused):
    """No key is known for this sender under this key id."""

    code = "unknown_sender"


class BadSignature(Refused):
    """The signature does not belong to this payload and key."""

    code = "bad_signature"


class WrongReceiver(Refused):
    """The message is meant for somebody else."""

    code = "wrong_receiver"


class WrongKind(Refused):
    """The payload's kind is not the one that its Celery task name says."""

    code = "wrong_kind"


class Expired(Refused):
    """The message arrived after its `exp` and the grace."""

    code = "expired"


class Payload(Body):
    """What is signed: who says what to whom, about which attempt, until when. Times are epoch seconds."""

    v: int = VERSION
    from_: Annotated[str, Field(alias="from")]
    to: str
    kind: str
    deployment: str | None = None
    task: str | None = None
    attempt: str | None = None
    epoch: int = 0
    seq: int = 0
    iat: float
    exp: float
    body: dict[str, Any] = Field(default_factory=dict)


def sign(payload: Payload, keys: HostKeys) -> SignedArgs:
    """Return `[payload_json, signature_b64, key_id]`; raises Malformed when the payload is over 1 MiB."""
    text = payload.model_dump_json(by_alias=True)
    size = len(text.encode())
    if size > MAX_BYTES:
        raise Malformed(f"a message of kind {payload.kind!r} has {size} bytes; expected at most {MAX_BYTES}")
    signature = keys.signing.sign(text.encode()).signature
    return [text, base64.b64encode(signature).decode("ascii"), keys.key_id]


def read_unverified(args: Sequence[object]) -> Payload:
    """Return the payload WITHOUT checking who signed it, to find the key in a `join`. Raises Malformed."""
    text, _, _ = _texts(args)
    return _parsed(text)


def verify(
    args: Sequence[object],
    *,
    keys: KeyLookup,
    to: str,
    kind: str | None,
    now: datetime,
    offset: float = 0.0,
    grace: float = GRACE,
) -> Payload:
    """Return the payload of a message that is genuine, for me, of this kind and not expired; raises Refused.

    `keys(sender, key_id)` returns the sender's public key or None. `kind` is what the Celery task name says;
    None (only on the control list, which has no such name) leaves it to the caller. `offset` is how many
    seconds the receiver's clock is ahead of the sender's; `grace` is in seconds.
    """
    text, signature, key_id = _texts(args)
    payload = _parsed(text)
    _check_signature(text, signature, payload.from_, key_id, keys)
    if payload.to != to:
        raise WrongReceiver(f"a message for {payload.to!r} reached {to!r}")
    if kind is not None and payload.kind != kind:
        raise WrongKind(f"a message of kind {payload.kind!r} came under the name of {kind!r}")
    late = now.timestamp() - offset - payload.exp
    if late > grace:
        raise Expired(
            f"a message of kind {payload.kind!r} is {late:.0f} s past its end; its sender must decide anew"
        )
    return payload


def _texts(args: Sequence[object]) -> tuple[str, str, str]:
    match args:
        case [str(text), str(signature), str(key_id)]:
            pass
        case _:
            raise Malformed("a message is expected as three texts: payload, signature, key id")
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise Malformed(f"a message has more than {MAX_BYTES} bytes")
    return text, signature, key_id


def _parsed(text: str) -> Payload:
    try:
        return Payload.model_validate_json(text)
    except ValidationError as error:
        fields = sorted({str(found["loc"][0]) if found["loc"] else "payload" for found in error.errors()})
        raise Malformed(
            f"a message does not fit at {fields}; is its sender of another major version?"
        ) from None
    except ValueError:  # lone surrogates and the like: text that cannot be encoded
        raise Malformed("a payload is not valid text") from None


def _check_signature(text: str, signature: str, sender: str, key_id: str, keys: KeyLookup) -> None:
    key = keys(sender, key_id)
    if key is None:
        raise UnknownSender(f"no key {key_id[:16]!r} is known for {sender!r}; has it joined?")
    try:
        key.verify(text.encode(), base64.b64decode(signature, validate=True))
    except (BadSignatureError, binascii.Error, ValueError):
        raise BadSignature(
            f"the signature of a message from {sender!r} does not fit its key {key_id[:16]!r}"
        ) from None

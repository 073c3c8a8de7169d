"""The signed envelope."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import envelope
from tasks.envelope import Payload, sign, verify
from tasks.keys import HostKeys

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = HostKeys.generate()
OTHERS = HostKeys.generate()
PAYLOAD = Payload(
    from_="coordinator",
    to="web-1",
    kind="deploy_image",
    attempt="shop-1-abcd.web@web-1.1",
    epoch=3,
    iat=NOW.timestamp(),
    exp=NOW.timestamp() + 300,
    body={"step": "s3cr3t-body"},
)
SIGNED = sign(PAYLOAD, KEYS)


def known(sender, key_id):
    return KEYS.signing.verify_key if (sender, key_id) == ("coordinator", KEYS.key_id) else None


def check(args, **changed):
    return verify(args, **({"keys": known, "to": "web-1", "kind": "deploy_image", "now": NOW} | changed))


def test_a_genuine_message_comes_back_whole():
    """What was signed is what is read."""
    assert check(SIGNED) == PAYLOAD


def test_fields_of_a_newer_sender_are_tolerated():
    """A payload with a field that this version does not know is read without it."""
    text = SIGNED[0][:-1] + ',"hue":"green"}'
    newer = [text, *_signature(text)]
    assert check(newer) == PAYLOAD


def _signature(text, keys=KEYS):
    return [envelope.base64.b64encode(keys.signing.sign(text.encode()).signature).decode(), keys.key_id]


REFUSED = {
    "two texts": (SIGNED[:2], {}, envelope.Malformed),
    "a number": ([SIGNED[0], 1, SIGNED[2]], {}, envelope.Malformed),
    "no mapping": ("abc", {}, envelope.Malformed),
    "no payload": (["{}", *_signature("{}")], {}, envelope.Malformed),
    "deep nesting": (["[" * 100_000, *SIGNED[1:]], {}, envelope.Malformed),
    "lone surrogates": (["\ud800", *SIGNED[1:]], {}, envelope.Malformed),
    "over a megabyte": ([" " * (1024 * 1024 + 1), *SIGNED[1:]], {}, envelope.Malformed),
    "an unknown key": (sign(PAYLOAD, OTHERS), {}, envelope.UnknownSender),
    "a changed payload": (
        [SIGNED[0].replace("web-1", "web-2"), *SIGNED[1:]],
        {"to": "web-2"},
        envelope.BadSignature,
    ),
    "another's signature": (
        [SIGNED[0], _signature(SIGNED[0], OTHERS)[0], SIGNED[2]],
        {},
        envelope.BadSignature,
    ),
    "no base64": ([SIGNED[0], "é", SIGNED[2]], {}, envelope.BadSignature),
    "another receiver": (SIGNED, {"to": "web-2"}, envelope.WrongReceiver),
    "another kind": (SIGNED, {"kind": "run_container"}, envelope.WrongKind),
    "too late": (SIGNED, {"now": NOW + timedelta(seconds=361)}, envelope.Expired),
    "too late by our fast clock": (
        SIGNED,
        {"now": NOW + timedelta(seconds=461), "offset": 100},
        envelope.Expired,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    """Each message that is not genuine, for me, of this kind and in time is refused by its own error, body unseen."""
    args, changed, expected = REFUSED[case]
    with pytest.raises(envelope.Refused) as caught:
        check(args, **changed)
    assert (type(caught.value), "s3cr3t" in str(caught.value)) == (expected, False)


@pytest.mark.parametrize(("late", "offset"), [(360, 0), (460, 100), (200, -100)])
def test_grace_and_the_offset_of_clocks(late, offset):
    """A message is in time within 60 s after its end, by the sender's clock."""
    assert check(SIGNED, now=NOW + timedelta(seconds=late), offset=offset) == PAYLOAD


def test_a_payload_over_a_megabyte_is_not_signed():
    """Too large a message is refused where it is made, with its size."""
    with pytest.raises(envelope.Malformed, match="expected at most 1048576"):
        sign(PAYLOAD.model_copy(update={"body": {"a": "x" * 1024 * 1024}}), KEYS)


def test_the_control_list_has_no_kind_to_compare():
    """With `kind=None` every kind is read: the caller decides by it."""
    assert check(SIGNED, kind=None).kind == "deploy_image"


@given(st.lists(st.text(max_size=50) | st.integers() | st.none(), max_size=4))
def test_nothing_but_refused_is_ever_raised(args):
    """Whatever arrives is refused by one tree of errors."""
    with pytest.raises(envelope.Refused):
        check(args)

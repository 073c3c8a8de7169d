"""What may come off a queue."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import wire
from tests.integration.transport.messages import BODY, item, malformed

QUEUE, NAME = "host.web-1", "tidegate.deploy_image"


def test_a_good_message_is_built_anew_from_the_fields_that_we_use():
    """Of the headers and properties only the known ones pass, and texts for people become one printable line."""
    headers = {
        "shadow": "deploy\nweb",
        "argsrepr": "x" * 300,
        "origin": "somewhere",
        "retries": 7,
        "parent_id": "1",
    }
    good = item(QUEUE, NAME, "shop-1-abcd.web@web-1.1", headers=headers, properties={"reply_to": "elsewhere"})
    assert wire.read(good.encode(), QUEUE) == {
        "body": json.loads(good)["body"],
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {
            "lang": "py",
            "task": NAME,
            "id": "shop-1-abcd.web@web-1.1",
            "root_id": "shop-1-abcd.web@web-1.1",
            "parent_id": None,
            "group": None,
            "retries": 0,
            "eta": None,
            "expires": None,
            "timelimit": [None, None],
            "ignore_result": True,
            "shadow": "deployweb",
            "argsrepr": "x" * 200,
            "kwargsrepr": "{}",
        },
        "properties": {
            "correlation_id": "shop-1-abcd.web@web-1.1",
            "delivery_tag": "tag-shop-1-abcd.web@web-1.1",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": QUEUE, "redelivered": False},
            "priority": 0,
            "body_encoding": "base64",
        },
    }


@pytest.mark.parametrize("number", range(20))
def test_malformed_messages_are_unfit_and_their_body_is_not_told(number):
    """Each malformed message is unfit, and the sentence about it holds nothing of its body."""
    with pytest.raises(wire.Unfit) as caught:
        wire.read(malformed(QUEUE, NAME)[number], QUEUE)
    assert BODY not in str(caught.value)


def test_too_large_messages_are_not_even_parsed():
    """More than four megabytes are unfit."""
    with pytest.raises(wire.Unfit, match="more than"):
        wire.read(b" " * (wire.MAX_BYTES + 1), QUEUE)


@given(st.binary(max_size=300))
def test_nothing_but_unfit_is_ever_raised(found):
    """Whatever lies in a queue is refused by one error."""
    with pytest.raises(wire.Unfit):
        wire.read(found, QUEUE)

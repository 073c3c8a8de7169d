import copy
import json
import pickle

import pytest
from pydantic import TypeAdapter, ValidationError

from config.secret import Secret
from config.steps.deploy_image import DeployImage
from config.steps.run_container import RunContainer

VALUE = "hunter2-hunter2"


def test_a_secret_prints_as_redacted_everywhere():
    """repr, str, format, JSON and error texts never show the value."""
    secret = Secret(VALUE)
    parameters = DeployImage(image="web", env={"KEY": secret})
    shown = [repr(secret), str(secret), f"{secret:>20}", f"{secret!r}", "%s" % secret]  # noqa: UP031  # old logs do
    assert shown == ["[REDACTED]"] * 5
    assert json.loads(parameters.model_dump_json())["env"] == {"KEY": "[REDACTED]"}
    assert VALUE not in repr(parameters) + str(parameters)


def test_only_reveal_gives_the_value():
    """The value comes out by name, and survives copying."""
    assert [
        each.reveal() for each in (Secret(VALUE), copy.copy(Secret(VALUE)), copy.deepcopy(Secret(VALUE)))
    ] == [VALUE] * 3


def test_secrets_compare_by_value_and_only_with_secrets():
    """Two secrets with the same value are equal; a secret equals no text."""
    assert (Secret(VALUE) == Secret(VALUE), Secret(VALUE) == Secret("x"), Secret(VALUE) == VALUE) == (
        True,
        False,
        False,
    )
    assert len({Secret(VALUE), Secret(VALUE), Secret("ü\ud800")}) == 2


def test_a_secret_is_not_pickled():
    """Pickling, which would write the value, is refused."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(VALUE))


def test_a_model_takes_text_for_a_secret():
    """Where a secret is declared, text becomes one and numbers are refused without being shown."""
    adapter = TypeAdapter(Secret)
    assert adapter.validate_python(VALUE) == Secret(VALUE)
    with pytest.raises(ValidationError, match="expected text"):
        adapter.validate_python(5)


def test_a_secret_is_refused_where_others_read_it():
    """A command line can be read on the host, so no secret stands in it, and the error does not show it."""
    with pytest.raises(ValidationError, match="a secret may not stand here") as refusal:
        RunContainer(image="web", command=("run", Secret(VALUE)))
    assert VALUE not in str(refusal.value)

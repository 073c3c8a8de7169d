import pytest
from pydantic import field_validator

from config.problems import DeclarationError
from config.process import load_process
from config.secret import Secret
from config.steps.deploy_image import DeployImage
from config.steps.parameters import StepParameters
from config.steps.reading import read_parameters
from config.templates import render, reveal


def test_rendered_parameters_become_their_kind():
    """What was text for its templates becomes numbers, lengths and secrets when it is rendered."""
    values = {"SIZE": "256m", "WAIT": "30"}
    given = {"image": "web", "memory": "{{ SIZE }}", "stop_timeout": "{{ WAIT }}", "env": {"A": "{{ SIZE }}"}}
    rendered = reveal(render(given, lambda name: values[name]), {})
    assert read_parameters(DeployImage, rendered, "step web on web-1") == DeployImage(
        image="web", memory="256m", stop_timeout=30, env={"A": "256m"}
    )


def test_rendered_parameters_are_refused_with_their_owner():
    """A value that is wrong only after rendering says whose it is."""
    with pytest.raises(DeclarationError) as refusal:
        read_parameters(
            DeployImage, {"image": "web", "memory": "lots", "user": Secret("x")}, "step web on web-1"
        )
    assert str(refusal.value).splitlines() == [
        "step web on web-1 user: found a secret; expected a user such as app, 1000 or 1000:1000",
        'step web on web-1 memory: found text "lots"; expected an amount of memory such as 256m or 2g',
    ]


class Greet(StepParameters):
    """Somebody else's kind, with a validator of its own."""

    greeting: str

    @field_validator("greeting")
    @classmethod
    def _polite(cls, value):
        if "please" not in value:
            raise ValueError("say please")
        return value


def test_a_third_party_kind_is_told_in_the_same_form():
    """A kind from elsewhere, with plain pydantic types and validators, gets places and its own words."""
    step = "  - {{id: {}, uses: greet, hosts: {{role: w}}, with: {{greeting: {}}}}}\n"
    text = "project: p\nenvironments: [uat]\nprocess:\n" + step.format("a", "hi") + step.format("b", 5)
    with pytest.raises(DeclarationError) as refusal:
        load_process(text, {"greet": Greet}, "p.yaml")
    assert str(refusal.value).splitlines() == [
        "p.yaml:4:61 process[0].with.greeting: say please",
        "p.yaml:5:61 process[1].with.greeting: found 5; expected a valid string",
    ]

from datetime import timedelta

import pytest
from pydantic import ValidationError

from config.images import ImageName
from config.problems import DeclarationError
from config.process import HostSelector, Process, Step, load_process
from config.rollout import Gate, Rollout, Share
from config.steps.deploy_image import DeployImage
from config.variables import ScopedValue
from tests.unit.config.kinds import KINDS, SHOP

WITHOUT_TRAFFIC = "\n".join(line for line in SHOP.splitlines() if "traffic" not in line)


def test_the_shop_loads_as_the_values_it_declares():
    """The product's own process file becomes these values, defaults filled in."""
    assert load_process(WITHOUT_TRAFFIC, KINDS) == Process(
        project="shop",
        environments=("uat", "production"),
        images={
            "web": ImageName("registry.example.com", "shop/web"),
            "mailer": ImageName("registry.example.com", "shop/mailer"),
        },
        variables={
            "LOG_LEVEL": (ScopedValue(value="info"),),
            "DATABASE_URL": (
                ScopedValue(value="postgres://shop@uat-db/shop", environment="uat"),
                ScopedValue(secret=True, environment="production"),
            ),
        },
        steps=(
            Step(
                id="backup",
                uses="backup_database",
                hosts=HostSelector(role="db"),
                parameters={"engine": "postgres", "container": "shop-db", "database": "shop", "keep": 7},
            ),
            Step(
                id="web",
                uses="deploy_image",
                hosts=HostSelector(role="web"),
                rollout=Rollout(
                    canary=1,
                    gate=Gate(
                        instructions="Open the canary and place one order",
                        approvers=("release-managers",),
                        timeout=timedelta(hours=72),
                    ),
                    batch=Share(25, percent=True),
                ),
                parameters={
                    "image": "web",
                    "env": {"LOG_LEVEL": "{{ LOG_LEVEL }}", "DATABASE_URL": "{{ DATABASE_URL }}"},
                    "health": {"path": "/up"},
                },
            ),
            Step(
                id="mailer",
                uses="deploy_image",
                hosts=HostSelector(role="mailer"),
                parameters={"image": "mailer"},
            ),
        ),
    )


def test_traffic_is_refused_with_what_works_until_then():
    """The shop with `traffic` is refused by one sentence that says when it comes and what to use now."""
    with pytest.raises(DeclarationError) as refusal:
        load_process(SHOP, KINDS, "shop.yaml")
    assert str(refusal.value) == (
        "shop.yaml:26:7 process[1].with.traffic: traffic comes with the side-by-side switch of a later version; "
        'until then use publish, such as publish: ["80:8080"], which stops the old instance before the new one starts'
    )


def test_a_process_survives_json():
    """A process written as JSON, as a release's snapshot is, reads back as the same value with the same hash."""
    process = load_process(WITHOUT_TRAFFIC, KINDS)
    again = Process.model_validate_json(process.model_dump_json())
    assert (again, hash(again)) == (process, hash(process))


def test_json_uses_the_keys_and_the_writing_of_the_file():
    """In JSON a step has `with`, durations and shares as people write them."""
    step = load_process(WITHOUT_TRAFFIC, KINDS).steps[2]
    assert step.model_dump(mode="json") == {
        "id": "mailer",
        "uses": "deploy_image",
        "hosts": {"role": "mailer", "roles": [], "labels": {}, "names": []},
        "needs": None,
        "rollout": {
            "canary": 0,
            "bake": "0s",
            "gate": None,
            "batch": "25%",
            "max_failures": 0,
            "on_failure": "pause",
        },
        "with": {"image": "mailer"},
        "retries": 0,
        "retry_delay": "5s",
        "timeout": "1h",
        "start_within": "5m",
    }


def test_a_step_needs_the_one_above_unless_it_says():
    """Without `needs` a step waits for the one above it, with `needs: []` for nothing."""
    process = Process(
        project="shop",
        environments=("uat",),
        steps=(
            Step(id="a", uses="x"),
            Step(id="b", uses="x"),
            Step(id="c", uses="x", needs=()),
            Step(id="d", uses="x", needs=("a", "b")),
        ),
    )
    assert [process.needs_of(step) for step in process.steps] == [(), ("a",), (), ("a", "b")]


def test_a_declaration_cannot_be_changed():
    """Neither a field, nor a mapping, nor what lies inside parameters can be changed after reading."""
    process = load_process(WITHOUT_TRAFFIC, KINDS)
    with pytest.raises(ValidationError):
        process.project = "other"
    for mapping in (process.images, process.variables, process.steps[1].parameters["env"]):
        with pytest.raises(TypeError, match="cannot be changed"):
            mapping["x"] = "y"


def test_numbers_and_truths_are_text_where_text_is_wanted():
    """Env takes numbers and true/false, with the characters that the author wrote."""
    text = WITHOUT_TRAFFIC.replace(
        'env: {LOG_LEVEL: "{{ LOG_LEVEL }}", DATABASE_URL: "{{ DATABASE_URL }}"}',
        "env: {PORT: 8080, DEBUG: true, SHOUT: True, VERSION: 1.10, ZIP: 00501, HEX: 0x1F, "
        "ON: yes, AT: 22:22, DAY: 2026-11-23, HUGE: 123456789012345678901234567890, PI: 3.14}",
    )
    step = load_process(text, KINDS).steps[1]
    assert DeployImage.model_validate(step.parameters).env == {
        "PORT": "8080",
        "DEBUG": "true",
        "SHOUT": "True",
        "VERSION": "1.10",
        "ZIP": "00501",
        "HEX": "0x1F",
        "ON": "yes",
        "AT": "22:22",
        "DAY": "2026-11-23",
        "HUGE": "123456789012345678901234567890",
        "PI": "3.14",
    }


def test_ports_need_no_quotes():
    """YAML 1.2 has no base-60 numbers: unquoted 80:8080 and 22:22 are ports."""
    text = WITHOUT_TRAFFIC.replace("image: mailer}", "image: mailer, publish: [80:8080, 22:22]}")
    assert load_process(text, KINDS).steps[2].parameters["publish"] == ("80:8080", "22:22")


def test_aliases_repeat_values():
    """An anchor's value may be repeated by its alias."""
    text = WITHOUT_TRAFFIC.replace("hosts: {role: db}", "hosts: &db {role: db}").replace(
        "hosts: {role: mailer}", "hosts: *db"
    )
    steps = load_process(text, KINDS).steps
    assert steps[2].hosts == steps[0].hosts

"""config/examples is the manual: every file loads, fits the schema, and together they show every key."""

import json
import re
from pathlib import Path

import pytest

import config
from config.document import parse
from config.health import Health
from config.inventory import Host, Inventory, load_inventory
from config.process import DeploymentDefaults, HostSelector, Process, Retain, Step, load_process
from config.rollout import Gate, Rollout
from config.schema import process_schema
from config.variables import ScopedValue
from tests.unit.config.json_schema import fits
from tests.unit.config.kinds import KINDS, SHOP

EXAMPLES = Path(config.__file__).parent / "examples"
PROCESSES = [
    pytest.param(file, id=file.stem) for file in sorted(EXAMPLES.glob("*.yaml")) if file.stem != "inventory"
]
SCHEMA = process_schema(KINDS)
MALFORMED = Path(__file__).parent / "malformed" / "process"


def keys_of(model):
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize("file", PROCESSES)
def test_an_example_loads(file):
    """Every example is a process that loads."""
    assert load_process(file.read_text(encoding="utf-8"), KINDS, file.name).steps


@pytest.mark.parametrize("file", PROCESSES)
def test_an_example_fits_the_schema(file):
    """What an editor checks accepts every example."""
    assert fits(parse(file.read_text(encoding="utf-8"), file.name).data, SCHEMA, SCHEMA)


def test_the_inventory_example_loads():
    """The inventory of the manual loads."""
    hosts = load_inventory((EXAMPLES / "inventory.yaml").read_text(encoding="utf-8")).hosts
    assert [host.name for host in hosts] == ["web-1", "web-2", "db-1"]


def test_the_manual_shows_every_key():
    """No key of a process, a step or an inventory is missing from the examples."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in EXAMPLES.glob("*.yaml"))
    models = [Process, Step, Rollout, Gate, HostSelector, DeploymentDefaults, Retain, ScopedValue, Health]
    keys = set().union(*(keys_of(model) for model in (*models, Inventory, Host)))
    assert {key for key in keys if not re.search(rf"\b{key}:", text)} == set()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_has_an_example_with_all_its_parameters(kind):
    """The file named after a kind shows each of its keys."""
    text = (EXAMPLES / f"{kind}.yaml").read_text(encoding="utf-8")
    assert {key for key in keys_of(KINDS[kind]) if not re.search(rf"\b{key}:", text)} == set()


def test_the_schema_is_json():
    """The schema can be printed and says which draft it is."""
    assert json.loads(json.dumps(SCHEMA))["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_schema_shows_defaults_as_people_write_them():
    """An editor shows 72h and 25%, not Python's values."""
    assert (
        SCHEMA["$defs"]["Gate"]["properties"]["timeout"]["default"],
        SCHEMA["$defs"]["Rollout"]["properties"]["batch"]["default"],
        SCHEMA["$defs"]["deploy_image"]["properties"]["readiness_delay"]["default"],
    ) == ("72h", "25%", "7s")


@pytest.mark.parametrize(
    "name",
    [
        "rollout-misspelt",
        "rollout-wrong-types",
        "rollout-wrong-values",
        "gate-wrong",
        "traffic",
        "health-wrong",
        "health-without-path",
        "backup-wrong",
        "check-wrong",
        "approve-on-hosts",
        "unknown-kinds",
        "missing-keys",
        "publish-wrong",
        "volumes-wrong",
        "step-numbers-wrong",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(name):
    """An editor marks wrong types, unknown keys and unknown kinds before the file is sent."""
    text = (MALFORMED / f"{name}.yaml").read_text(encoding="utf-8")
    assert not fits(parse(text, name).data, SCHEMA, SCHEMA)


def test_the_schema_takes_templates_for_numbers():
    """A template may stand where a number is wanted, under `with` only."""
    document = {
        "project": "p",
        "environments": ["uat"],
        "process": [
            {
                "id": "b",
                "uses": "backup_database",
                "hosts": {"role": "db"},
                "with": {
                    "engine": "postgres",
                    "container": "shop-db",
                    "database": "shop",
                    "keep": "{{ KEEP }}",
                },
            }
        ],
    }
    assert fits(document, SCHEMA, SCHEMA)
    document["process"][0]["retries"] = "{{ RETRIES }}"
    assert not fits(document, SCHEMA, SCHEMA)


def test_the_product_file_fits_the_schema_but_for_traffic():
    """The product's own process file is refused by the schema for `traffic`, and for nothing else."""
    data = parse(SHOP, "shop.yaml").data
    assert not fits(data, SCHEMA, SCHEMA)
    del data["process"][1]["with"]["traffic"]
    assert fits(data, SCHEMA, SCHEMA)

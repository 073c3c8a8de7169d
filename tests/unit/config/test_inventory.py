import pytest

from config.inventory import Host, Inventory, load_inventory
from config.selectors import HostSelector

WEB_1 = Host(
    name="web-1", environments=("uat",), roles=("web", "batch"), labels={"rack": "r1", "disk": "ssd"}
)


def test_an_inventory_loads_as_the_values_it_declares():
    """Roles, labels and variables default to none, the address to the name; numbers become text."""
    text = """
hosts:
  - {name: web-1, address: 10.0.0.11, environments: [uat], roles: [web], labels: {rack: 1}, variables: {WORKERS: 2}}
  - {name: db-1, environments: []}
"""
    assert load_inventory(text) == Inventory(
        hosts=(
            Host(
                name="web-1",
                address="10.0.0.11",
                environments=("uat",),
                roles=("web",),
                labels={"rack": "1"},
                variables={"WORKERS": "2"},
            ),
            Host(name="db-1", address="db-1", environments=()),
        )
    )


def test_an_inventory_survives_json():
    """An inventory written as JSON reads back as the same value."""
    inventory = Inventory(hosts=(WEB_1,))
    assert Inventory.model_validate_json(inventory.model_dump_json()) == inventory


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ({"role": "web"}, True),
        ({"role": "db"}, False),
        ({"roles": ["db", "batch"]}, True),
        ({"roles": ["db"]}, False),
        ({"labels": {"rack": "r1"}}, True),
        ({"labels": {"rack": "r1", "disk": "hdd"}}, False),
        ({"names": ["web-1", "web-2"]}, True),
        ({"names": ["web-2"]}, False),
        ({"role": "web", "labels": {"disk": "ssd"}, "names": ["web-1"]}, True),
        ({"role": "web", "names": ["web-2"]}, False),
    ],
)
def test_a_host_must_fit_every_given_key(selector, fits):
    """Any of the roles, all of the labels, one of the names; and every key that is given."""
    assert HostSelector(**selector).matches(WEB_1) is fits


def test_ten_thousand_hosts_fit_into_the_limit():
    """An inventory of 10,000 hosts with labels is shorter than what is read."""
    one = "  - {name: web-0000, address: 10.0.0.111, environments: [production], roles: [web], labels: {rack: r1}}\n"
    assert len(one) * 10_000 < 4 * 1024 * 1024

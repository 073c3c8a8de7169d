import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.inventory import Host
from config.variables import ScopedValue, TiedVariableError, UnsetVariableError, resolve

HOST = Host(name="web-1", environments=("uat", "production"), roles=("web", "api"))
OWN = Host(name="web-1", environments=("uat",), roles=("web",), variables={"A": "own"})


def value(text, **scope):
    return ScopedValue(value=text, **scope)


EVERYWHERE = value("everywhere")
UAT = value("uat", environment="uat")
WEB = value("web", role="web")
API = value("api", role="api")
WEB_UAT = value("web in uat", role="web", environment="uat")
WEB_1 = value("web-1", host="web-1")
WEB_1_UAT = value("web-1 in uat", host="web-1", environment="uat")
ALL = [EVERYWHERE, UAT, WEB, WEB_UAT, WEB_1, WEB_1_UAT]


@pytest.mark.parametrize("count", range(1, len(ALL) + 1))
def test_the_most_specific_value_wins(count):
    """From everywhere over environment and role to the host, each later one beats the ones before it."""
    assert resolve("A", ALL[:count], "uat", HOST) == ALL[count - 1]


@given(st.permutations(ALL))
def test_the_order_of_declaration_means_nothing(values):
    """Whatever the order, the same value wins."""
    assert resolve("A", values, "uat", HOST) == WEB_1_UAT
    assert resolve("A", values, "production", HOST) == WEB_1
    assert resolve("A", values, "uat", None) == UAT


def test_a_tie_says_who_ties():
    """Two roles of one host with different values are an error that names both."""
    with pytest.raises(TiedVariableError) as tie:
        resolve("A", [EVERYWHERE, WEB, API], "uat", HOST)
    assert str(tie.value) == (
        "A in uat on web-1 has more than one value, equally specific, from the process (role web) and the process "
        "(role api): keep one, or scope one closer"
    )


def test_nothing_that_fits_is_an_error():
    """No value for this environment is an error that says where one can be added."""
    with pytest.raises(UnsetVariableError) as unset:
        resolve("A", [UAT], "production", HOST)
    assert str(unset.value) == (
        "A in production on web-1 has no value: add one to `variables` for this scope, or to the host's inventory"
    )


def test_the_inventory_counts_as_scoped_to_the_host():
    """The host's own value beats roles, loses to host and environment, and ties with the process's for the host."""
    assert resolve("A", [], "uat", OWN) == value("own", host="web-1")
    assert resolve("A", [EVERYWHERE, WEB_UAT], "uat", OWN) == value("own", host="web-1")
    assert resolve("A", [WEB_1_UAT], "uat", OWN) == WEB_1_UAT
    with pytest.raises(
        TiedVariableError, match=r"from the process \(host web-1\) and the inventory \(host web-1\)"
    ):
        resolve("A", [WEB_1], "uat", OWN)


def test_a_step_of_no_host_sees_no_role_and_no_host():
    """The coordinator's own steps resolve by environment only."""
    assert resolve("A", ALL, "production", None) == EVERYWHERE


def test_a_secret_has_no_text_here():
    """A secret's value is not in the declaration."""
    with pytest.raises(ValueError, match="not in the declaration"):
        _ = ScopedValue(secret=True).text


def test_scalars_as_text():
    """Numbers and truths are written as in YAML."""
    assert [value(each).text for each in ("x", "", 5, 1.5, True)] == ["x", "", "5", "1.5", "true"]


SCOPES = st.builds(
    lambda environment, role, host: value("x", environment=environment, role=role, host=host),
    st.sampled_from([None, "uat", "production"]),
    st.sampled_from([None, "web", "db"]),
    st.sampled_from([None, "web-1", "web-2"]),
)


@given(st.lists(SCOPES, max_size=8, unique=True))
def test_what_wins_fits_and_nothing_that_fits_is_more_specific(values):
    """The winner applies, and no other applying value has the same or a higher rank."""
    fitting = [each for each in values if each.applies("uat", OWN)]
    try:
        winner = resolve("B", values, "uat", OWN)
    except UnsetVariableError:
        assert not fitting
    except TiedVariableError:
        ranks = sorted(each.rank for each in fitting)
        assert ranks[-1] == ranks[-2]
    else:
        assert winner in fitting
        assert all(each.rank < winner.rank for each in fitting if each != winner)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.secret import Secret
from config.templates import (
    SecretVersion,
    TemplateError,
    has_template,
    names_in,
    placeholders,
    render,
    reveal,
    secret_versions,
)

TOKEN = SecretVersion("TOKEN", "sv-1")
VALUES = {"HOST": "db", "PORT": "5432", "TOKEN": TOKEN, "tidegate.host": "web-1"}
LITERALS = st.text().filter(lambda text: "{" not in text)


def look_up(name):
    return VALUES[name]


def test_names_are_found_anywhere():
    """Names are found in every text of a tree, with or without blanks, keys left out."""
    tree = {"{{ KEY }}": ["{{A}}", {"x": "{{ B }}-{{  tidegate.host }}"}], "y": 5, "z": None}
    assert names_in(tree) == {"A", "B", "tidegate.host"}


def test_values_replace_templates():
    """Plain values leave plain text."""
    assert render({"url": "tcp://{{ HOST }}:{{PORT}}", "n": [1, True, None]}, look_up) == {
        "url": "tcp://db:5432",
        "n": [1, True, None],
    }


def test_a_text_touched_by_a_secret_pins_its_version():
    """The rendered tree holds the version's id between plain parts, and no value."""
    rendered = render({"a": "x {{ HOST }}:{{ TOKEN }}@{{ PORT }}!", "b": "{{ TOKEN }}"}, look_up)
    assert rendered == {
        "a": {"$secret": ["x db:", {"name": "TOKEN", "version": "sv-1"}, "@5432!"]},
        "b": {"$secret": [{"name": "TOKEN", "version": "sv-1"}]},
    }
    assert secret_versions(rendered) == {TOKEN}


def test_revealing_gives_secrets():
    """Revealed, a touched text is a Secret as a whole, and untouched texts stay text."""
    rendered = render(["x{{ TOKEN }}y", "{{ HOST }}"], look_up)
    assert reveal(rendered, {"sv-1": "s3"}) == [Secret("xs3y"), "db"]
    assert placeholders(rendered) == [Secret(""), "db"]


def test_braces_themselves_can_be_written():
    """`{{ '{{' }}` is two opening braces; closing braces need nothing."""
    assert (
        render("""{{ '{{' }} .Names }} {"a": {"b": 1}} {{ '}}' }}""", look_up)
        == '{{ .Names }} {"a": {"b": 1}} }}'
    )


@pytest.mark.parametrize(
    "text", ["{{ }}", "{{ A B }}", "{{ A", "{{ A|upper }}", "{{ 1A }}", "{{ A. }}", "{{ É }}"]
)
def test_what_is_no_template_is_refused(text):
    """Braces that hold no name are an error, never text that goes out as it is."""
    with pytest.raises(TemplateError, match=r"is no template: write \{\{ NAME \}\}"):
        render(text, lambda _name: "")


def test_reserved_keys_are_refused():
    """Nobody can name a stored secret by writing Tidegate's own keys."""
    with pytest.raises(TemplateError, match=r"the key \$secret is Tidegate's own"):
        render({"env": {"$secret": [{"name": "TOKEN", "version": "sv-9"}]}}, look_up)


@given(LITERALS, LITERALS, LITERALS, st.text())
def test_rendering_is_replacing(before, between, after, value):
    """A text around templates stays as it is, and values are not rendered again."""
    text = f"{before}{{{{ A }}}}{between}{{{{A}}}}{after}"
    assert render(text, lambda _name: value) == f"{before}{value}{between}{value}{after}"
    assert names_in(text) == {"A"}
    assert has_template(text)


@given(LITERALS, LITERALS, st.text())
def test_revealing_is_rendering_with_the_value(before, after, value):
    """Pinning a version and revealing it later gives the same text as rendering the value."""
    text = f"{before}{{{{ TOKEN }}}}{after}"
    assert reveal(render(text, look_up), {"sv-1": value}) == Secret(f"{before}{value}{after}")


@given(
    st.recursive(
        st.none() | st.integers() | LITERALS, lambda each: st.lists(each) | st.dictionaries(LITERALS, each)
    )
)
def test_a_tree_without_templates_renders_to_itself(tree):
    """Rendering changes nothing but templates."""
    if "$secret" not in str(tree) and "$sealed" not in str(tree):
        assert render(tree, look_up) == tree
        assert placeholders(tree) == tree

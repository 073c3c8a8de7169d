from coordinator.conductor.texts import unkeepable


def test_places_of_text_that_cannot_be_kept_are_named():
    """A NUL or half a character is found in values and keys at any depth, and nothing else is."""
    value = {"a": ["fine", "nul \0"], "b": {"\ud800": 1, "c": "\udfff"}, "d": [1, None, True, "ü 🎉"]}
    assert list(unkeepable(value)) == ["a[1]", "a key of b", "b.c"]

import base64

import pytest

from coordinator.cipher import CipherError, open_cipher


def test_the_master_key_is_made_once(tmp_path):
    """The first start makes a key file for its owner alone; the next start reads what the first encrypted."""
    text = open_cipher(None, tmp_path).encrypt("postgres://s3cret ü")
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert open_cipher(None, tmp_path).decrypt(text) == "postgres://s3cret ü"
    assert "s3cret" not in text


def test_equal_texts_are_not_seen_to_be_equal(tmp_path):
    """Each text gets a nonce of its own."""
    cipher = open_cipher(None, tmp_path)
    assert cipher.encrypt("same") != cipher.encrypt("same")


def test_the_key_of_the_settings_wins(tmp_path):
    """With a key in the settings no file is made."""
    key = base64.b64encode(bytes(range(32))).decode()
    text = open_cipher(key, tmp_path).encrypt("x")
    assert open_cipher(key, tmp_path).decrypt(text) == "x"
    assert list(tmp_path.iterdir()) == []


def test_another_key_is_noticed(tmp_path):
    """What was encrypted with another key, or changed, is refused with a sentence."""
    text = open_cipher(base64.b64encode(b"a" * 32).decode(), tmp_path).encrypt("x")
    other = open_cipher(base64.b64encode(b"b" * 32).decode(), tmp_path)
    for broken in (text, text[:-6] + "AAAAAA", "", "v1:", "not base64"):
        with pytest.raises(CipherError, match="was not encrypted with this master key"):
            other.decrypt(broken)


@pytest.mark.parametrize("key", ["short", base64.b64encode(b"a" * 31).decode(), "ü"])
def test_a_key_of_the_wrong_size_is_refused(tmp_path, key):
    """A master key that is not base64 of 32 bytes is refused before anything is encrypted with it."""
    with pytest.raises(CipherError, match="expected base64 of 32 bytes"):
        open_cipher(key, tmp_path)

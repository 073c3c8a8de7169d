"""Keys, sealed secrets and joining."""

import json
import stat

import pytest

from tasks.joining import (
    CoordinatorContact,
    JoinFile,
    JoinFileError,
    JoinRefusedError,
    join_request,
    join_secret,
)
from tasks.keys import HostKeys, InvalidKeyError, key_id_of
from tasks.sealing import CannotOpenError, open_parameters, open_sealed, seal, seal_parameters

HOST = HostKeys.generate()
COORDINATOR = HostKeys.generate()
FILE = JoinFile(
    host="web-1",
    broker_url="redis://:pa55word@broker/0",
    coordinator=CoordinatorContact(url="https://tidegate.example.com", **COORDINATOR.public.model_dump()),
    secret="one-time-s3cr3t",
)


def test_keys_come_back_from_their_file(tmp_path):
    """Saved keys load as the same keys, from a file that only its owner may read, and are never printed."""
    path = tmp_path / "keys.json"
    HOST.save(path)
    loaded = HostKeys.load(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    assert (loaded.public, loaded.to_json(), mode) == (HOST.public, HOST.to_json(), 0o600)
    assert repr(HOST) == f"HostKeys(key_id={key_id_of(HOST.signing.verify_key)!r})"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"sign": "AA=="}', '{"sign": 1, "seal": 2}', '{"sign": "é", "seal": ""}']
)
def test_a_broken_key_file_says_what_to_do(tmp_path, text):
    """A key file that does not read names itself, what was expected and what to do next."""
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(InvalidKeyError, match=r"keys\.json: .*expected JSON.*restore the file"):
        HostKeys.load(path)


def test_sealed_text_opens_for_its_owner_alone():
    """What is sealed for a host opens with its keys and with no others."""
    sealed = seal("hunter22", HOST.public.seal)
    assert (open_sealed(sealed, HOST), "hunter22" in sealed) == ("hunter22", False)
    with pytest.raises(CannotOpenError, match="were they replaced"):
        open_sealed(sealed, COORDINATOR)


PARAMETERS = {
    "image": "web",
    "env": {
        "URL": {"$secret": ["postgres://u:", {"name": "DB_PASSWORD", "version": "sv_1"}, "@db/shop"]},
        "TOKEN": {"$secret": [{"name": "TOKEN", "version": "sv_2"}]},
    },
    "command": ["run", {"$secret": ["--key=", {"name": "TOKEN", "version": "sv_2"}]}],
}


def test_secrets_of_parameters_travel_sealed_and_come_back_in_place():
    """Texts touched by a secret leave the parameters, lie in one sealed box, and return where they stood."""
    shown, sealed = seal_parameters(PARAMETERS, {"sv_1": "hunter22", "sv_2": "t0ken"}, HOST.public.seal)
    assert shown == {
        "image": "web",
        "env": {"URL": {"$sealed": "0"}, "TOKEN": {"$sealed": "1"}},
        "command": ["run", {"$sealed": "2"}],
    }
    assert open_parameters(shown, sealed, HOST, str) == {
        "image": "web",
        "env": {"URL": "postgres://u:hunter22@db/shop", "TOKEN": "t0ken"},
        "command": ["run", "--key=t0ken"],
    }


def test_parameters_without_secrets_carry_no_box():
    """Nothing is sealed when nothing is secret."""
    assert seal_parameters({"image": "web"}, {}, HOST.public.seal) == ({"image": "web"}, "")


def test_a_sealed_text_that_the_order_does_not_carry_is_refused():
    """An order that names more than it carries cannot be opened."""
    with pytest.raises(CannotOpenError, match="does not carry"):
        open_parameters({"a": {"$sealed": "7"}}, seal("{}", HOST.public.seal), HOST, str)


def test_a_join_file_comes_back_and_shows_no_secret(tmp_path):
    """A saved join file loads as the same, from a file that only its owner may read; printing it shows no secret."""
    path = tmp_path / "web-1.join"
    FILE.save(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    shown = repr(FILE)
    assert (JoinFile.load(path), mode, "pa55word" in shown, "s3cr3t" in shown) == (FILE, 0o600, False, False)


@pytest.mark.parametrize("text", ["", "{}", '{"host": "web-1", "secret": ["s3cr3t"]}'])
def test_a_broken_join_file_says_what_to_do_and_no_secret(tmp_path, text):
    """A join file that does not read names itself and the command that writes a new one."""
    path = tmp_path / "web-1.join"
    path.write_text(text)
    with pytest.raises(JoinFileError, match=r"web-1\.join: .*tidegate hosts add") as caught:
        JoinFile.load(path)
    assert "s3cr3t" not in str(caught.value)


def test_a_missing_join_file_says_so(tmp_path):
    """A join file that is not there is named."""
    with pytest.raises(JoinFileError, match="No such file"):
        JoinFile.load(tmp_path / "nothing.join")


def test_joining_proves_the_secret_to_the_coordinator_alone():
    """The coordinator reads the one-time secret out of a join; the message itself does not show it."""
    join = join_request(FILE, HOST, "0.1.0")
    shown = "one-time-s3cr3t" in json.dumps(join.model_dump())
    assert (join_secret(join, COORDINATOR), shown) == ("one-time-s3cr3t", False)


def test_a_join_with_other_keys_put_in_is_refused():
    """Who takes a join message over cannot put own keys in: they are sealed together with the secret."""
    thief = HostKeys.generate().public
    taken_over = join_request(FILE, HOST, "0.1.0").model_copy(update={"sign": thief.sign})
    with pytest.raises(JoinRefusedError, match="does not fit its keys"):
        join_secret(taken_over, COORDINATOR)

"""What the image is built from: uv.lock, and the passwords that container/secrets makes."""

import base64
import shutil
import subprocess
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
OURS = next(package for package in LOCK["package"] if package["name"] == "tidegate")


def test_the_lock_is_of_what_is_declared():
    """Each requirement of pyproject.toml stands in uv.lock as it is declared; else run `.venv/bin/uv lock`."""
    declared = {"": PROJECT["project"]["dependencies"], **PROJECT["dependency-groups"]}
    locked = {"": OURS["metadata"]["requires-dist"], **OURS["metadata"]["requires-dev"]}
    assert {group: {_declared(each) for each in listed} for group, listed in declared.items()} == {
        group: {_locked(each) for each in listed} for group, listed in locked.items()
    }


def test_the_lock_names_the_public_index_alone():
    """No file of another server is in the lock, so that it holds on every machine."""
    others = [package for package in LOCK["package"] if package["name"] != "tidegate"]
    assert {package["source"]["registry"] for package in others} == {"https://pypi.org/simple"}
    files = [
        file for package in others for file in (package.get("sdist"), *package.get("wheels", ())) if file
    ]
    assert {file["url"].split("/")[2] for file in files} == {"files.pythonhosted.org"}


def test_passwords_are_made_once_and_belong_together(tmp_path):
    """The folder is its owner's alone; the addresses hold the passwords; a second call changes nothing."""
    (tmp_path / "container").mkdir()
    script = shutil.copy2(ROOT / "container" / "secrets", tmp_path / "container")
    subprocess.run([script], check=True, capture_output=True)
    made = _files(tmp_path / "secrets")
    postgres, redis, flower = (made[f"{name}_password"] for name in ("postgres", "redis", "flower"))
    assert len(base64.b64decode(made.pop("secret_key"))) == 32
    assert ([len(each) for each in (postgres, redis, flower)], len({postgres, redis, flower})) == (
        [64] * 3,
        3,
    )
    assert made == {
        "postgres_password": postgres,
        "database_url": f"postgresql://tidegate:{postgres}@postgres:5432/tidegate",
        "redis_password": redis,
        "redis.conf": f"requirepass {redis}",
        "broker_url": f"redis://:{redis}@redis:8421/0",
        "flower_password": flower,
    }
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    before = _files(tmp_path / "secrets")
    subprocess.run([script], check=True, capture_output=True)
    assert _files(tmp_path / "secrets") == before


def _files(folder):
    return {file.name: file.read_text().removesuffix("\n") for file in folder.iterdir()}


def _declared(text):
    wanted = Requirement(text)
    return (
        canonicalize_name(wanted.name),
        frozenset(wanted.extras),
        frozenset(str(wanted.specifier).split(",")),
    )


def _locked(entry):
    return entry["name"], frozenset(entry.get("extras", ())), frozenset(entry.get("specifier", "").split(","))

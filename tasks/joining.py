"""How a host comes to belong: the join file that the operator carries to it, and what the host sends back."""

import json
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from tasks.bodies import Body
from tasks.keys import HostKeys, PublicKeys
from tasks.private_files import write_private
from tasks.reports import Join
from tasks.sealing import CannotOpenError, open_sealed, seal


class JoinFileError(ValueError):
    """A join file cannot be read or does not fit; write a new one with `tidegate hosts add`."""


class JoinRefusedError(ValueError):
    """A join's secret was not sealed together with the keys that it shows: somebody else took it over."""


class CoordinatorContact(PublicKeys):
    """Where the coordinator is and by which keys it is known; `url` is its public one."""

    url: str


class JoinFile(Body):
    """What a host needs to join once; holds the broker's password and a one-time secret: mode 0600."""

    v: int = 1
    host: str
    broker_url: str = Field(repr=False)
    coordinator: CoordinatorContact
    secret: str = Field(repr=False)

    def save(self, path: Path) -> None:
        write_private(path, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a join file; raises JoinFileError, whose text shows no secret."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise JoinFileError(f"{path}: cannot be read ({error.strerror}); write it anew") from error
        except ValidationError as error:
            fields = sorted(
                {str(problem["loc"][0]) if problem["loc"] else "file" for problem in error.errors()}
            )
            raise JoinFileError(
                f"{path}: expected a join file, but {', '.join(fields)} does not fit; "
                "write a new one with `tidegate hosts add`",
            ) from None


def join_request(file: JoinFile, keys: HostKeys, version: str) -> Join:
    """Return the body of the `join` report: the host's public keys, and the one-time secret sealed with them.

    The keys lie in the sealed box beside the secret, so that who sees the message cannot put own keys in.
    """
    public = keys.public
    inside = json.dumps({"secret": file.secret, "host": file.host, "sign": public.sign, "seal": public.seal})
    sealed = seal(inside, file.coordinator.seal)
    return Join(host=file.host, sign=public.sign, seal=public.seal, secret_sealed=sealed, version=version)


def join_secret(join: Join, keys: HostKeys) -> str:
    """Return the one-time secret of a join, for the coordinator to compare; raises JoinRefusedError."""
    try:
        inside = json.loads(open_sealed(join.secret_sealed, keys))
        shown = {"host": join.host, "sign": join.sign, "seal": join.seal}
        if {key: inside[key] for key in shown} == shown and isinstance(inside["secret"], str):
            return str(inside["secret"])
    except (CannotOpenError, ValueError, KeyError, TypeError):
        pass
    raise JoinRefusedError(f"the join of {join.host!r} does not fit its keys; write it a new join file")

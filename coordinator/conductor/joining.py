"""A host comes to belong: its `join` report is checked, its keys are kept, it is welcomed."""

import logging
from collections.abc import Sequence
from hmac import compare_digest
from typing import Any

from nacl.signing import VerifyKey
from pydantic import ValidationError
from sqlalchemy import RowMapping

from coordinator.conductor.errors import Forbidden
from coordinator.conductor.hosts import secret_hash
from coordinator.conductor.services import Services
from coordinator.store import hosts
from tasks.envelope import COORDINATOR, Malformed, read_unverified, verify
from tasks.joining import JoinRefusedError, join_secret
from tasks.keys import InvalidKeyError, key_id_of, sealing_key, verify_key
from tasks.reports import Join

_log = logging.getLogger(__name__)


def admit(services: Services, args: Sequence[object]) -> str:
    """Handle a `join` report and return the host that belongs now; repeated with the same keys it is welcome again.

    Raises tasks.envelope.Refused for a report that is not genuine, Forbidden for one that may not join.
    """
    join, key_id = _genuine(services, args)
    try:
        secret = join_secret(join, services.keys)
    except JoinRefusedError as refused:
        raise Forbidden(str(refused)) from refused
    if _keep(services, join, key_id, secret):
        _log.info("host %s joined with key %s", join.host, key_id)
    return join.host


def _genuine(services: Services, args: Sequence[object]) -> tuple[Join, str]:
    """Return the join, signed with the key that it brings, and that key's id. Raises Refused."""
    claimed = read_unverified(args)
    try:
        join = Join.model_validate(claimed.body)
        own_key = verify_key(join.sign)
        sealing_key(join.seal)
    except (ValidationError, InvalidKeyError) as error:
        raise Malformed("a join does not bring a host, two public keys and a sealed secret") from error
    key_id = key_id_of(own_key)

    def only_its_own(sender: str, named: str) -> VerifyKey | None:
        return own_key if (sender, named) == (join.host, key_id) else None

    # The clock of a host that never said hello is unknown: its own "now" is taken, the secret works only once.
    offset = services.now().timestamp() - claimed.iat
    verify(args, keys=only_its_own, to=COORDINATOR, kind="join", now=services.now(), offset=offset)
    return join, key_id


def _keep(services: Services, join: Join, key_id: str, secret: str) -> bool:
    """Save the host's keys; return False where they are saved already. Raises Forbidden."""
    keys = {"key_id": key_id, "sign_key": join.sign, "seal_key": join.seal}
    with services.store.write() as tx:
        row = hosts.row(tx, join.host, lock=True)
        if row is None:
            raise Forbidden(f"host {join.host!r} was never added, or was removed: add it anew")
        if _joined_already(row, keys):
            return False
        _check_secret(row, secret)
        hosts.save_joined(tx, join.host, {**keys, "worker_version": join.version[:40]}, services.now())
        return True


def _joined_already(row: RowMapping, keys: dict[str, Any]) -> bool:
    return all(row[name] == value for name, value in keys.items())


def _check_secret(row: RowMapping, secret: str) -> None:
    expected = row["join_secret_hash"]
    if not expected:
        raise Forbidden(
            f"host {row['name']} joined before, with other keys; a join file works once: "
            "make a new one with `tidegate hosts add --rejoin`"
        )
    if not compare_digest(expected, secret_hash(secret)):
        raise Forbidden(
            f"the join file of host {row['name']} is not the newest one: use that, or make a new one"
        )

"""The coordinator's own key pairs: made at the first start, kept encrypted in the database, shared by all."""

from datetime import datetime

from coordinator.conductor.services import Cipher
from coordinator.store import coordinator_keys
from coordinator.store.database import Store
from tasks.keys import HostKeys


def coordinator_keys_of(store: Store, cipher: Cipher, now: datetime) -> HostKeys:
    """Return the coordinator's keys. Raises CipherError where the master key is not the one they were kept with."""
    with store.write() as tx:
        kept = coordinator_keys.ciphertext(tx)
        if kept is not None:
            return HostKeys.from_json(cipher.decrypt(kept))
        made = HostKeys.generate()
        coordinator_keys.add(tx, made.key_id, cipher.encrypt(made.to_json()), now)
        return made

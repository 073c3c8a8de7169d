"""`python -m coordinator`: the coordinator with the settings of the environment."""

import logging
import os
import sys

from config.problems import DeclarationError
from config.settings import CoordinatorSettings
from coordinator.cipher import CipherError
from coordinator.embedded_broker import BrokerStartError
from coordinator.program import PartEndedError, serve

USAGE = 2


def main() -> int:
    """Return the exit code: 0 after a clean stop, 1 when a part cannot start or run on, 2 for wrong settings."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx", "alembic", "celery", "kombu", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        settings = CoordinatorSettings.read(os.environ)
    except DeclarationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - before there is a log
        return USAGE
    try:
        serve(settings)
    except (BrokerStartError, CipherError, PartEndedError, OSError) as error:
        logging.getLogger("coordinator").error("cannot run: %s", error)  # noqa: TRY400 - a sentence, not a trace
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

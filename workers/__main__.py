"""`python -m workers --state-dir DIR [--join FILE] [--docker-host URL] [--instance-prefix P]`: one worker, one host."""

import argparse
import logging
import os
import sys

from config.problems import DeclarationError
from config.settings import WorkerSettings
from tasks.joining import JoinFileError
from tasks.keys import InvalidKeyError
from workers.agent import run
from workers.errors import CannotStart

USAGE_ERROR = 2


def settings(arguments: list[str]) -> tuple[WorkerSettings, bool]:
    """Return the settings and whether to send events; what is left out comes from TIDEGATE_WORKER_*.

    Raises DeclarationError.
    """
    parser = argparse.ArgumentParser(
        prog="python -m workers", description="Runs Tidegate's worker on this host."
    )
    parser.add_argument("--join", metavar="FILE", help="the join file made by `tidegate hosts add`")
    parser.add_argument("--state-dir", metavar="DIR", help="keys, journal and backups")
    parser.add_argument("--docker-host", metavar="URL", help="such as unix:///var/run/docker.sock")
    parser.add_argument(
        "--instance-prefix",
        metavar="PREFIX",
        help="set before the names of containers, where several workers share one engine",
    )
    parser.add_argument(
        "--events",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="say what begins and ends to Flower, should one listen",
    )
    given = vars(parser.parse_args(arguments))
    events = given.pop("events")
    return WorkerSettings.read(os.environ, **given), events


def main(arguments: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        found, events = settings(arguments)
        return run(found, events=events)
    except DeclarationError as error:
        sys.stderr.writelines(f"tidegate worker: {problem}\n" for problem in error.problems)
    except (CannotStart, JoinFileError, InvalidKeyError) as error:
        sys.stderr.write(f"tidegate worker: {error}\n")
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

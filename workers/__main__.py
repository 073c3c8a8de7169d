"""`python -m workers --state-dir DIR [--join FILE] [--docker-host URL] [--instance-prefix P]`: one worker, one host."""

import argparse
import logging
import os
import sys
from pathlib import Path

from tasks.joining import JoinFileError
from tasks.keys import InvalidKeyError
from workers.agent import Options, run
from workers.errors import CannotStart

USAGE_ERROR = 2


def options(arguments: list[str]) -> Options:
    """Read the command line; what it leaves out comes from TIDEGATE_* in the environment."""
    env = os.environ
    parser = argparse.ArgumentParser(
        prog="python -m workers", description="Runs Tidegate's worker on this host."
    )
    parser.add_argument(
        "--join", type=Path, metavar="FILE", help="the join file made by `tidegate hosts add`"
    )
    parser.add_argument(
        "--state-dir", type=Path, default=Path(env.get("TIDEGATE_STATE_DIR", "/var/lib/tidegate-worker"))
    )
    parser.add_argument(
        "--docker-host", default=env.get("TIDEGATE_DOCKER_HOST", "unix:///var/run/docker.sock")
    )
    parser.add_argument(
        "--instance-prefix",
        default=env.get("TIDEGATE_INSTANCE_PREFIX", ""),
        help="set before the names of containers, where several workers share one engine",
    )
    parser.add_argument("--events", action="store_true", help="send live events, for Flower")
    found = parser.parse_args(arguments)
    return Options(
        state_dir=found.state_dir,
        join_file=found.join,
        docker_host=found.docker_host,
        instance_prefix=found.instance_prefix,
        events=found.events,
    )


def main(arguments: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        return run(options(arguments))
    except (CannotStart, JoinFileError, InvalidKeyError) as error:
        sys.stderr.write(f"tidegate worker: {error}\n")
        return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

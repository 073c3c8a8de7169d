"""`python -m coordinator.flower [--bind ADDRESS:PORT]`: Flower with the settings of the environment.

It holds the broker's password and its own in memory only: no argument and no log line has either.
"""

import argparse
import asyncio
import logging
import os
import secrets
import signal
import sys
from pathlib import Path

from config.problems import DeclarationError
from config.settings import FlowerSettings
from coordinator.embedded_broker import url_of_running
from coordinator.flower.window import Window
from tasks.celery_app import make_app
from tasks.private_files import write_private

USAGE = 2
PASSWORD_FILE = "flower.password"  # noqa: S105 - its name, in the state folder

log = logging.getLogger("coordinator.flower")


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 after a clean stop, 1 when it cannot start, 2 for wrong settings."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("celery", "kombu", "tornado.access"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(
        prog="python -m coordinator.flower", description="Shows the hosts' tasks."
    )
    parser.add_argument("--bind", metavar="ADDRESS:PORT", help="where its pages are; or TIDEGATE_FLOWER_BIND")
    try:
        settings = FlowerSettings.read(os.environ, flower_bind=parser.parse_args(arguments).bind)
    except DeclarationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - before there is a log
        return USAGE
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        log.error("cannot start at %s: %s", settings.flower_bind, error)  # noqa: TRY400 - a sentence, not a trace
        return 1
    return 0


async def serve(settings: FlowerSettings) -> None:
    """Show what happens until SIGTERM or SIGINT. Raises OSError when the address is taken or no broker is known."""
    asked_to_end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    window = Window(make_app("tidegate-flower", _broker_url(settings)), _password(settings))
    address, _, port = settings.flower_bind.rpartition(":")
    window.listen(int(port), address.strip("[]"))
    window.events.start()
    log.info("the tasks are shown at http://%s", settings.flower_bind)
    await asked_to_end.wait()


def _broker_url(settings: FlowerSettings) -> str:
    if settings.broker_url is not None:
        return settings.broker_url.reveal()
    return url_of_running(settings.state_dir, settings.broker_bind)


def _password(settings: FlowerSettings) -> str:
    """Return the password made at the first start, or the one that was given."""
    if settings.flower_password is not None:
        return settings.flower_password.reveal()
    file: Path = settings.state_dir / PASSWORD_FILE
    if not file.exists():
        write_private(file, f"{secrets.token_urlsafe(32)}\n")
    return file.read_text(encoding="utf-8").strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

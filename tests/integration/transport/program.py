"""The program under test: a consumer that writes down what it handles. Run as a process of its own.

A handler obeys the second text of its message: "sleep:SECONDS" or "raise".
"""

import json
import logging
import signal
import sys
import threading
import time
from pathlib import Path

from tasks import consumer as consumer_module
from tasks.celery_app import coordinator_worker_options, host_worker_options, make_app, register
from tasks.running import ConsumerProgram
from tests.integration.transport import taking_out

NAMES = ("tidegate.deploy_image", "tidegate.report.log")


def main() -> None:
    wanted = json.loads(sys.argv[1])
    logging.basicConfig(level=wanted["level"], format="%(asctime)s %(name)s %(levelname)s %(message)s")
    host = wanted["host"]
    shown = {"events": wanted["events"]}
    options = host_worker_options(host, **shown) if host else coordinator_worker_options(**shown)
    app = make_app("program", wanted["url"], options)
    app.conf.broker_transport_options |= {
        "visibility_timeout": wanted["visibility"],
        "unacked_restore_interval": 1,
    }
    consumer_module.WATCH_EVERY, consumer_module.SILENT_AFTER = 1.0, wanted["silent_after"]
    taking_out.take_out(wanted["without"], app)
    with Path(wanted["record"]).open("a", buffering=1) as record:
        run(app, options, lambda line: record.write(f"{line}\n"), in_thread=wanted["in_thread"])


def run(app, options, note, *, in_thread):
    def handle(delivery, args):
        note(f"begin {delivery.id}")
        what, _, value = args[1].partition(":")
        if what == "sleep":
            time.sleep(float(value))
        if what == "raise":
            raise RuntimeError("the handler failed")
        note(f"end {delivery.id}")

    for name in NAMES:
        register(app, name, handle)
    program = ConsumerProgram(
        app, options, on_connected=lambda: note("connected"), on_stopping=lambda: note("stopping")
    )
    signal.signal(signal.SIGTERM, lambda *_: program.stop())
    signal.signal(signal.SIGUSR1, lambda *_: taking_out.mute(program))
    signal.signal(signal.SIGUSR2, lambda *_: taking_out.confuse(program))
    if in_thread:
        thread = threading.Thread(target=program.run)
        thread.start()
        thread.join()
    else:
        program.run()
    note("left")


if __name__ == "__main__":
    main()

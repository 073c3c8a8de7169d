"""`python -m examples.demo.leash PROGRAM...`: runs a program that does not outlive the demo, even one that was killed.

Its stdin is a pipe that only the demo holds: when that closes, the program is ended. (The lab has other means, which
need root on Linux.)
"""

from __future__ import annotations

import subprocess
import sys
import threading

GRACE = 10.0  # seconds


def main(argv: list[str]) -> int:
    """Return the program's exit code."""
    program = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    threading.Thread(target=_hold, args=(program,), daemon=True).start()
    return program.wait()


def _hold(program: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    program.terminate()
    try:
        program.wait(GRACE)
    except subprocess.TimeoutExpired:
        program.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

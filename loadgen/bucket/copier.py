"""Copies a run's folder to S3 while the run goes on: a process that leaves the CPU to others, but for a tenth of one.

Run it as `python -m loadgen.bucket.copier`. Its first line of stdin is JSON: the folder, the place, and what of the
environment finds credentials. It answers with a line of JSON: `{"ready": true}`, or `{"error": LINE}`. Then it copies
what has changed every ten seconds, until the line `finish`, to which it answers `{"files": N}` or `{"error": LINE}`.

If stdin ends without that line, the parent is dead: what there is is copied all the same, within a minute.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from loadgen.bucket.mirror import Mirror
from loadgen.bucket.objects import Bucket
from loadgen.bucket.place import Place
from loadgen.errors import LoadgenError

EVERY = 10.0  # seconds
LAST = 60  # seconds
FINISH = b"finish\n"
YIELDS = 10  # nice: with less of a CPU it would copy nothing in time where workers keep all of them busy


def main() -> None:
    asked = json.loads(sys.stdin.buffer.readline())
    os.environ.update(asked["environment"])
    try:
        mirror = Mirror(Path(asked["folder"]), Bucket(Place(*asked["place"])))
        mirror.begin()
    except LoadgenError as error:
        _say({"error": str(error)})
        return
    _say({"ready": True})
    os.nice(YIELDS)  # not before: the load waits for the answer
    while not select.select([sys.stdin], [], [], EVERY)[0]:
        with suppress(LoadgenError, OSError):  # the next time may be better, and the last one tells
            mirror.copy()
    if sys.stdin.buffer.readline() != FINISH:
        signal.alarm(LAST)
    try:
        _say({"files": mirror.finish()})
    except LoadgenError as error:
        _say({"error": str(error)})
    except OSError as error:
        _say({"error": f"a file cannot be read: {error.strerror}"})


def _say(line: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):  # the parent is gone
        sys.stdout.write(f"{json.dumps(line)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""The sandbox's own process: `python -m loadgen.sandbox [--http-port N] [--https-port N] [--parent PID]`.

One JSON line of settings comes on stdin (`{}` will do), one JSON line goes to stdout when it serves: `{"http", "https",
"ca", "pid"}`, or `{"error"}` and exit status 2. From then on a line `stats` is answered with a JSON line of counts. It
ends when stdin closes or the parent ends; where there is none, on SIGINT, SIGTERM or SIGHUP.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import uvloop

from loadgen.errors import Exit, LoadgenError, PlanError
from loadgen.files import Scratch
from loadgen.interrupts import heeded
from loadgen.net.children import end_with_parent
from loadgen.net.timerfd import LoopClock, lower_timer_slack
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox import certificate
from loadgen.sandbox.core import Core
from loadgen.sandbox.process import FOLDER
from loadgen.sandbox.server import Server
from loadgen.sandbox.tls import server_context
from loadgen.sandbox.truth import Truth


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loadgen.sandbox", description=__doc__)
    for name in ("http-port", "https-port", "parent"):
        parser.add_argument(f"--{name}", type=int, default=0)
    options = parser.parse_args()
    loop = uvloop.new_event_loop()
    with ExitStack() as stack:
        stack.callback(loop.close)
        try:
            settings = _settings()
            if options.parent:
                end_with_parent(loop, options.parent)
            server, ca = _serve(loop, stack, settings, options.http_port, options.https_port)
            _listen_to_stdin(loop, server.stats)
        except LoadgenError as error:
            _say({"error": str(error)})
            return Exit.USAGE
        if not options.parent:
            for number in heeded():
                loop.add_signal_handler(number, loop.stop)
        _say({"http": server.http, "https": server.https, "ca": str(ca), "pid": os.getpid()})
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        loop.run_forever()
    return Exit.PASSED


def _serve(
    loop: asyncio.AbstractEventLoop, stack: ExitStack, settings: SandboxSettings, http_port: int, https_port: int
) -> tuple[Server, Path]:
    """A server, and its certificate authority; `stack` ends them."""
    lower_timer_slack()
    _raise_descriptor_limit()
    ca, chain, key = certificate.make(stack.enter_context(Scratch(FOLDER)).file)
    context = server_context(chain, key)
    with suppress(OSError):  # in memory it stays
        key.unlink()
    truth = Truth(settings.log) if settings.log else None
    if truth:
        stack.callback(truth.close)
    clock = LoopClock(loop)
    stack.callback(clock.close)
    server = Server(loop, Core(settings, clock, truth), context, http_port, https_port)
    stack.callback(server.close)
    return server, ca


def _settings() -> SandboxSettings:
    with open(0, "rb", buffering=0, closefd=False) as stdin:  # unbuffered: what follows the line is the loop's
        line = stdin.readline()
    return SandboxSettings.from_json(line)


def _listen_to_stdin(loop: asyncio.AbstractEventLoop, stats: Callable[[], dict[str, object]]) -> None:
    rest = b""

    def read() -> None:
        nonlocal rest
        data = os.read(0, 4096)
        if not data:
            loop.remove_reader(0)
            loop.stop()
            return
        *lines, rest = (rest + data)[-4096:].split(b"\n")
        for line in lines:
            _say(stats() if line.strip() == b"stats" else {"error": "the only command is: stats"})

    try:
        loop.add_reader(0, read)
    except OSError:
        raise PlanError("stdin must be a pipe or a terminal: the sandbox runs until it closes") from None


def _say(value: dict[str, object]) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{json.dumps(value)}\n")
        sys.stdout.flush()


def _raise_descriptor_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())

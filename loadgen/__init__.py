"""loadgen: a load generator whose tail-latency numbers can be trusted.

Goals, in order. If two conflict, the upper one wins:

1. Honest numbers. Every figure says what it measures and whose time it was. A figure that cannot be known is refused.
2. Simplicity. Few nouns, one way to do a thing.
3. Speed. As close to what the kernel allows as Python gets.

The packages (rooms), from the ground up. A room imports only rooms on lower lines, never one on its own line;
``tests/project/test_rooms.py`` checks it:

    0  clock, errors, files, form, native, redaction
    1  profile, exchange, result, interrupts
    2  net, stats, aws
    3  pacing, workload, transport, record            when, what, how, sum
    4  engine, trust, store, bucket                   store and bucket keep the sums of record, and so stand on it
    5  fleet, analysis                                workers; counts in, a result out
    6  runner                                         one run, from its profile to its result
    7  experiment, selftest                           many runs compared; what this machine can do
    8  report
    9  cli                                            one file a command
    -  sandbox stands beside the tower, on rooms 0 to 2

From Python: ``loadgen.run``, ``arun``, ``load``, ``seconds`` and ``to_pandas``, which are imported when they are first
used (`docs/python.md`).
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["arun", "load", "run", "seconds", "to_pandas"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module("loadgen.cli.python"), name)
    globals()[name] = value
    return value

"""A result that can be given to others: without the names of hosts, addresses, accounts and requests' ids."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath

from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import map_text
from loadgen.result.experiment import ExperimentResult
from loadgen.result.join import JoinResult
from loadgen.result.run import Machines, RunResult, Sample, Samples
from loadgen.result.tune import TuneResult

HIDDEN = "[{} {}]"  # a kind and a number: the same name is the same stand-in
OURS = ("127.0.0.1", "[::1]", "::1", "localhost")
_URL_HOST = re.compile(r"(?<=://)(?:\[[0-9A-Fa-f:.%]+\]|[^\s/:?#\"'\]]+)")
_PLACES = (
    ("host", re.compile(r"(?<![\w.-])(?:[\w-]+\.)+(?:amazonaws|on\.aws|api\.aws|cloudfront)(?:\.[\w-]+)*(?![\w-])")),
    ("address", re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")),
    ("account", re.compile(r"(?<![\w.])\d{12}(?![\w.])")),
)
_IDENTITY = re.compile(r"(?:id|pop|via|server)$", re.IGNORECASE)  # headers by which an operator knows a request


Result = RunResult | ExperimentResult | CapacityResult | TuneResult


def shared(result: Result) -> Result:
    """The result with a stand-in for each host, address and account, and without requests' ids. Figures, paths,
    versions of programs and the names of phases and steps stay: look at the result before you give it away."""
    if isinstance(result, RunResult):
        result = replace(
            result,
            samples=_without_identities(result.samples),
            join=_without_paths(result.join),
            machines=_nameless(result.machines),
            nodes=tuple(replace(node, host="") for node in result.nodes),
        )
    names = _Names(result)
    return replace(map_text(result, names.hide), host=result.host)


def _without_identities(samples: Samples) -> Samples:
    return Samples(_anonymous(samples.failed), _anonymous(samples.slowest))


def _without_paths(join: JoinResult | None) -> JoinResult | None:
    """With the last part of the names of logs alone."""
    if join is None:
        return None
    sources = tuple(replace(of, name=PurePath(of.name).name) for of in join.sources)
    return replace(join, run=PurePath(join.run).name, sources=sources)


def _nameless(of: Machines | None) -> Machines | None:
    """Without their folders, which may have the names of hosts."""
    return of and replace(of, machines=tuple(replace(machine, run="") for machine in of.machines))


def _anonymous(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    return tuple(
        replace(
            sample,
            request_id="",
            headers={name: value for name, value in sample.headers.items() if not _IDENTITY.search(name)},
        )
        for sample in samples
    )


class _Names:
    """The stand-ins of one result."""

    def __init__(self, result: Result) -> None:
        self._stand_ins: dict[str, str] = {}
        self._folder = result.run or ""
        map_text(result, self._learn)
        for address in result.target.addresses if result.target else ():
            self._stand_in("address", address)
        longest = sorted(self._stand_ins, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest)) or r"(?!)", re.IGNORECASE)

    def hide(self, text: str) -> str:
        if self._folder and self._folder in text:
            text = text.replace(self._folder, PurePath(self._folder).name)
        return self._pattern.sub(lambda match: self._stand_ins[match[0].lower()], text)

    def _learn(self, text: str) -> str:
        for host in _URL_HOST.findall(text):
            self._stand_in("host", host.rpartition("@")[2])
        for kind, pattern in _PLACES:
            for name in pattern.findall(text):
                self._stand_in(kind, name)
        return text

    def _stand_in(self, kind: str, name: str) -> None:
        name = name.lower()
        if name and name not in OURS and name not in self._stand_ins:
            number = 1 + sum(stand_in.startswith(f"[{kind} ") for stand_in in self._stand_ins.values())
            self._stand_ins[name] = HIDDEN.format(kind, number)

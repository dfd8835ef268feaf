"""A document as the program makes it now, in the shape in which the expected ones are, that of `loadgen.result/1`.

There, why a figure is not known was a sentence, what a threshold had found was a text with its unit, and what a result
did not have was left out or null without a rule. Only the numbers of a sentence are compared, so that another sentence
with the same numbers is the same.
"""

from __future__ import annotations

from typing import Any

from golden.inputs import VERSIONS
from loadgen.report import sentences
from loadgen.result.reason import Reason

Document = dict[str, Any]
INVALID = "the run is INVALID. --accept-invalid decides all the same"


def before(value: Any) -> Any:
    """The value, and all in it, in its old shape."""
    if isinstance(value, list):
        return [before(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "code" in value:
        return said(value)
    old = {key: before(item) for key, item in value.items()}
    for keys, change in OBJECTS:
        if keys <= value.keys():
            change(old, value)
    return old


def said(reason: Document) -> str:
    """The reason as a sentence."""
    values = {name: value for name, value in reason.items() if name != "code"}
    made = Reason(reason["code"], values)
    more = sentences.more(made)
    return f"{sentences.sentence(made)}{f'; {more} would give one' if more else ''}"


def _result(old: Document, new: Document) -> None:
    old["schema"] = "loadgen.result/1"
    old["host"] = {name: value for name, value in old["host"].items() if name not in VERSIONS or value}
    virtual = not new["host"]["cpus"]  # of which a result told less
    if virtual:
        old["host"] = {}
        for name in ("simulated", "description", "addresses"):
            del old["target"][name]
    if new["kind"] == "run":
        del old["kind"]
        for name in ("payloads", "workers", "host") if virtual else ():
            del old[name]


def _latency(old: Document, new: Document) -> None:
    """Its `why` were notes, as was what is known of packets that were sent again; an interval and the reason why there
    is none stood in one place. How many of the values are `timeouts` was in notes alone."""
    del old["timeouts"]
    old["notes"] = [f"{name}: {why}" for name, why in old.pop("why").items()]
    if resent := old.pop("resent", None):
        old["notes"].append(f"{resent['connects']:,} connects were sent again, mostly after {resent['after_s']} s")
    if "intervals" in new or "no_interval" in new:
        none = {name: {"none": why} for name, why in old.pop("no_interval", {}).items()}
        old["intervals"] = {**old.pop("intervals", {}), **none}


def _stratum(old: Document, new: Document) -> None:
    if timeouts := old.pop("unassigned_timeouts"):
        for latency in old["latency_ms"].values():
            latency["notes"].append(f"{timeouts:,} timeouts are of no stratum")


VALUES = {
    "value_ms": lambda value: f"{value:g} ms",
    "value_share": lambda value: f"{value:.2%}",
    "value_per_s": lambda value: f"{value:,.1f}/s",
}


def _threshold(old: Document, new: Document) -> None:
    shown = [show(old.pop(name)) for name, show in VALUES.items() if name in new]
    old["value"] = "".join(shown)
    accepted = "of an INVALID run, which was accepted" if old.pop("accepted") else ""
    old["why"] = "; ".join(filter(None, (old["why"], accepted)))


def _effect(old: Document, new: Document) -> None:
    old["slowest"] = f"{100 * new['slowest']:.3g}%"


def _until_figure(old: Document, new: Document) -> None:
    old["none"] = old.pop("why") or ""


# the keys by which an object is known
OBJECTS = (
    ({"schema"}, _result),
    ({"spent"}, _latency),
    ({"unassigned_timeouts"}, _stratum),
    ({"text", "status"}, _threshold),
    ({"slowest", "share"}, _effect),
    ({"off"}, _until_figure),
    ({"witness_ms"}, _until_figure),
)

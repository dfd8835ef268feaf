"""A document as the program makes it now, in the shape in which the expected ones are, that of `loadgen.result/1`.

There, why a figure is not known was a sentence, what a threshold had found was a text with its unit, and what a result
did not have was left out or null without a rule. Only the numbers of a sentence are compared, so that another sentence
with the same numbers is the same.
"""

from __future__ import annotations

from typing import Any

from golden.inputs import VERSIONS
from loadgen.report import reasons, sentences, trust
from loadgen.report.terminal import cost
from loadgen.result.codec import from_json
from loadgen.result.reason import Reason
from loadgen.result.run import Prices, TrustSignal

Document = dict[str, Any]
NAMED = 3  # of what is wrong in a check


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
    made = from_json(Reason, reason)
    more = sentences.more(made)
    return f"{reasons.of_figure(made)}{f'; {more} would give one' if more else ''}"


def _result(old: Document, new: Document) -> None:
    if new["kind"] == "two-runs":
        del old["schema"], old["kind"]
        return
    old["schema"] = "loadgen.result/1"
    del old["host"]["form"]  # there was the pure one alone
    old["host"] = {name: value for name, value in old["host"].items() if name not in VERSIONS or value}
    virtual = not new["host"]["cpus"]  # of which a result told less
    if virtual:
        old["host"] = {}
        for name in ("simulated", "description", "addresses"):
            del old["target"][name]
    old.pop("unusable", None)  # was a warning, which a document in virtual time has none of
    if new["kind"] == "run":
        del old["kind"]
        old.pop("resolution", None)  # was not measured, and these results assume it
        old.pop("findings")  # there were none
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


def _phase(old: Document, new: Document) -> None:
    """Whether it has settled was not told, and nothing of cold starts second by second."""
    old.pop("settling", None)
    old.pop("cold_wave", None)


def _stratum(old: Document, new: Document) -> None:
    if timeouts := old.pop("unassigned_timeouts"):
        for latency in old["latency_ms"].values():
            latency["notes"].append(f"{timeouts:,} timeouts are of no stratum")


def _trust(old: Document, new: Document) -> None:
    """Reasons and notes were sentences, and what was observed a text."""
    signals = [from_json(TrustSignal, signal) for signal in new["signals"]]
    old["reasons"] = [trust.reason(from_json(TrustSignal, signal)) for signal in new["reasons"]]
    old["notes"] = [text for text in map(trust.note, signals) if text]
    old["signals"] = [
        {
            "signal": signal.signal,
            "value": sentences.sentence(signal.observed),
            "verdict": signal.verdict,
            "why": trust.why(signal) if signal.verdict != "VALID" else "",
        }
        for signal in signals
    ]


def _round(old: Document, new: Document) -> None:
    """The seed was told by the run's own result alone."""
    del old["seed"]
    old["reasons"] = [trust.reason(from_json(TrustSignal, signal)) for signal in new["reasons"]]


def _warned(old: Document, new: Document) -> None:
    old["warnings"] = [sentences.notice_text(from_json(Reason, warning)) for warning in new["warnings"]]


def _cost(old: Document, new: Document) -> None:
    """The prices and what was assumed were texts."""
    prices = from_json(Prices, new["prices"]) if new["prices"] else None
    old["prices"] = cost.prices_text(prices, new["region"]) or None


VALUES = {
    "value_ms": lambda value: f"{value:g} ms",
    "value_share": lambda value: f"{value:.2%}",
    "value_per_s": lambda value: f"{value:,.1f}/s",
}


def _threshold(old: Document, new: Document) -> None:
    """Of an experiment's run, the value was how many rounds it had passed, and its own was in `why`. No counts decided
    it."""
    old.pop("counts", None)
    old["value"] = "".join(show(old.pop(name)) for name, show in VALUES.items() if name in new)
    accepted = "of an INVALID run, which was accepted" if old.pop("accepted") else ""
    old["why"] = "; ".join(filter(None, (old["why"], accepted)))
    if "rounds" in new:
        passed, rounds, number = (old.pop(name, None) for name in ("rounds_passed", "rounds", "round"))
        old["why"] = f"round {number}: {old['value']} {old['why']}" if number else ""
        old["value"] = f"passed in {passed} of {rounds} rounds"
    elif "value_ratio" in new:
        value, low, high = (_times(old.pop(name, None)) for name in ("value_ratio", "ratio_low", "ratio_high"))
        old["value"] = f"{value} [{low}, {high}]"


def _times(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{ratio:.3g}"


def _step(old: Document, new: Document) -> None:
    """Whose time the mean is was not told, nor the target's own time, nor how times were spread, nor the bands of a
    rate that changes; nothing was told by worker, nor of
    steps beside each other."""
    old.pop("by_worker", None)
    for name in ("by_node", "odd_node", "odd_worker", "by_address", "odd_address", "odd_key", "tail", "behind"):
        old.pop(name, None)
    old.pop("shape", None)
    old.pop("bands", None)
    old["whose_ms"].pop("mean", None)
    for name in ("target", "ttfb"):
        del old["latency_ms"][name]
    old.pop("off_schedule", None)


def _sample(old: Document, new: Document) -> None:
    """Whose time it is was not told, nor the parts of a new connection, nor what a body without words is, nor the
    target's own time."""
    del old["whose_ms"]
    old.pop("wordless", None)
    for name in ("dns", "tcp", "tls", "handshake_cpu", "target", "ttfb"):
        old["times_ms"].pop(name, None)


def _until_figure(old: Document, new: Document) -> None:
    old["none"] = old.pop("why") or ""


def _comparison(old: Document, new: Document) -> None:
    """A check was one sentence about each variant and its baseline, and so was what spoke against a verdict. There were
    no notes."""
    old.pop("notes", None)
    old["figures"] = [figure for figure in old["figures"] if figure["metric"] != "target"]  # was not judged
    pairs = list(dict.fromkeys((figure["baseline"], figure["variant"]) for figure in new["figures"]))
    for check, its in zip(old["checks"], new["checks"], strict=True):
        check["why"] = "; ".join(dict.fromkeys(filter(None, (_of_pair(its, *pair) for pair in pairs))))
    why_not = [
        _of_pair({**check, "why": [why for why in check["why"] if why in new["why_not"]]}, *pair)
        for pair in pairs
        for check in new["checks"]
        if not check["ok"]
    ]
    _parts(old["parts"])
    if new["checks"]:
        old["why_not"] = list(dict.fromkeys(filter(None, why_not)))


def _point(old: Document, new: Document) -> None:
    """A curve had no values of single rounds, and no word of what came of a point and what it took."""
    del old["rounds"]
    for name in ("completed", "throttled", "unsettled", "core", "usd"):
        old.pop(name, None)


def _series(old: Document, new: Document) -> None:
    """Whether a ratio changes along an axis was not told."""
    old.pop("slopes", None)


def _design(old: Document, new: Document) -> None:
    """What the machine cannot tell was no margin. It is none here either, as nothing was measured."""
    old.pop("by_resolution", None)


def _parts(parts: list[Document]) -> None:
    """This machine's part of making a connection was in `connect`, and is in `ours`. Differences had no interval."""
    for part in parts:
        del part["difference_low"], part["difference_high"]
    for ours in (part for part in parts if part["part"] == "ours"):
        where = ("variant", "baseline", "phase", "step")
        its = {part["part"]: part for part in parts if all(part[name] == ours[name] for name in where)}
        for name in ("baseline_ms", "variant_ms", "difference_ms"):
            moved = sum(its[part][name] for part in ("handshake_cpu", "connect_delay") if part in its)
            ours[name] = round(ours[name] - moved, 6)
            if "connect" in its:
                its["connect"][name] = round(its["connect"][name] + moved, 6)


def _of_pair(check: Document, baseline: str, variant: str) -> str:
    """What a check says of two variants: round by round what is wrong, of which the first are named, or all that was
    seen."""
    about = [why for why in check["why"] if _is_about(why, baseline, variant)]
    about.sort(key=lambda why: (why.get("round", 0), "round" in why and why["variant"] != baseline))
    shown = about if check["ok"] else about[:NAMED]
    more = f" (and {len(about) - len(shown)} more like it)" if len(about) > len(shown) else ""
    return f"{'; '.join(map(said, shown))}{more}"


def _is_about(why: Document, baseline: str, variant: str) -> bool:
    if "variant" not in why:
        return True
    return (
        (why["baseline"], why["variant"]) == (baseline, variant)
        if "baseline" in why
        else (why["variant"] in (baseline, variant))
    )


def _thresholds_of_two(old: Document, new: Document) -> None:
    """One that could not be decided, as a check did not hold, had all that the check says; now it has the first."""
    wrong = [check for check in (new["comparison"] or {}).get("checks", []) if not check["ok"]]
    for entry, its in zip(old["thresholds"], new["thresholds"], strict=True):
        for check in wrong:
            if " / " in its["text"] and its["why"] in check["why"]:
                variant, _, baseline, *_ = its["text"].split()
                entry["why"] = _of_pair(check, baseline, variant)


def _planned_cost(old: Document, new: Document) -> None:
    """Only `check` told whether it is billed and refused."""
    del old["billed"], old["refused"]


def _figure(old: Document, new: Document) -> None:
    old["why"] = old["why"] or ""


def _two_runs(old: Document, new: Document) -> None:
    old.pop("notes", None)
    old["rows"] = [row for row in old["rows"] if row["metric"] != "target"]  # was not shown
    old["differ"] = [f"{of['name']}: {_word(of['first'])} and {_word(of['second'])}" for of in new["differ"]]


def _word(value: object) -> str:
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


# the keys by which an object is known
OBJECTS = (
    ({"schema"}, _result),
    ({"spent"}, _latency),
    ({"round_trip_ms", "steps"}, _phase),
    ({"unassigned_timeouts"}, _stratum),
    ({"text", "status"}, _threshold),
    ({"whose_ms", "skipped"}, _step),
    ({"whose_ms", "times_ms"}, _sample),
    ({"signals", "reasons"}, _trust),
    ({"reasons", "folder"}, _round),
    ({"off"}, _until_figure),
    ({"witness_ms"}, _until_figure),
    ({"checks"}, _comparison),
    ({"looks", "margin"}, _design),
    ({"more_rounds", "baseline"}, _figure),
    ({"at", "offered"}, _point),
    ({"series", "axis"}, _series),
    ({"drain", "refused"}, _planned_cost),
    ({"warnings", "trust"}, _warned),
    ({"prices", "assumed"}, _cost),
    ({"differ"}, _two_runs),
    ({"comparison", "thresholds"}, _thresholds_of_two),
)

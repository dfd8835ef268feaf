"""The summary of an experiment for a terminal: the verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import Found, failed
from loadgen.report.terminal.comparison import VERDICTS, apart, curves, difference, figures, named, parts, ratio
from loadgen.report.terminal.page import BAD, DIM, GOOD, WARN, Part, add, heading, indented, labelled, line, table
from loadgen.report.terminal.scaling import scaling
from loadgen.report.words import UNKNOWN, brief, clean, count, known, listed, share

LABEL, NAMES = 34, 6  # characters of a variant's name, and how many are listed
MANY = 24  # rows, of thresholds and of runs
STATUSES = {"passed": GOOD, "failed": BAD, "undecided": WARN}
SENTENCES = {
    "slower": "is slower than",
    "faster": "is faster than",
    "equivalent": "is equivalent to",
    "inconclusive": "against {}: inconclusive",
    "none": "against {}: no verdict",
}


def experiment(result: Found) -> Iterator[RenderableType]:
    """All that the runs came to together; nothing for a result that is none."""
    about, comparison = result.get("experiment") or {}, result.get("comparison") or {}
    variants = result.get("variants") or []
    yield from _head(about, [str(variant.get("name")) for variant in variants])
    yield from _verdicts(comparison)
    yield from _checks(comparison)
    yield from _thresholds(result.get("thresholds") or [])
    yield from figures(comparison)
    loads = result.get("scaling") or []
    yield from scaling(loads) if loads else curves(comparison)
    yield from parts(comparison)
    yield from _runs(variants)


def _head(about: Found, names: list[str]) -> Iterator[RenderableType]:
    rounds, looks = about.get("rounds") or 0, about.get("looks") or [0]
    planned = f" of {count(looks[-1])} planned" if looks[-1] != rounds else ""
    who = ", ".join(brief(name, LABEL) for name in names) if len(names) <= NAMES else f"{count(len(names))} variants"
    at_once = "at the same time" if about.get("duet") else "in turns"
    yield heading(f"{count(rounds)} round{'s' if rounds != 1 else ''}", (f"{planned} of {who}, {at_once}", ""))


def _verdicts(comparison: Found) -> Iterator[RenderableType]:
    """A sentence for the primary figure of each variant."""
    found = [figure for figure in comparison.get("figures") or [] if figure.get("primary")]
    for figure in found[:MANY]:
        word = str(figure.get("verdict") or "none")
        where, variant, baseline = apart(figure)
        sentence = SENTENCES.get(word, SENTENCES["none"])
        against = sentence.format(baseline) if "{}" in sentence else f"{sentence} {baseline}"
        lead: Part = (f"{where}{variant} {against}: ", VERDICTS.get(word, WARN))
        yield line(lead, _told(figure, comparison.get("margin")))
    if len(found) > MANY:
        yield line((f"{count(len(found) - MANY)} more verdicts: see --json", DIM), indent=2)
    if not found and not comparison.get("why_not"):
        yield line(("no verdict: ", WARN), "no round is complete")


def _told(figure: Found, margin: float | None) -> str:
    """How much, of what, and how one would know more."""
    word, why, more = figure.get("verdict"), figure.get("why"), figure.get("more_rounds")
    said = [named(figure)]
    if known(figure.get("ratio")):
        said.append(f"{ratio(figure, ' times')}, {difference(figure, ' ms')}")
    if word == "equivalent" and margin:
        said.append(f"which is within {100 * margin:g}%")
    if why:
        said.append(str(why))
    if word == "inconclusive" and more:
        said.append(f"{count(more)} more round{'s' if more != 1 else ''} may tell, if this is the ratio")
    between = (figure.get("resampled") or {}).get("between")
    if word == "inconclusive" and known(between):
        said.append(f"{share(between or 0.0, 1)} of the spread is between the rounds, which longer runs do not lessen")
    return ": ".join(said[:2]) + "".join(f"; {text}" for text in said[2:])


def _checks(comparison: Found) -> Iterator[RenderableType]:
    """Why there is no verdict; and in one line what was looked at before one was given."""
    for why in comparison.get("why_not") or []:
        yield labelled(("no verdict: ", WARN), str(why))
    sound = [str(check.get("check")) for check in comparison.get("checks") or [] if check.get("ok")]
    if sound:
        yield line((f"looked at and as it must be: {', '.join(sound)}", DIM), indent=2)


def _thresholds(thresholds: list[Found]) -> Iterator[RenderableType]:
    """What did not pass first; where there are many, what did is only counted."""
    if not thresholds:
        return
    order = {status: number for number, status in enumerate(("failed", "undecided"))}
    every = sorted(thresholds, key=lambda found: order.get(str(found.get("status")), len(order)))
    shown = every if len(every) <= MANY else [found for found in every if found.get("status") in order][:MANY]
    yield heading("thresholds")
    made = table(
        ("", "left", 9), ("", "left", 10), ("", "left", 8), ("", "left", 20), ("", "left", 6), ("", "left", 20)
    )
    for found in shown:
        status = str(found.get("status") or "")
        word = status.upper() if status == "failed" else brief(status, 20)
        value = "; ".join(str(found[key]) for key in ("value", "why") if found.get(key))
        text = str(found.get("text") or "")
        whose = "" if " / " in text else str(found.get("variant") or "")  # it names its variants itself
        cells = (brief(each, LABEL) for each in (whose, str(found.get("phase") or "")))
        step = brief(str(found.get("step") or ""), LABEL)
        add(made, (word, STATUSES.get(status, "")), *cells, brief(text, 80), step, value)
    yield indented(made)
    if rest := len(every) - len(shown):
        yield line((f"{count(rest)} more: see --json", DIM), indent=2)


def _runs(variants: list[Found]) -> Iterator[RenderableType]:
    """A row for each variant; `opened` are connections for each request, `at once` the most that were open."""
    yield heading("runs")
    titles = (("runs", 4), ("requests", 9), ("failed", 7), ("opened/request", 14), ("at once", 7))
    made = table(("", "left", 12), *((title, "right", width) for title, width in titles), ("", "left", 9))
    for variant in variants:
        runs = variant.get("rounds") or []
        requests, connections = ([run.get(key) or {} for run in runs] for key in ("requests", "connections"))
        sent = sum(each.get("sent") or 0 for each in requests)
        opened = sum((each.get("opened") or 0) - (each.get("preopened") or 0) for each in connections)
        peak = max((each.get("peak") or 0 for each in connections), default=0)
        grades = [str(run.get("trust")) for run in runs]
        bad = sum(failed(each) for each in requests)
        each = f"{opened / sent:.2f}" if sent else UNKNOWN
        told = listed({grade: grades.count(grade) for grade in dict.fromkeys(grades)})
        name = brief(str(variant.get("name")), LABEL)
        add(made, name, count(len(runs)), count(sent), count(bad), each, count(peak), told)
    yield indented(made)
    folders = [run.get("folder") for variant in variants for run in variant.get("rounds") or [] if run.get("folder")]
    if folders:
        yield line((f"each run is a run as any other: loadgen report FOLDER/{clean(str(folders[0]))}", DIM), indent=2)

"""The result of `loadgen keepalive` in one sentence, or with `--idle` as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loadgen.report.compared import is_of_few
from loadgen.report.reasons import lines
from loadgen.report.terminal.page import add, drawn, heading, line, table
from loadgen.report.words import UNKNOWN, clean, count, ms, several, share
from loadgen.result.experiment import Comparison, Figure, Part
from loadgen.result.run import RunResult

QUANTILES = ("p50", "p99")
FRESH = "fresh"
WORDS = {
    FRESH: "a new connection per request costs",
    "resumed": "one that resumes its TLS session",
}
SHARES = ((0.97, "nearly all"), (0.85, "most"), (0.58, "two thirds"), (0.42, "half"), (0.28, "a third"), (0.1, "some"))
WIDTH = 92


def sentence(comparison: Comparison | None) -> str:
    """The cost of a new connection at p50 and p99 with its intervals, how much of it is TLS, and this machine's
    share."""
    responses = [of for of in (comparison.figures if comparison else ()) if of.metric == "response"]
    figures = {(figure.variant, figure.quantile): figure for figure in responses}
    said = [
        f"{words} {costs}"
        for variant, words in WORDS.items()
        if (costs := ", ".join(_costs([figures.get((variant, quantile)) for quantile in QUANTILES])))
    ]
    if not comparison or not said:
        return "No cost can be told: nothing was measured in every kind of connection."
    parts = {part.part: part for part in comparison.parts if part.variant == FRESH}
    text = "; ".join([*said, *_whose(parts)])
    why = "; ".join(lines(comparison.why_not))
    return clean(f"{text[0].upper()}{text[1:]}." + (f" But no verdict: {why}." if why else ""))


def _costs(figures: Sequence[Figure | None]) -> Iterator[str]:
    for figure in figures:
        if figure is None or figure.difference_ms is None:
            continue
        if _may_be_none(figure):
            low, high = ms(figure.difference_low), ms(figure.difference_high)
            yield f"nothing that can be told at {figure.quantile}, {low} to {high} ms"
        else:
            yield f"{ms(figure.difference_ms)} ms{_spread(figure)} at {figure.quantile}"


def _may_be_none(figure: Figure) -> bool:
    """Whether no difference is within the interval."""
    low, high = figure.difference_low, figure.difference_high
    return not is_of_few(figure) and low is not None and high is not None and low <= 0 <= high


def _spread(figure: Figure) -> str:
    """The interval; of few rounds, what each of them says."""
    if is_of_few(figure):
        differences = (None if base is None or other is None else other - base for base, other in figure.rounds)
        return f" ({' '.join(map(ms, differences))} in {several(len(figure.rounds), 'round')})"
    low, high = figure.difference_low, figure.difference_high
    return ", no interval," if low is None or high is None else f" [{ms(low)}, {ms(high)}]"


def _whose(parts: Mapping[str, Part]) -> Iterator[str]:
    whole, tls = parts.get("response"), parts.get("tls")
    if whole and tls and whole.difference_ms > 0:
        of_it = tls.difference_ms / whole.difference_ms
        word = next((word for least, word in SHARES if of_it >= least), "")
        yield from [f"{word} of it TLS"] if word else []
    if "ours" in parts:
        own = parts["ours"].difference_ms
        yield f"this machine's share {ms(max(0.0, own))} ms"


def idle_table(results: Sequence[RunResult], width: int = WIDTH) -> str:
    """By pause: how many requests found their connection open, and how long the others took."""
    titles = ("requests", "reused", "closed meanwhile", "reused p50 ms", "new p50 ms")
    made = table(("pause", "left", 10), *((title, "right", 10) for title in titles))
    for result in results:
        phase, connections = result.variant.phases[0], result.variant.connections
        (step,) = phase.steps
        by = {kind: of.service.quantile("p50").value for kind, of in step.by_connection.items()}
        sent = step.requests.sent
        fresh = by["new"] if by.get("new") is not None else by.get("resumed")
        pause = phase.name.removeprefix("idle-").replace("_", ".")
        reused = share(phase.connections.reused, sent) if sent else UNKNOWN
        add(made, pause, count(sent), reused, count(connections.closed_idle), ms(by.get("reused")), ms(fresh))
    note = "a connection that the target closed during the pause is replaced, and its request waits for a new one"
    return drawn([heading("what reuse is worth when requests are rare"), made, line(note)], min(width, WIDTH), False)

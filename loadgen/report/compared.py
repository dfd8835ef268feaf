"""How variants compare, in words: the verdict in a sentence, ratios and differences, the parts of a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from loadgen.report.reasons import of_figure
from loadgen.report.styles import BAD, GOOD, WARN, Part
from loadgen.report.verdict import word
from loadgen.report.words import UNKNOWN, brief, ms, several
from loadgen.result.experiment import Comparison, ExperimentResult, Figure
from loadgen.result.experiment import Part as TimePart

NAME = 30  # characters of a variant's name
SENTENCE = 240  # characters of one
OF_IT = 0.1  # of a difference: from here on a part of it is named
NAMED = 3  # parts
WORDS = {"none": "NO VERDICT"}
VERDICTS = {"slower": BAD, "faster": GOOD, "equivalent": GOOD, "inconclusive": WARN, "none": WARN}
SENTENCES = {
    "slower": "is slower than",
    "faster": "is faster than",
    "equivalent": "is equivalent to",
    "inconclusive": "against {}: inconclusive",
    "none": "against {}: no verdict",
}
WITHIN = {"connect": ("dns", "tcp", "tls"), "ours": ("handshake_cpu", "connect_delay")}  # what lies within a part
INNER = {inner: part for part, inside in WITHIN.items() for inner in inside}
PARTS = {
    "wait": "wait for a connection", "service_new": "service on a new connection",
    "service_reused": "service on a reused one", "build": "client build", "ours": "this machine",
    "handshake_cpu": "our CPU", "connect_delay": "our delay",
}  # fmt: skip


def named(figure: Figure) -> str:
    """The name of a figure: `burst put response p99`."""
    return joined(figure.phase, figure.step, figure.metric, figure.quantile)


def joined(*names: str) -> str:
    """Names in a row, without those that are empty."""
    return " ".join(brief(name, NAME) for name in names if name)


def apart(variant: str, baseline: str) -> tuple[str, str, str]:
    """(what both variants have in common, and what tells the variant from its baseline): of a matrix, `rate=50/s: `,
    `session=per-request` and `session=shared`."""
    words, others = variant.split(" "), baseline.split(" ")
    common = [word for word in words if word in others] if len(words) == len(others) else []
    one, other = (" ".join(word for word in of if word not in common) for of in (words, others))
    if not one or not other:
        return "", brief(variant, NAME), brief(baseline, NAME)
    return f"{brief(' '.join(common), NAME)}: " if common else "", brief(one, NAME), brief(other, NAME)


def ratio(figure: Figure, unit: str = "") -> str:
    """`1.92 [1.88, 1.95]`; without an interval the ratio alone."""
    return f"{_times(figure.ratio)}{unit}{_range(figure.ratio_low, figure.ratio_high, _times)}"


def difference(of: Figure | TimePart, unit: str = "") -> str:
    """`+8.97 [+8.35, +9.59]`, in ms."""
    ends = _range(of.difference_low, of.difference_high, _signed)
    return f"{_signed(of.difference_ms)}{unit}{ends}"


def ratios_of_rounds(figure: Figure) -> str:
    """`2.31 2.40 2.44`: the ratio in each round, as far as it is known."""
    return " ".join(_times(other / base if base and other is not None else None) for base, other in figure.rounds)


def _range(low: float | None, high: float | None, written: Callable[[float], str]) -> str:
    if low is None and high is None:
        return ""
    return f" [{', '.join('…' if end is None else written(end) for end in (low, high))}]"


def _times(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def times(figure: Figure) -> str:
    """The ratio with its interval; of few rounds, that of each."""
    return ratios_of_rounds(figure) if is_of_few(figure) else ratio(figure)


def is_of_few(figure: Figure) -> bool:
    """Whether there are too few rounds for an interval."""
    return figure.ratio is not None and figure.ratio_low is figure.ratio_high is None


def _signed(value: float | None) -> str:
    return UNKNOWN if value is None else f"{'+' if value >= 0 else '-'}{ms(abs(value))}"


def part_name(of: TimePart) -> str:
    """The name of a part of the time."""
    return PARTS.get(of.part, brief(of.part.replace("_", " "), NAME))


def ordered(group: Sequence[TimePart]) -> list[TimePart]:
    """The whole, then the parts that add up to it, each with the parts inside it, then the parts beside it."""
    adding = [part for part in group if part is group[0] or part.adds]
    beside = [part for part in group[1:] if not part.adds and part.part not in INNER]
    ordered: list[TimePart] = []
    for part in adding:
        ordered += [part, *(inner for inner in group if INNER.get(inner.part) == part.part)]
    return [*ordered, *beside]


# the verdict


def word_of(result: ExperimentResult) -> tuple[str, str]:
    """The verdict on the primary figure, if all variants have the same; else how far the figures can be trusted."""
    primary = primary_of(result.comparison) if result.comparison else []
    verdicts = {figure.verdict for figure in primary}
    if result.unusable or len(verdicts) != 1:
        return word(result)
    verdict = verdicts.pop()
    return WORDS.get(verdict, verdict.upper()), VERDICTS[verdict]


def primary_of(comparison: Comparison) -> list[Figure]:
    """The figures that the experiment is decided by, one for each variant."""
    return [figure for figure in comparison.figures if figure.primary]


def verdict(figure: Figure, comparison: Comparison) -> Iterator[Part]:
    """`fresh is slower than shared: 71.3 ms against 28.9 at p50, 2.47 times [2.42, 2.52]. TLS made 42.0 ms of it.`"""
    where, variant, baseline = apart(figure.variant, figure.baseline)
    sentence = SENTENCES[figure.verdict]
    against = sentence.format(baseline) if "{}" in sentence else f"{sentence} {baseline}"
    yield f"{where}{variant} {against}: ", VERDICTS[figure.verdict]
    if figure.ratio is None:
        yield of_figure(figure.why) if figure.why else named(figure)
        return
    yield f"{ms(figure.variant_ms)} ms against {ms(figure.baseline_ms)} at {figure.quantile}, "
    yield f"{ratio(figure, ' times')}, {difference(figure, ' ms')}"
    yield f" ({ratios_of_rounds(figure)} in the rounds)" if is_of_few(figure) else ""
    yield f". {parts}" if (parts := _parts(figure, comparison)) else ""
    yield f". {brief(of_figure(figure.why), SENTENCE)}" if figure.why else ""
    if figure.verdict == "inconclusive" and figure.more_rounds:
        yield f". {several(figure.more_rounds, 'more round')} may tell"


def _parts(figure: Figure, comparison: Comparison) -> str:
    """What the difference of the mean is made of: the parts that make most of it."""
    own = [
        part
        for part in comparison.parts
        if (part.variant, part.phase, part.step) == (figure.variant, figure.phase, figure.step)
    ]
    if not own or figure.verdict not in ("slower", "faster"):
        return ""
    whole, adding = own[0], [part for part in own[1:] if part.adds]
    large = [part for part in adding if abs(part.difference_ms) >= OF_IT * abs(whole.difference_ms)]
    large.sort(key=lambda part: -abs(part.difference_ms))
    told = ", ".join(f"{_name(part, own)} {difference(part)}" for part in large[:NAMED])
    return f"Of {_signed(whole.difference_ms)} ms in the mean: {told}" if told else ""


def _name(part: TimePart, own: Sequence[TimePart]) -> str:
    """The name of a part; of a connect that is TLS for the most part, TLS."""
    tls = next((of.difference_ms for of in own if of.part == "tls"), 0.0)
    if part.part == "connect" and tls >= 0.5 * part.difference_ms > 0:
        return "connect (mostly TLS)"
    return part_name(part)

"""What the pages of a run, an experiment and a capacity share: verdict, complaints, thresholds, cost, trust, end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report import invocations
from loadgen.report.html.markup import Content, Markup, element
from loadgen.report.html.tables import STYLES, table
from loadgen.report.navigate import Phases
from loadgen.report.resolution import machine
from loadgen.report.senders import senders
from loadgen.report.sentences import notice_text, sentence
from loadgen.report.styles import BAD, WARN
from loadgen.report.terminal.cost import prices_text, spent
from loadgen.report.terminal.thresholds import ORDER, value_text
from loadgen.report.trust import meaning, observed, reason, why
from loadgen.report.verdict import STATUSES, Result, ended, exit_text, measured, word
from loadgen.report.words import brief, count, ms, several, share
from loadgen.result.run import JudgedFigure, RunResult, Status, Threshold, TrustSignal, Verdict

MOST, FEW = 12, 3  # of a kind that are shown, and at the top
NAME = 48  # characters
LEADS = {"failed": "isbad", "undecided": "iswarn"}
VERDICTS: dict[Verdict, str] = {"VALID": "good", "DEGRADED": "warn", "INVALID": "bad"}


def verdict(result: Result) -> Markup:
    """The word that the page begins with."""
    early = ended(result)
    said, style = (early[0], BAD) if early else word(result)
    return badge(said, style)


def badge(said: str, style: str) -> Markup:
    return element("span", said, class_=f"badge {STYLES.get(style, '')}".strip())


def complaints(result: Result) -> Iterator[Markup]:
    """Why the verdict is not VALID, and warnings."""
    if result.trust and result.trust.verdict != "VALID" and not result.unusable:
        yield element(
            "li", trust_meaning(result, FEW), class_="iswarn" if result.trust.verdict == "DEGRADED" else "isbad"
        )
    for warning in result.warnings[:MOST]:
        yield element("li", notice_text(warning), class_="iswarn")


def missed(result: Result) -> Iterator[Markup]:
    """The thresholds that did not pass."""
    every = [threshold for threshold in ordered(result.thresholds) if threshold.status != "passed"]
    for threshold in every[:MOST]:
        said = f"{threshold.status.upper()}: {of_threshold(threshold)} {threshold.text}: {value_text(threshold)}"
        yield element("li", said, class_=LEADS[threshold.status])


def trust_meaning(result: Result, most: int) -> Content:
    """What the verdict means, and at most so many of the signals that it comes from."""
    trust = result.trust
    if trust is None:
        return None
    worst = {signal.observed.code for signal in trust.signals or trust.reasons if signal.verdict == trust.verdict}
    said = meaning(trust.verdict, worst, senders(result))
    unfit = ". Do not use these figures" if trust.verdict == "INVALID" else ""
    accepted = ". They were accepted all the same (--accept-invalid)" if trust.accepted else ""
    reasons = [element("div", f"- {reason(signal)}") for signal in trust.reasons[:most]]
    if len(trust.reasons) > most:
        reasons.append(element("a", f"{several(len(trust.reasons) - most, 'more reason')} below", href="#trust"))
    return [element("span", f"{trust.verdict}: {said}{unfit}{accepted}.", class_="strong"), reasons]


# thresholds


def ordered(of: Sequence[Threshold]) -> list[Threshold]:
    """Those that did not pass first."""
    return sorted(of, key=lambda threshold: ORDER.index(threshold.status))


def of_threshold(of: Threshold) -> str:
    """`burst cycle 2 put`."""
    cycle = f"cycle {of.cycle}" if of.cycle > 1 else ""
    return " ".join(filter(None, (of.variant or "", of.phase, cycle, of.step)))


def thresholds(of: Sequence[Threshold], result: Result) -> Content:
    if not of:
        return None
    made = [(each.text, of_threshold(each), _status(each.status), value_text(each)) for each in ordered(of)]
    status = exit_text(result)
    ended_with = element("p", f"The command ended with {status}.") if status else None
    return [table(("threshold", "of", "", "measured"), made, "What the profile asks for", words=(1, 2, 3)), ended_with]


def _status(status: Status) -> tuple[str, str]:
    return (status if status == "passed" else status.upper()), STATUSES[status]


# cost


def cost(result: RunResult) -> Content:
    if result.function_cost:
        texts = [invocations.forced(result.forced_cold)] if result.forced_cold else []
        return [element("p", text) for text in (*texts, invocations.spent(result.function_cost))]
    if not result.cost:
        return None
    of = result.cost
    texts = [spent(of), prices_text(of.prices, of.region), *map(sentence, of.assumed)]
    return [element("p", text) for text in texts if text]


# trust


def trust(result: RunResult) -> Iterator[Content]:
    """What the verdict means; each signal; of each figure the share of the machines that sent it."""
    by = senders(result).all
    if measured(result) and not result.unusable:
        yield element("p", trust_meaning(result, MOST))
    if result.resolution and result.resolution.source != "assumed":
        yield element("p", f"{by[0].upper()}{by[1:]}: {machine(result.resolution)}.")
    if result.trust.signals:
        made = [_signal(signal) for signal in result.trust.signals]
        yield table(("signal", "verdict", "why it matters"), made, f"What was watched on {by}", words=(1, 2))
    if result.trust.figures:
        yield element("details", element("summary", f"What {by} made of each figure"), _judged(result, by))


def _signal(of: TrustSignal) -> tuple[Content, tuple[str, str], str]:
    style = {"good": "green", "warn": "yellow", "bad": BAD}[VERDICTS[of.verdict]]
    noted = f"{of.verdict}, noted" if of.noted else of.verdict
    return observed(of), (noted, WARN if of.noted and of.verdict == "VALID" else style), why(of)


def _judged(result: RunResult, by: str) -> Markup:
    phases = Phases(result)
    made = [
        (brief(f"{_of(of)}{phases.place(of.phase, of.cycle)} {of.step} {of.quantile}", NAME),
         ms(of.value_ms), ms(of.without_ms),
         f"{'≥ ' if of.at_least else ''}{share(of.share, 1)}", of.verdict, "yes" if of.decides else "")
        for of in result.trust.figures
    ]  # fmt: skip
    titles = ("", "ms", f"without {by}", "its share", "verdict", "decides")
    return table(titles, made, "The worst first", words=(4, 5))


def _of(of: JudgedFigure) -> str:
    return f"machine {of.machine}: " if of.machine is not None else ""


# the end


def end(result: Result) -> Markup:
    """Where all of it is kept."""
    saved = f"Saved in {result.run}" if result.run else "Not saved"
    kept = several(len(result.thresholds), "threshold") if result.thresholds else ""
    passed = sum(threshold.status == "passed" for threshold in result.thresholds)
    said = [saved, f"{count(passed)} of {kept} passed" if kept else "", f"made by loadgen {result.host.loadgen}"]
    return element("p", " · ".join(filter(None, said)))

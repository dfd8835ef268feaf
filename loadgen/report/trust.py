"""What a report says of a run's trust: what the verdict means, and a line for each signal."""

from __future__ import annotations

from collections.abc import Collection

from loadgen.report.senders import HERE, Senders
from loadgen.report.sentences import sentence
from loadgen.report.trust_sentences import SIGNAL_WORDS
from loadgen.report.values import Sentence, words
from loadgen.result.reason import Reason
from loadgen.result.run import TrustSignal, Verdict

SHARE = "share of a figure"  # the signal that `trust.figures` has more of
MARKS = {"DEGRADED": "~", "INVALID": "!"}  # of a figure of which the machine that sent it made too much
NOT_PLANNED = "rate_held"  # the code of a load that was another than the one planned


def meaning(verdict: Verdict, codes: Collection[str], by: Senders = HERE) -> str:
    """What the verdict says of a run's figures, where signals with these `codes` have that verdict: not every signal
    accuses those who sent them."""
    if verdict == "VALID":
        return f"{by.all} made hardly anything of these figures"
    invalid = verdict == "INVALID"
    if {*codes} == {NOT_PLANNED}:
        return f"the load was not {'' if invalid else 'quite '}the one planned"
    if codes and all(code in SIGNAL_WORDS and SIGNAL_WORDS[code].elsewhere for code in codes):
        return "the figures are not the target's alone"
    if "share_of_figure" not in codes:
        return "something disturbed the figures, as the reasons say"
    return f"{by.judged} made {'too much' if invalid else 'a part'} of the figures marked {MARKS[verdict]}"


def doubts(by: Senders) -> str:
    """What the marks of figures mean."""
    return f"~: {by.judged} made 2 to 10% of the figure; !: more than that."


def observed(signal: TrustSignal) -> str:
    """`core use 91%`, of one of several machines or nodes with its number."""
    return f"{_machine(signal)}{signal.signal} {sentence(signal.observed)}"


def reason(signal: TrustSignal) -> str:
    """`core use 91%: a busy generator answers late. Use more --workers`, of an experiment's run with its name."""
    run = f"{signal.variant}, round {signal.round}: " if signal.variant is not None else ""
    of = SIGNAL_WORDS.get(signal.observed.code)
    because, remedy = why(signal), _words(of.remedy, signal.observed) if of else ""
    return f"{run}{observed(signal)}{f': {because}' if because else ''}{f'. {remedy}' if remedy else ''}"


def why(signal: TrustSignal) -> str:
    """Why the signal matters; empty if that is not known."""
    of = SIGNAL_WORDS.get(signal.observed.code)
    return _words(of.why, signal.observed) if of else ""


def note(signal: TrustSignal) -> str:
    """What to know of a signal that does not count against the run; empty if there is nothing."""
    of = SIGNAL_WORDS.get(signal.observed.code)
    if not signal.noted or not of:
        return ""
    if signal.limits != signal.verdict:
        return f"{observed(signal)}: {why(signal)}; but it made hardly anything of the figures"
    return f"{_machine(signal)}{_words(of.note, signal.observed)}"


def _machine(signal: TrustSignal) -> str:
    if signal.node is not None:
        return f"node {signal.node}: "
    return f"machine {signal.machine}: " if signal.machine is not None else ""


def _words(made: Sentence, reason: Reason) -> str:
    """The sentence; nothing if its values are not as they should be."""
    try:
        return words(made, reason.values)
    except (KeyError, TypeError, ValueError, OverflowError):
        return ""

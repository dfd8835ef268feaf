"""What a signal of trust observed, why it matters and what to do, as sentences. `sentences` combines what was observed
with the sentences of a run; `trust` makes the lines of a report."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.report.values import Sentence, Values, number, words
from loadgen.report.words import ms, several

UNKNOWN = "not known"
QUIETER = "Use more --workers, a lower rate or a quieter machine"
OTHERS = "Stop what else runs on the machine, or lower the rate"
PARTS = {
    "lag": "lag", "sign": "building and signing", "wait_delay": "waiting behind what was late",
    "connect_delay": "connect delay", "client_delay": "client delay",
}  # fmt: skip
TENTH = 0.1  # of the generator's part: a smaller one is not named


@dataclass(frozen=True, slots=True)
class SignalWords:
    """The words for one code: what was observed, why it matters, what to do, and what to know where it does not count
    against the run. They do not say which machine it was: a load may come from several, and a line begins with the one
    that it is about. `elsewhere`: what was observed is not their doing."""

    observed: Sentence
    why: Sentence = ""
    remedy: Sentence = ""
    note: Sentence = ""
    elsewhere: bool = False


def _lateness(values: Values) -> str:
    tail = f", p99.9 {values['p999_ms']:.2f} ms" if "p999_ms" in values else ""
    return f"p99 {values['p99_ms']:.2f} ms{tail}"


def _share(values: Values) -> str:
    cycle = f"cycle {values['cycle']}" if number(values, "cycle") > 1 else ""
    where = " ".join(filter(None, (str(values["phase"]), cycle, str(values.get("step", "")))))
    least = "at least " if "at_least" in values else ""
    return f"{least}{values['share']:.1%} of {values['quantile']} of {where}"


def _share_why(values: Values) -> str:
    own = number(values, "own_ms")
    parts = {text: number(values, f"{name}_ms") for name, text in PARTS.items() if f"{name}_ms" in values}
    causes = ", ".join(
        f"{text} {part:.2f} ms"
        for text, part in sorted(parts.items(), key=lambda part: -part[1])
        if part >= own * TENTH
    )
    made = f" ({causes})" if causes else ""
    return f"the generator made {own:.2f} of its {values['value_ms']:.2f} ms{made}"


def _share_remedy(values: Values) -> str:
    cause = SIGNAL_WORDS.get(str(values.get("cause")))
    return words(cause.remedy, values) if cause else QUIETER


def _rate(values: Values) -> str:
    worst = f", {values['worst_share']:.1%} in the worst 10 s" if "worst_share" in values else ""
    return f"{values['share']:.2%}{worst}"


def _core(values: Values) -> str:
    worker = f" (worker {values['worker']})" if "worker" in values else ""
    return f"{values['share']:.0%}{worker}"


def _waiting(values: Values) -> str:
    often = f", preempted {values['preemptions_per_s']:,.0f} times a second" if "preemptions_per_s" in values else ""
    return f"{values['share']:.1%}{often}"


def _quota(values: Values) -> str:
    return f"throttled in {values['periods']} periods" if values["periods"] else "never throttled"


def _resources(values: Values) -> str:
    return f"{values['requests']} requests failed for want of them" if values["requests"] else "enough"


def _retransmits(values: Values) -> str:
    count, of = number(values, "sent_again"), number(values, "segments")
    return f"{count:,} of {of:,} segments ({count / of:.2%})" if count else f"none of {of:,} segments"


def _syn_retries(values: Values) -> str:
    count, of = number(values, "retried"), number(values, "connects")
    by = ", by how long they took" if values["by"] == "times" else ""
    if not count:
        return f"none of {of:,} connects{by}"
    most = f", most of them after {values['after_s']} s" if "after_s" in values else ""
    return f"{count:,} of {of:,} connects ({count / of:.2%}){most}{by}{_dropped(values)}"


def _dropped(values: Values) -> str:
    if "dropped" not in values:
        return ""
    return f"; {values['dropped']:,} were dropped where they were sent, by a listener whose queue was full"


def _pool_note(values: Values) -> str:
    late = "late_ms" in values
    whose = "what was late in the generator made it longer" if late else "it was neither the target nor the generator"
    return f"session.connections: {values['cap']} made requests wait, and {whose}"


def _reconnects_note(values: Values) -> str:
    look_up = f"; the slowest name look-up took {values['dns_max_ms']:.2f} ms" if "dns_max_ms" in values else ""
    return (
        f"the target closed {values['connections']:,} connections while idle, and a request that makes a new one takes "
        f"longer{look_up}"
    )


def _agrees(values: Values) -> str:
    figures = number(values, "figures")
    rest = f"; {values['not_judged']:,} not judged" if values["not_judged"] else ""
    return f"agrees in {several(figures, 'figure')}{rest}"


def _disagrees(values: Values) -> str:
    cycle = f" {values['cycle']}" if "cycle" in values else ""
    more = f", and {values['others']:,} more" if values["others"] else ""
    workers, own, low, high = (ms(_optional(values, f"{of}_ms")) for of in ("workers", "witness", "low", "high"))
    return (
        f"{values['phase']}{cycle}, {values['step']}, {values['metric']} {values['quantile']}: the workers' {workers} "
        f"ms, its own {own} ms ({low} to {high}){more}"
    )


def _optional(values: Values, name: str) -> float | None:
    return number(values, name) if name in values else None


LITTLE_LEFT = "little is left, and a burst would run out"

SIGNAL_WORDS = {
    "share_of_figure": SignalWords(_share, _share_why, _share_remedy),
    "too_few_answered": SignalWords(f"{UNKNOWN}: too few requests were answered"),
    "not_observed": SignalWords(UNKNOWN),
    "no_due_time": SignalWords("does not apply: no measured request had a due time"),
    "no_stamps": SignalWords(f"{UNKNOWN}: no answer has a kernel stamp"),
    "too_soon_to_know": SignalWords(f"{UNKNOWN}: it was over too soon"),
    "lag": SignalWords(
        _lateness, "requests left later than the schedule says, and that is in their response times", QUIETER
    ),
    "client_delay": SignalWords(
        _lateness,
        "answers were read later than the kernel had them, and that is in their service and response times",
        QUIETER,
    ),
    "loop_stalls": SignalWords(
        "p99 {p99_ms:.2f} ms, max {max_ms:.2f} ms", "this process did not run when it should have", OTHERS
    ),
    "core_use": SignalWords(
        _core,
        "a busy generator answers late, and its own queueing is in the figures",
        "Use more --workers or a lower rate",
    ),
    "waiting_for_cpu": SignalWords(
        _waiting, "the generator was ready to run and had to wait for a CPU", "Stop what else runs on the machine"
    ),
    "cpu_pressure": SignalWords(
        "{share:.1%}", "more wanted to run than there are CPUs", "Stop what else runs on the machine"
    ),
    "steal": SignalWords(
        "{share:.2%}", "the hypervisor gave the machine's CPU to others", "Use a machine with cores of its own"
    ),
    "gc": SignalWords(
        "longest {longest_ms:.2f} ms",
        "Python's garbage collector paused the generator",
        "Use client: wire, which does not need it",
    ),
    "rate_held": SignalWords(
        _rate,
        "iterations that were due could not be started, so the load was not the one planned",
        "Raise in_flight_limit, or lower the rate",
        elsewhere=True,
    ),
    "quota": SignalWords(
        _quota, "the container's CPU quota stopped the generator", "Raise the quota, or lower the rate"
    ),
    "clock": SignalWords(
        "largest step {step_ms:.2f} ms",
        "the clock was set, or the machine stood still",
        "Let the clock be set between runs; do not suspend or migrate the machine during one",
    ),
    "client_resources": SignalWords(
        _resources,
        "the machine ran out of ports, descriptors or memory; that is not the target's doing",
        "See the failing exchanges for which; raise ulimit -n, use a shared session or a lower rate",
    ),
    "descriptors": SignalWords("{share:.0%} used", LITTLE_LEFT, "Raise ulimit -n, or cap session.connections"),
    "ports": SignalWords("{share:.0%} used", LITTLE_LEFT, "Use a shared session, or lower the rate of new connections"),
    "ledgers": SignalWords(
        lambda values: "do not add up" if "differences" in values else "add up",
        "{differences}",
        "This is a bug in loadgen: please report it",
        elsewhere=True,
    ),
    "sandbox": SignalWords(
        "lag p99 {lag_p99_ms:.2f} ms, core use {core_use:.0%}",
        "the simulated target itself answered later than it meant to",
        "Lower the rate, or give it a core of its own",
    ),
    "retransmits": SignalWords(
        _retransmits,
        note="{sent_again:,} of {segments:,} segments were sent again: each may have made a request 200 ms late or "
        "more. The way to the target lost them",
    ),
    "syn_retries": SignalWords(
        _syn_retries,
        note=lambda values: (
            f"{values['retried']:,} of {values['connects']:,} connects waited 1 s or more for their first packet to be "
            f"sent again{_dropped(values)}: the target's queue for new connections is full, or the network loses "
            "packets"
        ),
    ),
    "no_connects": SignalWords("do not apply: nothing was connected"),
    "pool": SignalWords("wait p99 {p99_ms:.2f} ms", note=_pool_note),
    "witness_lost": SignalWords(f"{UNKNOWN}: it was lost"),
    "witness_late": SignalWords(f"{UNKNOWN}: it was late itself, p99 {{p99_ms:.2f}} ms"),
    "witness_too_few": SignalWords(f"{UNKNOWN}: it had too few exchanges"),
    "witness_agrees": SignalWords(_agrees),
    "witness_above": SignalWords(
        _disagrees,
        "a quiet process that sent the same at the same time saw less, so that the rest is this machine's own",
        QUIETER,
    ),
    "witness_below": SignalWords(
        _disagrees,
        "a quiet process that sent the same at the same time saw more, and one of the two is wrong",
        "See what it saw: loadgen report {folder}",
    ),
    "reconnects": SignalWords("{connections:,} connections", note=_reconnects_note),
}
TRUST_SENTENCES = {code: of.observed for code, of in SIGNAL_WORDS.items()}

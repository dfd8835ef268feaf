"""What the figures prove, as sentences with a full stop. `sentences` combines them with the others."""

from __future__ import annotations

from loadgen.report.values import Sentence, Values, number
from loadgen.report.words import brief, count, ms, rate, several, share
from loadgen.result.cold import cold_of
from loadgen.result.run import Finding

NAME = 24  # characters
ADDRESS = 39  # as many as the longest has


def where(of: Finding, several_phases: bool) -> str:
    """`burst put: `, before the sentence of a finding; empty if there is nothing to tell apart."""
    names = [of.phase if several_phases else "", of.step]
    text = " ".join(brief(name, NAME) for name in names if name)
    return f"{text}: " if text else ""


def span(values: Values, name: str) -> str:
    """`326-335`, or one number if both ends look alike; without the unit."""
    low, high = (ms(number(values, f"{name}_{end}_ms")) for end in ("low", "high"))
    return low if low == high else f"{low}-{high}"


def _phase_grows(values: Values) -> str:
    answered = values.get("answered")
    of = f", and {share(float(answered), 1)} was answered while it ran" if answered is not None else ""
    grew = f"{ms(number(values, 'begin_ms'))} to {ms(number(values, 'end_ms'))} ms"
    return f"Not settled: these figures depend on how long it ran. The mean grew from {grew}{of}."


def _target_stalled(values: Values) -> str:
    at, lasted, times = (number(values, name) for name in ("at_s", "lasted_s", "times"))
    due = f"no answer came, while {several(number(values, 'requests'), 'request')} were due"
    again = f" That is the longest of {count(times)} such times." if times > 1 else ""
    return f"The target, or the way to it, stalled at {at:.1f} s for {lasted:.1f} s: {due}.{again}"


def _timeouts_hide(values: Values) -> str:
    return (
        f"{values['quantile']} is among {several(number(values, 'timeouts'), 'timeout')} of "
        f"{several(number(values, 'requests'), 'request')}: it is more than {ms(number(values, 'bound_ms'))} ms, and "
        "nobody knows how much more. A longer timeout would tell."
    )


def _throttled(values: Values) -> str:
    why = f" ({values['reason']})" if values.get("reason") else ""
    requests, sent = number(values, "requests"), number(values, "sent")
    return f"{count(requests)} of {several(sent, 'request')}, {share(requests, sent)}, were throttled{why}."


def _cold_wave(values: Values) -> str:
    told, cold, sent, throttled = (number(values, name) for name in ("told", "cold", "sent", "throttled"))
    refused = f", and {share(throttled, sent)} of the requests were throttled" if throttled else ""
    started = f"{several(cold, 'environment')} started in {number(values, 'last_s'):g} s"
    if "environments" in values:
        least = "at least " if values["more"] else ""
        answered = several(number(values, "environments"), "environment")
        started += f", {least}{answered} answered, {count(number(values, 'new'))} of them new"
    was = f"where it was in {values['before']}, {span(values, 'before')} ms"
    if "after_s" in values:
        back = f"After {number(values, 'after_s'):g} s the p99 was back {was}."
    else:
        back = f"When the phase ended, the p99 was not yet back {was}."
    return f"A cold wave: {started}, {share(cold, told)} of the answers were cold{refused}. {back}"


def _stratum_made_tail(values: Values) -> str:
    cold = cold_of(str(values["stratum"])) is True
    cause = "cold starts" if cold else f"the requests with {values['stratum']}"
    if "before" in values:
        was = f"{span(values, 'before')} ms in {values['before']}{_at(values, 'before_per_s')}"
        rose = f"p99 rose from {was} to {span(values, 'p99')}{_at(values, 'per_s')}: {cause}."
    else:
        rose = f"{cause[0].upper()}{cause[1:]} made the p99, {span(values, 'p99')} ms."
    own = f"{share(number(values, 'share'), 1)} of its requests {'were cold' if cold else 'have it'}"
    others = "the warm ones" if cold else "the others"
    return f"{rose} {own} (p50 {span(values, 'p50')} ms); {others} kept a p99 of {span(values, 'others')} ms."


def _at(values: Values, name: str) -> str:
    return f" ({rate(number(values, name))})" if name in values else ""


def _two_kinds(values: Values) -> str:
    low, high = (100 * number(values, f"slow_share_{end}") for end in ("low", "high"))
    between = number(values, "between")
    inside = f"{count(between)} in between" if between else "none in between"
    said = (
        f"Two kinds of answer: {share(number(values, 'fast_share'), 1)} took at most "
        f"{ms(number(values, 'fast_high_ms'))} ms, {share(number(values, 'slow_share'), 1)} [{low:.2g}, {high:.2g}] "
        f"took {span(values, 'slow')} ms, {inside}."
    )
    if "quantile" not in values:
        return said
    ends = " or ".join(ms(number(values, f"{end}_ms")) for end in ("low", "high"))
    return f"{said} {values['quantile']} lies on that step: it may be {ends}."


def _part(values: Values) -> str:
    return f"{ms(number(values, 'part_ms'))} of the {ms(number(values, 'value_ms'))} ms at {values['quantile']}"


def _queue_for_connections(values: Values) -> str:
    return f"{_part(values)} are waiting for a connection. A higher session.connections lets more requests out at once."


def _new_connections(values: Values) -> str:
    return f"{_part(values)} are making a new connection. A shared session would save them."


def _step_behind(values: Values) -> str:
    more = "more than " if values.get("timeouts") else ""
    own = f"its p99 is {more}{span(values, 'p99')} ms"
    said = f"This step is behind: {own}, that of the others {span(values, 'others')} ms."
    if "tail_share" not in values:
        return said
    tail, every = (share(number(values, name), 1) for name in ("tail_share", "share"))
    return f"{said} Of the requests beyond the p99 of all, {tail} are of this step, which has {every} of all requests."


def _node_differs(values: Values) -> str:
    zone = f" in {values['zone']}" if "zone" in values else ""
    name = f"node {values['node']}{zone}"
    return f"One node differs: {_apart(values, name)}"


def _worker_differs(values: Values) -> str:
    return f"One worker differs: {_apart(values, 'worker ' + str(values['worker']))}"


def _address_differs(values: Values) -> str:
    return f"One address of the target differs: {_apart(values, brief(str(values['address']), ADDRESS))}"


def _key_differs(values: Values) -> str:
    name = f"key {values['key']} of the profile's choice"
    return f"One partition key is behind: {_apart(values, name)}"


def _apart(values: Values, name: str) -> str:
    more = "more than " if values.get("timeouts") else ""
    own = f"the {values['quantile']} of {name} is {more}{span(values, 'value')} ms"
    return f"{own}, that of the others {span(values, 'others')} ms."


def _machine_differs(values: Values) -> str:
    name = f"machine {values['machine']} of {values['of']}"
    return f"One machine differs: {_apart(values, name)} Look at where it stands."


def _far_away(values: Values) -> str:
    return f"{_part(values)} are your way to the target, one round trip. Run loadgen in the target's region."


FINDING_SENTENCES: dict[str, Sentence] = {
    "phase_grows": _phase_grows,
    "target_stalled": _target_stalled,
    "timeouts_hide": _timeouts_hide,
    "throttled": _throttled,
    "cold_wave": _cold_wave,
    "stratum_made_tail": _stratum_made_tail,
    "two_kinds": _two_kinds,
    "queue_for_connections": _queue_for_connections,
    "new_connections": _new_connections,
    "step_behind": _step_behind,
    "machine_differs": _machine_differs,
    "node_differs": _node_differs,
    "worker_differs": _worker_differs,
    "address_differs": _address_differs,
    "key_differs": _key_differs,
    "far_away": _far_away,
}

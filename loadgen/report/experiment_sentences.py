"""The reasons of an experiment, and of two runs, as sentences. `sentences` combines them with those of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loadgen.report.values import Sentence, Values, number, words
from loadgen.report.words import several


def _connections_not_as_said(values: Values) -> str:
    expected = f", not {values['expected']:.2f}" if "expected" in values else ""
    idle = f" (closed by the target while idle: {values['closed_idle']:,})" if "closed_idle" in values else ""
    return (
        f"{values['variant']}, round {values['round']}: the session is {values['reuse']}, but "
        f"{values['per_request']:.2f} connections were opened for each request{expected}{idle}"
    )


# what several runs may have: how each of them is named, and the line that names them, where it has a lead
RUN = "{variant}, round {round}"
RUNS: dict[str, Sentence] = {
    "broken_off": RUN,
    "accepted_run": RUN,
    "no_connections": RUN,
    "same_settings": "{variant}: {client}, {reuse}, {target}",
    "setting_changed": "{variant}: another {setting} in round {round}",
    "connections_as_said": "{variant} {per_request:.2f}",
    "connections_not_as_said": _connections_not_as_said,
    "other_load": "{variant} had another load than {baseline} in round {round}",
    "load_not_started": "{variant}, round {round}: {share:.1%} of what {phase} planned was started",
}
LEADS = {
    "broken_off": "did not come to their end: ",
    "accepted_run": "INVALID, which was accepted: ",
    "no_connections": "no request had a connection: ",
    "connections_as_said": "opened for each request: ",
}


def listed(code: str, runs: Sequence[Values], more: int = 0) -> str:
    """The sentence for several reasons of one code of `RUNS`; so many `more` are not named."""
    rest = f" (and {more} more like it)" if more else ""
    return f"{LEADS.get(code, '')}{'; '.join(words(RUNS[code], values) for values in runs)}{rest}"


def _alone(code: str) -> Callable[[Values], str]:
    return lambda values: listed(code, [values])


def _connection_caps(values: Values) -> str:
    waited = {which: number(values, f"{which}_runs") for which in ("baseline", "variant")}
    of = {which: f"{values[which]} ({_cap(values, f'{which}_cap')})" for which in waited}
    if not any(waited.values()):
        return f"{' and '.join(of.values())} have other caps, and no request waited for a connection"
    runs = [f"{waited[which]} of {several(number(values, 'runs'), 'run')} of {of[which]}" for which in waited]
    return f"requests waited for a connection in {' and '.join(runs)}; the wait is a part of the difference"


def _cap(values: Values, name: str) -> str:
    return f"at most {values[name]:,}" if name in values else "no cap"


def _unplanned_look(values: Values) -> str:
    rounds = number(values, "rounds")
    done = f"{several(rounds, 'round')} {'is' if rounds == 1 else 'are'} complete"
    return f"{done}, and a verdict was planned after {values['planned']}"


def _too_few_rounds(values: Values) -> str:
    return f"{several(number(values, 'rounds'), 'round')}: no interval, which takes {values['needs']}"


def _few_points(values: Values) -> str:
    return f"{several(number(values, 'points'), 'value')} at which both have settled and are known, and a slope takes 2"


def _target_not_equivalent(values: Values) -> str:
    of = f" of {values['step']}" if values.get("step") else ""
    known = {"none": "not judged", "inconclusive": "not known well enough"}
    said = known.get(str(values["verdict"]), str(values["verdict"]))
    return f"the figures are alike, but the target's own time{of} is {said}"


COUNTED = "of {runs} runs each {baseline_runs} of {baseline}, {variant_runs} of {variant}"
FAILED = "{variant_share:.2%} of {variant} failed, and {baseline_share:.2%} of {baseline}"

EXPERIMENT_SENTENCES: dict[str, Sentence] = {
    **{code: _alone(code) for code in RUNS},
    "rounds_complete": "{rounds} of {planned} rounds",
    "unplanned_look": _unplanned_look,
    "all_valid": "every run was VALID",
    "degraded_runs": f"less than VALID, {COUNTED}",
    "many_invalid_runs": f"INVALID, {COUNTED}: too many of the figures are this machine's",
    "uneven_invalid_runs": f"INVALID, {COUNTED}: what this machine does would look like a difference between them",
    "whatever_own_part": "it holds whatever part of the figures this machine made: {ratio_low:.2f} to {ratio_high:.2f} "
    "times",
    "same_load": "the same arrivals for both in each round, and {share:.1%} of them started at the least",
    "same_rate": "the same rate for both, with arrivals of their own, and {share:.1%} of them started at the least",
    "failures_even": FAILED,
    "failures_uneven": f"{FAILED}: {{quantile}} allows a difference of {{allowed:.2%}}",
    "primary_missing": "{variant} and {baseline} do not both have the primary figure",
    "connection_caps": _connection_caps,
    "in_step": "{variant} and {baseline} have constant arrivals at the same time, so that one may always be behind the "
    "other. `arrivals: poisson` mixes them",
    "trend": "the ratio of {variant} to {baseline} has a trend over the rounds (by chance: {chance:.2%}): it is given "
    "for all of them together",
    "no_round": "no round is complete",
    "zero_figure": "a figure is 0, so there is no ratio",
    "few_points": _few_points,
    "too_few_rounds": _too_few_rounds,
    "target_not_equivalent": _target_not_equivalent,
    "could_be_chance": "with {figures} figures compared, this could be chance",
    "limit_inside": "{limit:g} lies within",
    "unreadable": "a run cannot be read: {error}",
    "different_times": "the runs were at different times, and the machine, the network or the target may have been "
    "slower in between. For a verdict, let the variants take turns in an experiment",
    "same_arrivals": "both runs have seed {seed}, and so the same arrivals. What they have in common may be due to "
    "these: `--seed random` draws others",
    "compared_invalid": "{run} is INVALID, which was accepted: its figures are not the target's",
}

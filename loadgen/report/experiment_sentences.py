"""The reasons of an experiment, and of two runs, as sentences. `sentences` combines them with those of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loadgen.report.values import Sentence, Values, number, words
from loadgen.report.words import several, there


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
    "cap_in_the_way": RUN,
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
    "cap_in_the_way": "requests waited for a connection in some runs only: ",
    "connections_as_said": "opened for each request: ",
}


def listed(code: str, runs: Sequence[Values], more: int = 0) -> str:
    """The sentence for several reasons of one code of `RUNS`; so many `more` are not named."""
    rest = f" (and {more} more like it)" if more else ""
    return f"{LEADS.get(code, '')}{'; '.join(words(RUNS[code], values) for values in runs)}{rest}"


def _alone(code: str) -> Callable[[Values], str]:
    return lambda values: listed(code, [values])


def _caps_differ(values: Values) -> str:
    return "; ".join(f"{values[of]}: {_cap(values, f'{of}_cap')}" for of in ("baseline", "variant"))


def _peak_connections(values: Values) -> str:
    return f"{values['variant']}: {_cap(values, 'cap')}, open at once {values['peak']:,}"


def _cap(values: Values, name: str) -> str:
    return f"at most {values[name]:,}" if name in values else "no cap"


def _unplanned_look(values: Values) -> str:
    rounds = number(values, "rounds")
    done = f"{several(rounds, 'round')} {'is' if rounds == 1 else 'are'} complete"
    return f"{done}, and a verdict was planned after {values['planned']}"


def _too_few_rounds(values: Values) -> str:
    return f"needs {several(number(values, 'needs'), 'round')}, {there(number(values, 'rounds'))}"


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
    "peak_connections": _peak_connections,
    "caps_differ": _caps_differ,
    "cap_for_all": "it was in the way of all alike",
    "same_load": "the same arrivals for both in each round, and {share:.1%} of them started at the least",
    "failures_even": FAILED,
    "failures_uneven": f"{FAILED}: {{quantile}} allows a difference of {{allowed:.2%}}",
    "primary_missing": "{variant} and {baseline} do not both have the primary figure",
    "no_trend": "the ratio of {variant} to {baseline} has no trend over the rounds (by chance: {chance:.2%})",
    "trend": "the ratio of {variant} to {baseline} has a trend over the rounds (by chance: {chance:.2%})",
    "no_round": "no round is complete",
    "one_round": "one round does not show how much rounds differ",
    "zero_figure": "a figure is 0, so there is no ratio",
    "too_few_rounds": _too_few_rounds,
    "ratio_drifts": "the difference grows, or shrinks, from round to round",
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

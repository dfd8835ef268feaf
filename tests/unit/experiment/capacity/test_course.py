"""Which rate comes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from capacity_steps import plan, step

from loadgen.experiment.capacity.course import Next, broke, next_step
from loadgen.result.capacity import CapacityPlan, CapacityStep


def carried_out(of: CapacityPlan, share: Callable[[float], float]) -> list[CapacityStep]:
    made: list[CapacityStep] = []
    while due := next_step(of, made):
        made.append(step(due.rate, share(due.rate), number=due.number, stage=due.stage))
    return made


def cliff(at: float) -> Callable[[float], float]:
    return lambda rate: 0.9 if rate > at else 0.0


def test_it_doubles_and_then_narrows() -> None:
    rates = [of.rate for of in carried_out(plan(first_rate=10.0), cliff(100)) if of.stage == "search"]
    assert rates == [10, 20, 40, 80, 160, 113.1, 95.12]


def test_a_first_rate_that_breaks_is_halved() -> None:
    rates = [of.rate for of in carried_out(plan(first_rate=300.0), cliff(100)) if of.stage == "search"]
    assert rates == [300, 150, 75, 106.1, 89.2]


def test_the_measured_steps_lie_around_what_the_search_found() -> None:
    measured = [of.rate for of in carried_out(plan(steps=18), cliff(100)) if of.stage == "measure"]
    assert len(measured) == 18
    assert all(80 < rate < 130 for rate in measured)
    assert measured != sorted(measured), "in a drawn order"
    assert all(90 < rate < 115 for rate in measured[6:]), "and the later ones nearer to it"


def test_the_same_seed_gives_the_same_rates() -> None:
    first, second, other = (carried_out(plan(seed=seed), cliff(100)) for seed in (1, 1, 2))
    assert first == second
    assert [of.rate for of in first] != [of.rate for of in other]


def test_no_rate_is_above_the_highest() -> None:
    made = carried_out(plan(max_rate=105.0, steps=18), cliff(100))
    assert max(of.rate for of in made) == 105


def test_a_highest_rate_that_is_kept_is_tried_some_more() -> None:
    """A single short step of the search says little."""
    made = carried_out(plan(max_rate=50.0, steps=18), cliff(100))
    assert [of.rate for of in made if of.stage == "search"] == [20, 40, 50]
    measured = [of.rate for of in made if of.stage == "measure"]
    assert len(measured) == 6 and all(43 < rate <= 50 for rate in measured)
    chance = [step(rate, number=at, stage="search") for at, rate in enumerate((20.0, 40.0, 50.0), start=1)]
    while due := next_step(plan(max_rate=50.0, steps=18), chance):
        chance.append(step(due.rate, 0.5 if due.rate > 46 else 0.0, number=due.number, stage=due.stage))
    assert sum(of.stage == "measure" for of in chance) == 18, "the search was wrong"
    assert max(of.rate for of in chance) == 50


def test_a_target_that_keeps_nothing_is_given_up() -> None:
    made = carried_out(plan(first_rate=16.0), lambda rate: 0.9)
    assert [of.rate for of in made] == [16, 8, 4, 2, 1]


def test_it_goes_on_from_any_step() -> None:
    """An interrupted measurement is resumed by what its steps tell alone."""
    whole = carried_out(plan(), cliff(100))
    for number in range(len(whole)):
        due = next_step(plan(), whole[:number])
        assert due == Next(number + 1, whole[number].stage, whole[number].rate)


def test_one_slow_request_breaks_no_step_of_the_search() -> None:
    assert not broke(step(10, 0.02, requests=60))
    assert broke(step(10, 0.06, requests=60))
    assert not broke(replace(step(10, 0.01, requests=1000)))


def of_both(of: CapacityPlan, at: dict[str, float], most: int = 1000) -> list[CapacityStep]:
    """A measurement of variants that break at these rates."""
    made: list[CapacityStep] = []
    while (due := next_step(of, made)) and len(made) < most:
        share = cliff(at[due.variant])(due.rate)
        made.append(replace(step(due.rate, share, number=due.number, stage=due.stage), variant=due.variant))
    return made


def test_variants_take_turns() -> None:
    """So that a target that becomes slower does so for all of them."""
    both = plan(steps=18, variants=("shared", "fresh"))
    made = of_both(both, {"shared": 100, "fresh": 1000})
    stages = [of.stage for of in made]
    assert stages == sorted(stages, reverse=True), "all have searched before one is measured"
    measured = [of for of in made if of.stage == "measure"]
    assert len(measured) == 36
    pairs = [{first.variant, second.variant} for first, second in zip(measured[::2], measured[1::2], strict=True)]
    assert pairs == [{"shared", "fresh"}] * 18
    assert len({of.variant for of in measured[::2]}) == 2, "now the one is first, now the other"
    assert [of.number for of in made] == list(range(1, len(made) + 1))


def test_a_variant_has_the_steps_that_it_has_alone() -> None:
    alone = carried_out(plan(steps=18), cliff(100))
    both = of_both(plan(steps=18, variants=("shared", "fresh")), {"shared": 100, "fresh": 1000})
    assert [of.rate for of in both if of.variant == "shared"] == [of.rate for of in alone]


def test_several_variants_go_on_from_any_step() -> None:
    of, at = plan(variants=("shared", "fresh", "other")), {"shared": 100.0, "fresh": 80.0, "other": 300.0}
    whole = of_both(of, at)
    for number in range(0, len(whole), 3):
        due = next_step(of, whole[:number])
        assert due and (due.variant, due.rate) == (whole[number].variant, whole[number].rate)

"""Which size is chosen, by hand-computed figures; and Power Tuning's form of the result, whose link says the same."""

from __future__ import annotations

import struct
from base64 import b64decode
from dataclasses import replace

import pytest

from loadgen.aws.lambda_prices import lambda_price
from loadgen.experiment.tune.power import PAGE, link, power_tuning
from loadgen.experiment.tune.strategies import balanced, choices
from loadgen.result.latency import Latency
from loadgen.result.tune import PowerStat, SizeCondition, TuneSize

NO_LATENCY = Latency(0, None, None, {}, 0.0, None, 0)


def size(memory: int, trimmed_ms: float | None, trimmed_usd: float | None, kept: bool | None = None) -> TuneSize:
    condition = SizeCondition("p99 < 100ms", None, None, None, kept)
    return TuneSize(
        memory=memory,
        calls=10,
        failed=0,
        warm=NO_LATENCY,
        handler=NO_LATENCY,
        cold=NO_LATENCY,
        cold_share=None,
        billed_ms=trimmed_ms,
        cold_billed_ms=None,
        usd_per_million=None if trimmed_usd is None else 1e6 * trimmed_usd + 0.2,
        usd_per_million_inside=None,
        trimmed_ms=trimmed_ms,
        trimmed_usd=trimmed_usd,
        conditions=(condition,),
    )


# by hand: price / 8 and time / 1000, halved and added: 0.5 + 0.5 = 0.625, 0.25 + 0.3125 = 0.475, 0.5 + 0.1 = 0.6
SIZES = (size(128, 1000, 2e-6), size(512, 300, 5e-6), size(1024, 200, 8e-6))


def chosen(*sizes: TuneSize, keeping: bool = False) -> dict[str, int | None]:
    return {of.strategy: of.memory for of in choices(sizes, keeping)}


def test_each_strategy_by_hand() -> None:
    assert chosen(*SIZES) == {"cost": 128, "speed": 1024, "balanced": 512}


@pytest.mark.parametrize(("weight", "memory"), [(0.0, 1024), (0.3, 1024), (0.5, 512), (0.9, 128), (1.0, 128)])
def test_a_weight_moves_the_balance(weight: float, memory: int) -> None:
    """0.3: 0.775, 0.3975, 0.44 of price and time; 0.9: 0.325, 0.5925, 0.92."""
    known = {of.memory: (of.trimmed_usd or 0.0, of.trimmed_ms or 0.0) for of in SIZES}
    assert balanced(known, weight) == (512 if weight == 0.3 else memory)


def test_of_equal_ones_the_other_figure_and_then_the_smaller_size_decide() -> None:
    assert chosen(size(128, 9, 2e-6), size(256, 5, 2e-6))["cost"] == 256
    assert chosen(size(128, 5, 2e-6), size(256, 5, 1e-6))["speed"] == 256
    assert chosen(size(256, 5, 2e-6), size(128, 5, 2e-6)) == {"cost": 128, "speed": 128, "balanced": 128}


def test_the_cheapest_that_keeps() -> None:
    sizes = (size(128, 9, 1e-6, False), size(256, 5, 3e-6, True), size(512, 4, 2e-6, True), size(1024, 3, 1e-6, None))
    assert chosen(*sizes, keeping=True)["keep"] == 512
    assert chosen(*sizes[::3], keeping=True)["keep"] is None


def test_sizes_without_figures_are_not_chosen() -> None:
    assert chosen(size(128, None, None), size(256, 5, 2e-6)) == {"cost": 256, "speed": 256, "balanced": 256}
    assert chosen() == {"cost": None, "speed": None, "balanced": None}
    assert power_tuning([size(128, None, None)], None, 1.0) is None


def decoded(url: str) -> list[tuple[int, float, float]]:
    sizes, times, prices = (b64decode(part) for part in url.removeprefix(f"{PAGE}#").split(";"))
    number = len(sizes) // 2
    return [*zip(
        struct.unpack(f"<{number}h", sizes), struct.unpack(f"<{number}f", times), struct.unpack(f"<{number}f", prices),
        strict=True,
    )]  # fmt: skip


def test_the_link_says_the_same() -> None:
    made = power_tuning(SIZES[::-1], 128, 0.5)
    assert made and (made.power, made.cost, made.duration) == (128, 2e-6, 1000)
    assert made.stateMachine.lambdaCost == 0.5
    told = [
        (stat.value, stat.averageDuration, stat.averagePrice) for stat in sorted(made.stats, key=lambda of: of.value)
    ]
    for (memory, ms, usd), expected in zip(decoded(made.stateMachine.visualization), told, strict=True):
        assert memory == expected[0]
        assert (ms, usd) == pytest.approx(expected[1:], rel=1e-7)


def test_the_example_of_power_tunings_readme_is_made_again() -> None:
    """https://github.com/alexcasalboni/aws-lambda-power-tuning#state-machine-output, 4.4.0."""
    example = f"{PAGE}#gAAAAQACAAQABsAL;ZooQR4yvkUa/pQRGRC5zRaADHUVjOftE;QdWhOEMkoziDT5Q4xhiIOMYYiDi6RNc4"
    stats = [PowerStat(memory, usd, ms) for memory, ms, usd in decoded(example)]
    assert [stat.value for stat in stats] == [128, 256, 512, 1024, 1536, 3008]
    assert link(stats) == example


def test_prices() -> None:
    """https://aws.amazon.com/lambda/pricing/: 1536 MB for 120 ms, three million times, are 540,000 GB-s."""
    price = lambda_price("us-east-1", "x86_64")
    assert 3e6 * price.duration(1536, 120) == pytest.approx(540_000 * 0.0000166667)
    assert price.million_calls(1536, 120) == pytest.approx(180_000 * 0.0000166667 + 0.2)
    assert lambda_price("eu-west-9", "arm64") == lambda_price("us-east-1", "arm64") != price
    assert replace(SIZES[0], conditions=()).kept is True

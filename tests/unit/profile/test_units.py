"""Units: durations, rates, sizes and shares are read as they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.profile import units


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1ns", 1),
        ("250us", 250_000),
        ("250ms", 250_000_000),
        ("1.5s", 1_500_000_000),
        ("0.1s", 100_000_000),
        ("90 s", 90_000_000_000),
        ("5m", 300_000_000_000),
        ("1h", 3_600_000_000_000),
        ("0s", 0),
        ("0.000000001s", 1),
        ("1m30s", 90_000_000_000),
        ("1h30m", 5_400_000_000_000),
        ("1h 5m 0.5s", 3_900_500_000_000),
        ("2m500ms", 120_500_000_000),
    ],
)
def test_durations(text: str, ns: int) -> None:
    assert units.duration(text) == ns


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "5 sec",
        "",
        "s",
        "-1s",
        "1e3s",
        "30s1m",
        "1m2h",
        "1m1m",
        "1s500ms",
        "1.5m30s",
        "1m30",
        "٣s",
        "0.5ns",
        "9000h",
        "1.s",
        "5S",
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'.*' is "):
        units.duration(text)


@given(st.integers(0, units.DURATION_LIMIT))
def test_a_duration_is_written_as_it_is_read(ns: int) -> None:
    assert units.duration(units.format_duration(ns)) == ns


def test_durations_are_written_short() -> None:
    written = [units.format_duration(ns) for ns in (0, 999, 1500, 250_000_000, 10**9, 90 * 10**9, 300 * 10**9)]
    assert written == ["0s", "999ns", "1.5us", "250ms", "1s", "90s", "5m"]


@pytest.mark.parametrize(
    ("text", "rate"), [("200/s", 200), ("12000/m", 200), ("3600/h", 1), ("0.5/s", 0.5), ("0/s", 0)]
)
def test_rates(text: str, rate: float) -> None:
    assert units.rate(text) == rate


@given(st.integers(1, 10**9), st.sampled_from(["/s", "/m", "/h"]))
def test_a_rate_is_written_as_it_is_read(count: int, unit: str) -> None:
    text = f"{count}{unit}"
    try:
        rate = units.rate(text)
    except ValueError:
        assert count / units.RATES[unit] > units.RATE_LIMIT
        return
    assert units.rate(units.format_rate(rate)) == pytest.approx(rate, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "size"), [("512B", 512), ("4KiB", 4096), ("4kB", 4000), ("10MiB", 10 * 2**20), ("1.5KiB", 1536), ("0B", 0)]
)
def test_sizes(text: str, size: int) -> None:
    assert units.size(text) == size


@pytest.mark.parametrize("text", ["4", "4KB", "0.3B", "2000GiB", "4 kib"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'.*' is "):
        units.size(text)


def test_shares() -> None:
    assert [units.share(text) for text in ("0%", "5%", "0.1%", "100 %")] == [0, 0.05, 0.001, 1]
    for text in ("5", "101%", "0.05", "-1%"):
        with pytest.raises(ValueError, match=r"^'.*' is "):
            units.share(text)


@given(st.text() | st.integers() | st.none() | st.lists(st.text()))
def test_a_value_in_an_error_is_one_short_line(value: object) -> None:
    text = units.quoted(value)
    assert len(text) < 1000
    assert text.isprintable()

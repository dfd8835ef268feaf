"""Units, rates, selectors, thresholds and placeholders: what is written is what is meant."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.profile import placeholders, units
from loadgen.profile.placeholders import Placeholder, Template
from loadgen.profile.values import Selector, StopIf, Think, Threshold


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


def test_think_times() -> None:
    assert Think.parse("1s..3s") == Think(10**9, 3 * 10**9)
    assert Think.parse("0s") == Think(0, 0)
    assert [str(Think.parse(text)) for text in ("1s", "1s..3s")] == ["1s", "1s..3s"]


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("status", Selector("status")),
        ("header.X-Cold", Selector("header", "x-cold")),
        ("header.server-timing", Selector("header", "server-timing")),
        ("header.Server-Timing.db", Selector("header", "server-timing", ("db",))),
        ("header.a.b", Selector("header", "a.b")),
        ("body", Selector("body")),
        ("body.items.0.id", Selector("body", path=("items", 0, "id"))),
    ],
)
def test_selectors(text: str, selector: Selector) -> None:
    assert Selector.parse(text) == selector
    assert Selector.parse(str(selector)) == selector


@pytest.mark.parametrize(
    "text", ["", "body.", "body..a", "header", "header.", "header.a b", "status.x", "cookie.a", "body.a."]
)
def test_what_is_no_selector(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'.*' "):
        Selector.parse(text)


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("response p99 < 250ms", Threshold("latency", "response", "p99", "<", 250_000_000, "response p99 < 250ms")),
        ("service p99.9<=1s", Threshold("latency", "service", "p99.9", "<=", 10**9, "service p99.9<=1s")),
        ("iteration mean < 2s", Threshold("latency", "iteration", "mean", "<", 2 * 10**9, "iteration mean < 2s")),
        ("errors < 5%", Threshold("errors", "errors", "", "<", 0.05, "errors < 5%")),
        ("rate >= 190/s", Threshold("rate", "rate", "", ">=", 190, "rate >= 190/s")),
        ("aa / b p99 < 3", Threshold("ratio", "", "p99", "<", 3, "aa / b p99 < 3", ("aa", "b"))),
        ("a  /  b mean>=1.05", Threshold("ratio", "", "mean", ">=", 1.05, "a  /  b mean>=1.05", ("a", "b"))),
        (
            "s=x rate=50/s / s=y rate=50/s iteration p99 < 2",
            Threshold(
                "ratio", "iteration", "p99", "<", 2, "s=x rate=50/s / s=y rate=50/s iteration p99 < 2",
                ("s=x rate=50/s", "s=y rate=50/s"),
            ),
        ),
    ],
)  # fmt: skip
def test_thresholds(text: str, threshold: Threshold) -> None:
    assert Threshold.parse(f" {text} ") == threshold
    assert Threshold.parse(text).fraction == {"p99": 0.99, "p99.9": pytest.approx(0.999)}.get(threshold.quantile)


@pytest.mark.parametrize(
    "text",
    [
        "p99 < 5ms", "response p100 < 5ms", "response p0 < 1s", "response < 5ms", "errors = 5%", "x",
        "a / b p99 < 3ms", "a / b p99 < 0", "a/b p99 < 3", "a / b max < 3", "/ b p99 < 3", "a / b p99 < -1",
    ],
)  # fmt: skip
def test_what_is_no_threshold(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'.*'"):
        Threshold.parse(text)


def test_stop_conditions() -> None:
    assert StopIf.parse("errors > 50% for 5s") == StopIf("errors", ">", 0.5, 5 * 10**9, "errors > 50% for 5s")
    for text in ("errors < 50% for 5s", "errors > 50%", "errors > 50% for 5ms", "rate > 5% for 5s"):
        with pytest.raises(ValueError, match=r"^'.*'"):
            StopIf.parse(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain {a} }} $", ("plain {a} }} $",)),
        ("{{uuid}}", (Placeholder("uuid"),)),
        ("{{ seq }}", (Placeholder("seq"),)),
        ("a{{int 1 500}}b", ("a", Placeholder("int", (1, 500)), "b")),
        ("{{int -5 5}}", (Placeholder("int", (-5, 5)),)),
        ('{{choice a 2 3.5 "c }} d" "\\"2"}}', (Placeholder("choice", ("a", 2, 3.5, "c }} d", '"2')),)),
        ("{{bytes 150}}{{now}}", (Placeholder("bytes", (150,)), Placeholder("now"))),
        ("/orders/{{id}}", ("/orders/", Placeholder("name", ("id",)))),
    ],
)
def test_placeholders(text: str, parts: tuple[str | Placeholder, ...]) -> None:
    template = placeholders.parse(text)
    assert template == Template(parts)
    assert pickle.loads(pickle.dumps(template)) == template


def test_what_a_template_knows() -> None:
    assert placeholders.parse("abc").constant
    assert placeholders.parse("").single is None
    assert placeholders.parse("{{int 1 5}}").single == Placeholder("int", (1, 5))
    assert placeholders.parse("x{{int 1 5}}").single is None
    assert placeholders.parse("{{b}}{{a}}{{uuid}}{{b}}").names() == ("b", "a")


@pytest.mark.parametrize(
    "text",
    [
        *["{{", "{{}}", "{{ }}", "{{a", "{{a.b}}", "{{a b}}", '{{"a"}}', "{{__import__('os')}}", "{{{{a}}}}"],
        *["{{int}}", "{{int 5 1}}", "{{int 1 2 3}}", "{{int a b}}", "{{uuid 1}}", "{{choice}}"],
        *["{{bytes}}", "{{bytes -1}}", "{{bytes 99999999999}}"],
    ],
)  # fmt: skip
def test_what_is_no_placeholder(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'.*' (is|needs|takes|opens)"):
        placeholders.parse(text)

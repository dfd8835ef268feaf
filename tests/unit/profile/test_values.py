"""Ramps, think times, selectors, thresholds and stop conditions: what is written is what is meant."""

from __future__ import annotations

import pytest

from loadgen.profile.values import Selector, StopIf, Think, Threshold


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

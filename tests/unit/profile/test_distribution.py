"""Distributions in a profile: read, written, described, refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.profile.distribution import EXAMPLES, Distribution


@pytest.mark.parametrize("text", [*EXAMPLES.values(), "bimodal(fast=1us, slow=1.5s, share=0.125%)"])
def test_a_distribution_is_written_as_it_was_read(text: str) -> None:
    assert str(Distribution.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fixed(8ms)", "always 8ms"),
        ("lognormal(p50=8ms, p99=40ms)", "log-normal with p50 8ms, p99 40ms"),
        ("bimodal(fast=5ms, slow=200ms, share=2%)", "5ms, but 200ms for 2% of requests"),
        ("pareto(min=5ms, alpha=2.5)", "Pareto from 5ms with alpha 2.5"),
        ("table(p0=1ms, p100=2ms)", "a table with p0 1ms, p100 2ms"),
    ],
)
def test_describes_a_distribution(text: str, words: str) -> None:
    assert Distribution.parse(text).describe() == words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a distribution"),
        ("8", "not a distribution"),
        ("fixed(8)", "not a duration"),
        ("lognormal(p50=8ms)", "takes p50, p99"),
        ("lognormal(p50=8ms, p99=8ms)", "less than p99"),
        ("lognormal(p50=0ms, p99=8ms)", "more than 0"),
        ("lognormal(p50=8ms, p50=9ms)", "not an argument"),
        ("lognormal(8ms, 9ms)", "not an argument"),
        ("bimodal(fast=5ms, slow=2ms, share=2%)", "must not be longer"),
        ("bimodal(fast=5ms, slow=20ms, share=2)", "not a share"),
        ("pareto(min=5ms, alpha=1)", "above 1"),
        ("pareto(min=5ms, alpha=nan)", "above 1"),
        ("table(p0=1ms, p50=2ms)", "needs p0 and p100"),
        ("table(p0=1ms, p101=2ms, p100=1ms)", "not a level"),
        ("table(p0=1ms, p50=8ms, p100=7ms)", "must not fall"),
        ("table(p0=1ms, p100=7ms, p50=8ms)", "must rise"),
    ],
)
def test_refuses_a_distribution(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Distribution.parse(text)


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"(table|bimodal|pareto)\([a-z0-9=, %.]{0,30}\)", fullmatch=True))
def test_no_text_is_worse_than_a_value_error(text: str) -> None:
    try:
        distribution = Distribution.parse(text)
    except ValueError:
        return
    assert Distribution.parse(str(distribution)) == distribution

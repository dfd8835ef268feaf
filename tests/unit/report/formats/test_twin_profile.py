"""A fitted profile as YAML: it is read back as it was, whatever it holds, and its comments stay comments."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loadgen.profile.document import read
from loadgen.report.formats.twin_profile import profile_text
from loadgen.result.reason import Reason
from loadgen.result.twin import FittedKey, TwinResult

TABLE = f"table(p0=1ms, {', '.join(f'p{level}={level}ms' for level in range(2, 60))}, p100=90ms)"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def twin(profile: dict[str, Any], *fitted: FittedKey) -> TwinResult:
    return TwinResult(
        run="runs/a", started="2026-01-01", target="https://a/", profile=profile, fitted=fitted, agreement=None
    )


def written(profile: dict[str, Any], *fitted: FittedKey) -> Any:
    return read(profile_text(twin(profile, *fitted)), "twin.yaml").data


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_any_profile_is_read_back_as_it_was(profile: dict[str, Any]) -> None:
    assert written({"name": "a", **profile}) == {"name": "a", **profile}


def test_words_that_yaml_takes_for_something_else_stay_texts() -> None:
    words = ["true", "No", "null", "~", "1", "1.5", "0x10", "1e3", "", " a", "a ", "a: b", "a #b", "- a", "{{uuid}}"]
    words += ["${KEY}", "200/s", "20ms", "5%", "1_000", "2026-01-01", "\u2028", "\x85", "\U0001f600", "a\nb", "*", "&a"]
    assert written({"name": "a", "list": words, **{word: word for word in words}}) == {
        "name": "a",
        "list": words,
        **{word: word for word in words},
    }


def test_a_long_table_is_folded() -> None:
    profile = {"name": "a", "sandbox": {"service": [{"match": "GET /", "time": TABLE}]}}
    text = profile_text(twin(profile))
    assert max(map(len, text.splitlines())) <= 120
    assert read(text, "twin.yaml").data == profile


def test_each_value_has_its_comment_and_hostile_text_ends_none() -> None:
    fitted = (
        FittedKey("sandbox.rtt", Reason.of("twin_round_trip", connects=60, ms=20.0)),
        FittedKey("sandbox.environments.max", Reason.of("twin_most_unknown", most=1000)),
        FittedKey("sandbox.throttle", Reason.of("twin_throttle_unknown", throttled=3)),
        FittedKey("sandbox.service", Reason.of("twin_service", step="a\nevil: 1\u2028evil: 2", match="*", requests=3)),
        FittedKey("auth", Reason.of("twin_left_out")),
    )
    profile = {"name": "a", "sandbox": {"rtt": "20ms", "service": "5ms", "environments": {"max": 1000}}}
    text = profile_text(twin(profile, *fitted))
    assert read(text, "twin.yaml").data == profile
    assert text.splitlines()[2:] == [
        "# A twin of https://a/, which `loadgen fit` made from runs/a (2026-01-01).",
        "# It sends the same load to a sandbox that answers as the target did in that run.",
        "#",
        "# Changed besides:",
        "# auth: left out, as the sandbox needs none",
        "name: a",
        "sandbox:",
        "  # the median TCP handshake of 60 connects took 20.0 ms",
        "  rtt: 20ms",
        "  # the times of 3 answers of a evil: 1?evil: 2, less the round trip; no cold starts are among them",
        "  service: 5ms",
        "  # max: the run did not come to the greatest number; 1,000 is what an AWS account has at first",
        "  environments: {max: 1000}",
        "  # throttle: 3 429s do not show the same rate in three seconds",
    ]

"""A plan is held against what the self-test found."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from selftests import capacity, result

from loadgen.profile.load import from_url, load
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.selftest.trusted import Trusted

TRUSTED = Trusted.of(result())
HTTP = {"scheme": "http", "day": "2026-11-22"}


def warned(trusted: Trusted, rate: str, workers: int = 1, url: str = "http://127.0.0.1:9/", *sets: str) -> list[Reason]:
    return trusted.warnings(from_url(url, rate, sets=sets).profile, workers)


def test_a_run_beyond_it_is_warned_and_one_within_is_not() -> None:
    assert warned(TRUSTED, "24000/s") == []
    assert warned(TRUSTED, "100/s..60000/s") == [
        Reason.of("beyond_selftest", **HTTP, rate=60_000, workers=1, ceiling=24_000, needed=3)
    ]
    assert warned(TRUSTED, "60000/s", 3) == []
    (told,) = warned(TRUSTED, "100000/s", 4)
    assert told == Reason.of("beyond_selftest", **HTTP, rate=25_000, workers=4, ceiling=24_000)


def test_beyond_what_was_tried_is_not_said_to_be_too_much() -> None:
    assert warned(TRUSTED, "20000/s", 1, "https://127.0.0.1:9/") == [
        Reason.of("beyond_all_tried", **{**HTTP, "scheme": "https"}, rate=20_000, workers=1, ceiling=19_000)
    ]


def test_new_connections_are_held_against_their_own_ceiling() -> None:
    (told,) = warned(TRUSTED, "10000/s", 1, "http://127.0.0.1:9/", "session=per-request")
    assert (told.values["rate"], told.values["ceiling"], told.values["connections"]) == (10_000, 9_000, 1)
    assert warned(TRUSTED, "9000/s", 1, "http://127.0.0.1:9/", "session=per-request") == []


def test_where_nothing_stayed_valid_only_what_was_tried_is_warned_of() -> None:
    trusted = Trusted.of(result(capacity=(capacity("http", None, failed_at=2_100.0),)))
    assert warned(trusted, "2000/s") == []
    (told,) = warned(trusted, "2100/s")
    assert told == Reason.of("none_was_valid", **HTTP, rate=2100, workers=1, ceiling=2100)
    assert warned(trusted, "90000/s", 1, "https://127.0.0.1:9/") == []  # that was not measured


STEPS = """name: t
target: sandbox
load: [{name: a, rate: 9600/s, for: 1s}, {name: b, users: 3, for: 1s}]
scenarios:
  - {name: one, weight: 3, steps: [{name: x, get: /}]}
  - {name: five, weight: 1, steps: [SAME]}
""".replace("SAME", ", ".join(f"{{name: s{n}, get: /}}" for n in range(5)))


def test_iterations_count_with_the_requests_that_they_make() -> None:
    (told,) = TRUSTED.warnings(load("t.yaml", text=STEPS).profile, 1)  # the sandbox is https
    assert (told.values["scheme"], told.values["rate"]) == ("https", 19_200)
    assert TRUSTED.warnings(load("t.yaml", text=STEPS.replace("9600", "9400")).profile, 1) == []


AT = datetime.fromisoformat(result().at)


@pytest.mark.parametrize(
    ("boot", "later", "holds"),
    [
        ("4f8a", timedelta(days=30), True),
        ("4f8a", timedelta(days=30, seconds=1), False),
        ("4f8a", -timedelta(seconds=1), False),  # the clock was set
        ("0c11", timedelta(days=1), False),  # started again, or another host
        (None, timedelta(days=1), False),
    ],
)
def test_the_resolution_holds_on_the_same_start_of_the_system_for_30_days(
    boot: str | None, later: timedelta, holds: bool
) -> None:
    assert TRUSTED.resolution(boot, AT + later) == (result().resolution if holds else None)


def test_a_resolution_in_the_file_excuses_no_more_than_any() -> None:
    forged = Resolution("selftest", {"p50": 1e9}, {"p50": 1e9})
    found = Trusted.of(result(resolution=forged)).resolution("4f8a", AT)
    assert found and found.of("p50") == 250_000
    assert Trusted.of(result(resolution=None)).resolution("4f8a", AT) is None


def test_a_self_test_beside_other_work_has_no_resolution_of_this_machine() -> None:
    busy = (Reason.of("busy_before", load_average=3.9),)
    assert Trusted.of(result(warnings=busy)).resolution("4f8a", AT) is None


@pytest.mark.parametrize("at", ["yesterday", "2026-11-22T19:02:11", ""])
def test_an_instant_that_none_is_makes_the_file_malformed(at: str) -> None:
    with pytest.raises(ValueError, match=r"instant|isoformat"):
        Trusted.of(result(at=at))

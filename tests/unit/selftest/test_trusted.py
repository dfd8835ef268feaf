"""A plan is held against what the self-test found."""

from __future__ import annotations

from selftests import capacity, result

from loadgen.profile.load import from_url, load
from loadgen.selftest.trusted import Trusted

TRUSTED = Trusted.of(result())


def warned(trusted: Trusted, rate: str, workers: int = 1, url: str = "http://127.0.0.1:9/", *sets: str) -> list[str]:
    return trusted.warnings(from_url(url, rate, sets=sets).profile, workers)


def test_a_run_beyond_it_is_warned_and_one_within_is_not() -> None:
    assert warned(TRUSTED, "24000/s") == []
    assert warned(TRUSTED, "100/s..60000/s") == [
        "60,000 http requests a second are asked of one worker, and the self-test of 2026-11-22 stayed VALID up to "
        "24,000: this machine may make the tail. Use --workers 3, or a lower rate"
    ]
    assert warned(TRUSTED, "60000/s", 3) == []
    assert "20,000 http requests" not in str(warned(TRUSTED, "60000/s", 3))
    (told,) = warned(TRUSTED, "100000/s", 4)
    assert told.startswith("25,000 http requests a second are asked of each worker, and")
    assert told.endswith("Use more machines or CPUs, or a lower rate")


def test_beyond_what_was_tried_is_not_said_to_be_too_much() -> None:
    assert warned(TRUSTED, "20000/s", 1, "https://127.0.0.1:9/") == [
        "20,000 https requests a second are asked of one worker: more than was ever tried, as the self-test of "
        "2026-11-22 stayed VALID up to 19,000 or more"
    ]


def test_new_connections_are_held_against_their_own_ceiling() -> None:
    (told,) = warned(TRUSTED, "10000/s", 1, "http://127.0.0.1:9/", "session=per-request")
    assert told.startswith("10,000 new http connections a second are asked of one worker, and the self-test of")
    assert "made 9,000" in told
    assert warned(TRUSTED, "9000/s", 1, "http://127.0.0.1:9/", "session=per-request") == []


def test_where_nothing_stayed_valid_only_what_was_tried_is_warned_of() -> None:
    trusted = Trusted.of(result(capacity=(capacity("http", None, failed_at=2_100.0),)))
    assert warned(trusted, "2000/s") == []
    (told,) = warned(trusted, "2100/s")
    assert "in the self-test of 2026-11-22 not even 2,100 stayed VALID" in told
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
    assert told.startswith("19,200 https requests a second")
    assert TRUSTED.warnings(load("t.yaml", text=STEPS.replace("9600", "9400")).profile, 1) == []

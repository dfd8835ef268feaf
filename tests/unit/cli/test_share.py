"""`--share` and `--start-at`: what they mean, and what is refused before anything is sent."""

from __future__ import annotations

import pytest
from click import UsageError

from loadgen.cli.share import parsed_share, parsed_start, shared_load
from loadgen.clock import SECOND
from loadgen.engine.machine import MachineShare
from loadgen.profile.load import load

NOW = 1_767_182_400 * SECOND  # 2025-12-31T12:00:00Z


def test_a_share_is_one_of_so_many_from_1() -> None:
    assert parsed_share("2/8") == MachineShare(2, 8)
    assert parsed_share("1/1") == MachineShare()


@pytest.mark.parametrize("text", ["", "2", "0/8", "9/8", "-1/8", "1/0", "a/b", "1/8/2", "1 / 8", "1/10001", "१/८"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Write I/N, as in 2/8"):
        parsed_share(text)


@pytest.mark.parametrize(
    "text",
    [
        "2025-12-31T12:00:30Z",
        "2025-12-31T13:00:30+01:00",
        "2025-12-31 12:00:30.000+00:00",
        "1767182430",
        "1767182430.0",
    ],
)
def test_an_instant_has_a_zone_or_is_seconds_since_1970(text: str) -> None:
    assert parsed_start(text, NOW) == NOW + 30 * SECOND


def test_an_instant_is_as_fine_as_it_is_written() -> None:
    assert parsed_start("1767182430.123456789", NOW) == 1_767_182_430_123_456_789
    assert parsed_start("2025-12-31T12:00:30.5Z", NOW) == NOW + 30 * SECOND + SECOND // 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2025-12-31T11:59:48Z", r"has passed, 12.0 s ago. Give all machines the same later instant"),
        ("2025-12-31T12:00:30", "has no zone. Write 2025-12-31T12:00:30Z for UTC"),
        ("soon", "is no instant"),
        ("1767182430000", "lies more than a day ahead. Give seconds, not milliseconds"),
        ("9" * 15, "lies more than a day ahead"),
    ],
)
def test_an_instant_that_cannot_be_kept_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parsed_start(text, NOW)


PLAIN = "name: t\ntarget: http://127.0.0.1:9\nload: [{name: a, rate: 9/s, for: 1s}]\n"
EXPERIMENT = PLAIN + "experiment: {variants: {a: {}, b: {session: per-request}}, rounds: 2}\n"


@pytest.mark.parametrize(
    ("text", "given", "others", "why"),
    [
        (PLAIN, ("2/8", None), {}, "--share goes with --start-at"),
        (PLAIN, ("2/8", "4102444800"), {"--witness": True}, "--witness goes with no --share"),
        (PLAIN, ("2/8", "4102444800"), {"--until": True}, "--until goes with no --share"),
        (PLAIN, ("2/8", "4102444800"), {"--seed random": True}, "--seed random goes with no --share"),
        (EXPERIMENT, ("2/8", "4102444800"), {}, "for a run by itself"),
    ],
)
def test_what_no_share_goes_with_is_refused(
    text: str, given: tuple[str, str | None], others: dict[str, bool], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        shared_load(load("t.yaml", text=text), *given, others)


def test_without_the_options_it_is_the_whole_load_and_begins_at_once() -> None:
    assert shared_load(load("t.yaml", text=EXPERIMENT), None, None, {"--witness": True}) == (MachineShare(), None)

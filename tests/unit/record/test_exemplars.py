"""What is kept of single ok exchanges with their ids: all of the slowest, an even draw of all, never more than there is
room for, and no id that is none."""

from __future__ import annotations

from random import Random

import pytest
from recorded import ORIGIN, exchange

from loadgen.exchange import Exchange, Request
from loadgen.record.exemplars import HELD, NEVER, WIDE, OfSlot, Slot, ids_of, merged, room
from loadgen.record.samples import Samples

UUID = "0a1b2c3d-0000-4000-8000-00000000000a"


def answered(lasted: int, number: int = 0, slot: int = 0) -> Exchange:
    x = exchange(0, 0, 0, 0, 0, 0, lasted, slot=slot)
    x.headers = {"x-amzn-requestid": f"request-{number}"}
    return x


def kept(lasted: list[int], slots: int = 1) -> list[OfSlot]:
    """What is left of exchanges that lasted so long, which came in turn to each slot."""
    samples, seen = Samples(ORIGIN, slots), [0] * slots
    for number, ns in enumerate(lasted):
        slot = number % slots
        seen[slot] += 1
        if ns > samples.slow_from[slot]:
            samples.slow(answered(ns, number, slot), ns, seen[slot])
        if seen[slot] >= samples.drawn_at[slot]:
            samples.draw(answered(ns, number, slot), seen[slot])
    samples.counted = lambda slot: seen[slot]
    return samples.kept().exemplars


@pytest.mark.parametrize("many", [7, 400, 3000, 20_000])
def test_the_slowest_fiftieth_is_kept_where_there_is_room(many: int) -> None:
    dice = Random(many)
    lasted = [dice.randrange(10**9) for _ in range(many)]
    [of] = kept(lasted)
    fiftieth = -(-many // WIDE)
    assert [one.lasted for one in of.slow][:fiftieth] == sorted(lasted, reverse=True)[:fiftieth]
    assert (of.seen, of.level) == (many, 0)


@pytest.mark.parametrize("shape", ["as they come", "slower and slower", "faster and faster"])
def test_beyond_that_the_slowest_of_a_drawn_part_are_kept(shape: str) -> None:
    """All of them, down to what is told; and the slowest hundredth is among them, but where the first were slower than
    all that came later."""
    dice, slot, many, room = Random(5), Slot(0, 20), 20_000, 20
    lasted = [dice.randrange(10**9) for _ in range(many)]
    lasted = sorted(lasted, reverse=shape[0] == "f") if shape[0] != "a" else lasted
    for number, ns in enumerate(lasted, 1):
        if ns > slot.floor:
            slot.slow(answered(ns, number), ns, number)
    of = slot.kept(many, lambda x: {})
    beyond = sum(ns > of.floor for ns in lasted)
    assert 0 < len(of.slow) <= room
    assert all(one.tag % 2**of.level == 0 for one in of.slow)
    assert len(of.slow) == pytest.approx(beyond / 2**of.level, abs=3 * (beyond / 2**of.level) ** 0.5 + 1)
    if shape[0] != "f":
        assert of.level >= 4
        assert of.floor <= sorted(lasted)[int(many * 0.99)]


def test_each_has_the_same_chance_to_be_drawn() -> None:
    """Of 2,000 exchanges, in 60 workers with room for 50: the thirds of the run have a third each."""
    thirds = [0, 0, 0]
    for seed in range(60):
        slot = Slot(seed, 50)
        for number in range(1, 2001):
            if number >= slot.next:
                slot.draw(answered(number), number)
        drawn = slot.kept(2000, lambda x: {}).drawn
        assert len({one.lasted for one in drawn}) == len(drawn) == 50
        for one in drawn:
            thirds[one.lasted * 3 // 2001] += 1
    assert all(abs(third - 1000) < 90 for third in thirds), thirds  # 3.5 standard deviations


def test_what_is_drawn_and_kept_is_bounded() -> None:
    of = kept([n % 1000 for n in range(60_000)], slots=6)
    assert len(of) == 6
    assert all(len(each.slow) <= room(6) and len(each.drawn) <= room(6) for each in of)
    assert room(1) * 2 <= room(1000) * 1000 / 10


def test_what_is_long_is_not_held() -> None:
    slot, x = Slot(0, 10), answered(5)
    x.body, x.request = b"x" * (HELD + 1), Request("PUT", "/path", (("Authorization", "canary"),), b"x" * (HELD + 1))
    slot.draw(x, 1)
    assert x.body is None
    assert (x.request.path, x.request.body, x.request.headers) == ("/path", b"", ())


def test_an_exchange_without_headers_has_no_ids_and_is_not_kept() -> None:
    samples = Samples(ORIGIN, 1)
    x = exchange(0, 0, 0, 0, 0, 0, 9)
    samples.slow(x, 9, 1)
    samples.draw(x, 1)
    assert samples.kept().exemplars == []
    assert samples.drawn_at == [NEVER]


def test_ids_are_told_by_headers_and_by_the_function() -> None:
    headers = {"x-amzn-requestid": UUID, "apigw-requestid": "JKJaXmPLvHcESHA=", "x-amz-apigw-id": "abc=def-gh"}
    assert ids_of(headers, None) == headers
    for member in ("request", "requestId", "aws_request_id"):
        assert ids_of({}, b'{"%s": "%s"}' % (member.encode(), UUID.encode())) == {"echoed": UUID}
    assert ids_of({"x-lambda-request-id": UUID}, b"no JSON") == {"echoed": UUID}


@pytest.mark.parametrize("evil", ["", "short", "a\x1b[2Jbcdefgh", "a b c d e f", "x" * 129, 'id"} || true', "ü" * 10])
def test_what_is_no_id_is_not_taken_for_one(evil: str) -> None:
    assert ids_of({"x-amzn-requestid": evil, "x-lambda-request-id": evil}, b'{"request": 5}') == {}


def test_those_of_several_workers_are_put_together() -> None:
    """The draw is as even as that of each; the slowest are those of all."""
    dice = Random(9)
    few, many = ([dice.randrange(10**9) for _ in range(number)] for number in (1000, 9000))
    of = merged(kept(few) + kept(many))
    assert of.seen == 10_000
    assert [one.lasted for one in of.slow][:100] == sorted(few + many, reverse=True)[:100]
    assert sum(one.lasted in set(few) for one in of.drawn) == pytest.approx(len(of.drawn) / 10, abs=1)

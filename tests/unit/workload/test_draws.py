"""What placeholders are drawn from: each by its kind, and the same again from the same seed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from workloads import request, values, workload

from loadgen import clock
from loadgen.clock import SECOND
from loadgen.pacing import Schedule
from loadgen.profile.model import Profile
from loadgen.profile.placeholders import parse
from loadgen.profile.rate import LinearRate
from loadgen.workload import draws
from loadgen.workload.draws import BLOCK, stream_of
from loadgen.workload.scenarios import Workload


def test_uuids_are_random_ones_of_version_4() -> None:
    found = values("{{uuid}}")
    assert len(set(found)) == len(found)
    assert {(UUID(text).version, UUID(text).variant) for text in found} == {(4, "specified in RFC 4122")}
    assert {str(UUID(text)) for text in found} == set(found)
    assert set(Counter(text[19] for text in found)) == set("89ab")


def test_seq_counts_the_iterations() -> None:
    assert values("{{seq}}", 5) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("low", "high"), [(1, 6), (-3, 3), (0, 0), (0, 10**18 - 1), (-(10**17), 10**17)])
def test_int_keeps_to_its_bounds_and_reaches_both(low: int, high: int) -> None:
    found = values(f"{{{{int {low} {high}}}}}")
    assert all(type(value) is int and low <= value <= high for value in found)
    if high - low < 10:
        assert set(found) == set(range(low, high + 1))


def test_int_is_even() -> None:
    counts = Counter(values("{{int 1 6}}", 12_000))
    assert sum((count - 2000) ** 2 / 2000 for count in counts.values()) < 25.7  # chi-squared, 5: P = 0.0001


def test_choice_takes_each_with_its_type() -> None:
    found = values('{{choice red "dark blue" 7 2.5}}')
    assert {(type(value), value) for value in found} == {(str, "red"), (str, "dark blue"), (int, 7), (float, 2.5)}
    assert min(Counter(map(str, found)).values()) > 400


@pytest.mark.parametrize("length", [0, 1, 150, 100_000])
def test_bytes_is_so_many_letters_and_digits(length: int) -> None:
    found = values(f"{{{{bytes {length}}}}}", 50)
    assert all(len(value) == length and (value.isalnum() or not value) and value.isascii() for value in found)
    assert len(set(found)) == (50 if length > 1 else len(set(found)))


def test_now_is_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "wall", lambda: 1_750_000_000 * SECOND + 7_999_999)
    assert values("{{now}}", 1) == ["2025-06-15T15:06:40.007Z"]
    assert clock.wall() > 1_750_000_000 * SECOND


def test_a_name_is_what_was_captured() -> None:
    assert request("get: '/{{a}}/{{b}}'", values={"a": "x", "b": 5}).path == "/x/5"


@pytest.mark.parametrize("kind", ["{{uuid}}", "{{int 0 999999}}", "{{choice a b c d e f g}}", "{{bytes 12}}"])
def test_a_value_depends_on_its_place_and_iteration_alone(kind: str) -> None:
    """Whoever asks, and in whatever order."""
    single = parse(kind).single
    assert single
    expected = values(kind, 5 * BLOCK)
    again = draws.getter(single, (1, 2))
    order = [*range(0, 5 * BLOCK, 3), *reversed(range(5 * BLOCK)), 0, 4 * BLOCK, 1]
    assert [again({}, index) for index in order] == [expected[index] for index in order]
    assert values(kind, 100, (1, 3)) != expected[:100]
    assert values(kind, 100, (2, 2)) != expected[:100]


def test_placeholders_of_one_text_are_drawn_apart() -> None:
    found = request("post: /, json: ['{{int 0 999999}}', '{{int 0 999999}}', 'x {{int 0 999999}}']").body
    first, second, third = json.loads(found)
    assert len({first, second, int(third[2:])}) == 3


def test_no_stream_of_a_run_is_an_arrivals_or_anothers() -> None:
    """As plain entropy, (seed, 0, 0, 1) and (seed, 0, 0, 1, 0, 0) would be one and the same."""
    places = [(), (0,), (0, 0), (0, 0, 1), (0, 0, 1, 0), (0, 0, 1, 0, 0), (1,), (1, 0), (0, 1), (0, 1, 0), (2**40, 0)]
    drawn = [stream_of((7, *place)).random() for place in places]
    assert len(set(drawn)) == len(places)
    block = next(Schedule(LinearRate(1, 1), 10**6 * SECOND, True, (7, 0, 0, 1)).blocks())
    exponentials = stream_of((7, 0, 0, 1)).standard_exponential(100)
    assert block[0] == int(exponentials[0] * SECOND), "an arrival's stream, as pacing makes it"
    assert stream_of((7, 0, 0, 1, 0, 0)).standard_exponential() != exponentials[0]


def test_another_run_variant_or_round_writes_other_items() -> None:
    written = "{name: x, post: /, json: {id: '{{uuid}}'}}"
    bodies = set()
    for payloads in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
        render = workload(written, payloads=payloads).scenarios[0].steps[0].render
        assert render
        bodies |= {render({}, index).body for index in range(100)}
    assert len(bodies) == 400


def test_another_run_has_the_same_scenarios_and_think_times() -> None:
    written = {
        "name": "x",
        "target": "sandbox",
        "load": [{"name": "one", "users": 1, "for": "1s"}],
        "scenarios": [
            {"name": name, "steps": [{"name": "x", "get": "/", "think": "1s..9s"}]} for name in ("one", "two")
        ],
    }
    first, second = (Workload(Profile.model_validate(written), payloads=payloads) for payloads in ((), (7,)))
    assert [first.scenario(n).name for n in range(500)] == [second.scenario(n).name for n in range(500)]
    thinks = [[work.scenarios[0].steps[0].think(n) for n in range(500)] for work in (first, second)]
    assert thinks[0] == thinks[1]


def rows(order: str, folder: Path, count: int = 10) -> Callable[[int], int]:
    (folder / "d.jsonl").write_text("".join(f'{{"n": {n}, "t": {{"deep": [{n}]}}}}\n' for n in range(count)))
    more = f", data: {{file: d.jsonl, order: {order}}}"
    scenario = workload("{name: x, post: '/{{n}}', json: ['{{t}}']}", folder, more).scenarios[0]
    assert not scenario.plain

    def pick(index: int) -> int:
        render = scenario.steps[0].render
        assert render
        made = render(scenario.values(index), index)
        (value,) = json.loads(made.body)
        assert made.path == f"/{value['deep'][0]}"
        return int(value["deep"][0])

    return pick


def test_data_in_sequence_goes_round(tmp_path: Path) -> None:
    pick = rows("sequential", tmp_path)
    assert [pick(index) for index in range(25)] == [*range(10), *range(10), *range(5)]


def test_data_shuffled_takes_every_row_before_any_twice(tmp_path: Path) -> None:
    pick = rows("shuffle", tmp_path)
    first = [pick(index) for index in range(10)]
    assert sorted(first) == list(range(10))
    assert first != list(range(10))
    assert [pick(index) for index in range(10, 20)] == first


def test_data_at_random_takes_any(tmp_path: Path) -> None:
    pick = rows("random", tmp_path)
    counts = Counter(pick(index) for index in range(5000))
    assert sum((count - 500) ** 2 / 500 for count in counts.values()) < 33.7  # chi-squared, 9: P = 0.0001


def test_csv_values_are_text(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text('user,note\n007,"a, ""b"""\n')
    written = "{name: x, post: '/{{user}}', json: ['{{user}}', '{{note}}']}"
    scenario = workload(written, tmp_path, ", data: u.csv").scenarios[0]
    render = scenario.steps[0].render
    assert render
    assert render(scenario.values(5), 5).body == b'["007","a, \\"b\\""]'


def test_a_row_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("user\na\n")
    written = "{name: x, get: '/{{user}}', capture: {id: body.id}}"
    scenario = workload(written, tmp_path, ", data: u.csv").scenarios[0]
    scenario.values(0)["user"] = "changed"
    assert scenario.values(0) == {"user": "a"}


def test_everything_is_drawn_once_before_the_load_whatever_the_data(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("user\né\n")
    steps = "{name: x, get: /, headers: {x: '{{user}}'}, capture: {id: body.id}}, {name: y, get: '/{{id}}/{{uuid}}'}"
    workload(steps, tmp_path, ", data: u.csv").prime(5)

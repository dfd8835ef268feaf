"""Tables in any width: names are cut, sentences are wrapped, numbers are neither."""

from __future__ import annotations

import random

import pytest
from rich.cells import cell_len

from loadgen.report.terminal.page import add, drawn, indented, table
from loadgen.report.terminal.table import NAME, SENTENCE


def lines(width: int, columns: list[tuple[str, str, int]], *rows: tuple[str, ...]) -> list[str]:
    made = table(*columns)
    for row in rows:
        add(made, *row)
    return drawn([indented(made)], width, False).splitlines()


COLUMNS = [("step", "left", 10), ("requests", "right", 9), ("p99 ms", "right", 9), ("why", "text", 0)]
ROW = (
    "put-the-order-into-the-queue 12/99",
    "1,234,567",
    ">2,000",
    "no answer within 2 s, handshake not done within 2 s",
)


def test_with_room_everything_stands_in_a_row() -> None:
    assert lines(120, COLUMNS, ROW)[1] == (
        "  put-the-order-into-the-queue 12/99 1,234,567    >2,000 no answer within 2 s, handshake not done within 2 s"
    )


def test_a_sentence_gives_way_first_and_then_a_name_which_keeps_its_number() -> None:
    assert lines(80, COLUMNS, ROW) == [
        "  step                                requests p99 ms why",
        "  put-the-order-into-the-queue 12/99 1,234,567 >2,000 no answer within 2 s,",
        "                                                      handshake not done within",
        "                                                      2 s",
    ]
    assert lines(60, COLUMNS, ROW)[1].startswith("  put-the-order-int… 12/99 1,234,567 >2,000 no answer")


def test_columns_without_room_stand_below_with_the_names_once_more() -> None:
    assert lines(40, COLUMNS, ROW, ("get", "3", "41.2", "")) == [
        "  step                   requests p99 ms",
        "  put-the-order-… 12/99 1,234,567 >2,000",
        "  get                           3   41.2",
        "  step                  why",
        "  put-the-order-… 12/99 no answer within",
        "                        2 s, handshake",
        "                        not done within",
        "                        2 s",
        "  get",
    ]


def test_below_no_empty_titles_are_shown() -> None:
    columns = [("", "left", 0), ("p99 ms", "right", 9), ("", "text", 0)]
    shown = lines(24, columns, ("quantile", "[10.5, 12.6]", "inconclusive"))
    assert shown == ["                 p99 ms", "  quantile [10.5, 12.6]", "  quantile inconclusive"]


def test_columns_in_which_nothing_stands_take_no_lines_of_their_own() -> None:
    columns = [("", "left", 6), ("a", "right", 9), ("", "text", 12)]
    assert len(lines(22, columns, ("p50", "[10.5, 12,345.6]", ""))) == 2


def test_no_number_is_cut_in_any_width() -> None:
    dice = random.Random(1)
    for _ in range(300):
        sides = ["left", *(dice.choice(("right", "right", "text", "fixed")) for _ in range(dice.randint(1, 9)))]
        cells = [
            f"step-{'x' * dice.randint(0, 50)}" if side == "left"
            else "a sentence of words" if side == "text" else f"{dice.randrange(10**dice.randint(1, 9)):,}"
            for side in sides
        ]  # fmt: skip
        width = dice.randint(40, 200)
        shown = lines(width, [(f"t{n}", side, dice.randint(0, 12)) for n, side in enumerate(sides)], tuple(cells))
        numbers = [cell for side, cell in zip(sides, cells, strict=True) if side in ("right", "fixed")]
        assert max(map(cell_len, shown)) <= width
        for number in numbers:
            assert number in " ".join(shown).split(), (width, shown)


@pytest.mark.parametrize("width", range(20, 60))
def test_a_name_and_a_sentence_keep_enough_to_be_read(width: int) -> None:
    columns = [("", "left", 0), ("", "text", 0)]
    first = lines(width, columns, ("abcdefghijklmnopqrstuvwxyz", "one two three four five six seven eight nine ten"))[0]
    name, _, sentence = first.strip().partition(" ")
    assert len(name) >= NAME or width < NAME + SENTENCE + 3
    assert name.endswith("…") or name == "abcdefghijklmnopqrstuvwxyz"
    assert sentence.startswith("one two")


def test_wide_characters_are_cut_at_whole_ones() -> None:
    (line,) = lines(30, [("", "left", 0), ("", "right", 0)], ("注文を入れる注文を入れる注文を入れる", "123,456"))
    assert cell_len(line) <= 30
    assert line.endswith("… 123,456")

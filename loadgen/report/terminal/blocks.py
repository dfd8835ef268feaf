"""Blocks of a screen: lines that can be drawn at several heights, and how a screen is shared out among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadgen.report.styles import DIM, Part
from loadgen.report.terminal.line import Line, flow, rows_of

LEAD = 14  # columns of what a line is about

Said = Callable[[str], str]  # makes text of others safe to show


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that are drawn at any height from `least` to `most`, in steps."""

    draw: Callable[[int], list[Line]]
    least: int
    most: int
    step: int = 1


def shared_out(blocks: Sequence[Block], lines: int) -> list[int]:
    """The height of each block. They grow in turns, a step each; and those of large steps by what is left then."""
    heights = [block.least for block in blocks]
    room = lines - sum(heights)
    for step in sorted({block.step for block in blocks}):
        growing = [number for number, block in enumerate(blocks) if block.step == step]
        while growing := [n for n in growing if step <= min(room, blocks[n].most - heights[n])]:
            for number in growing[: room // step]:
                heights[number] += step
                room -= step
    return heights


def gap() -> Block:
    """An empty line where there is room."""
    return Block(lambda rows: [], 0, 1)


def lead(text: str) -> Line:
    """What a line is about."""
    return Line((text, DIM)).pad(LEAD)


def flowing(name: str, parts: Sequence[Part], width: int, most: int, least: int = 1) -> Block:
    """Parts beside their lead."""
    needed = max(least, rows_of(lead(name), parts, width, most))
    return Block(lambda rows: flow(lead(name), parts, width, rows), least, needed)

"""The options of the commands that take a URL: what is sent (-X, -H, -d as curl has them), and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from loadgen.profile.curl_options import Asked

LOAD = (
    click.option(
        "--rate", metavar="RATE", help="With a URL: requests started a second, 200/s or 200/s..2000/s.  [default: 50/s]"
    ),
    click.option("--for", "duration", metavar="TIME", help="With a URL: how long, 30s or 5m.  [default: 10s]"),
    click.option(
        "--users", type=click.IntRange(min=1), metavar="N",
        help="With a URL, instead of --rate: N users, who wait for each answer.",
    ),
)  # fmt: skip
REQUEST = (
    click.option("--method", "-X", metavar="METHOD", help="With a URL.  [default: GET; with --data POST]"),
    click.option(
        "--header", "-H", "headers", multiple=True, metavar="'NAME: VALUE'",
        help="With a URL: a header. It may be a secret, and is not kept.",
    ),
    click.option(
        "--data", "-d", metavar="TEXT|@FILE", help="With a URL: a body; {{uuid}} and {{int 1 500}} change each time.",
    ),
    click.option(
        "--split-by", multiple=True, metavar="HEADER",
        help="With a URL: a header of the answer, such as x-cold. Each of its values gets percentiles of its own.",
    ),
)  # fmt: skip


def request_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the curl options, as `asked`; None if none of them is given."""

    @wraps(command)
    def asking(
        method: str | None, headers: tuple[str, ...], data: str | None, split_by: tuple[str, ...], **others: Any
    ) -> int:
        return command(asked=_asked(method, headers, data, split_by), **others)

    return _with(REQUEST, asking)


def load_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command --rate, --for (as `duration`) and --users."""
    return _with(LOAD, command)


def _with(options: Iterable[Callable[[Any], Any]], command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed([*options]):
        command = option(command)
    return command


def _asked(method: str | None, headers: tuple[str, ...], data: str | None, split_by: tuple[str, ...]) -> Asked | None:
    from loadgen.profile.curl_options import Asked

    asked = Asked(method, headers, data, split_by)
    return asked if asked != Asked() else None

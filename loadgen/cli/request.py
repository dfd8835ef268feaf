"""The curl options (-X, -H, -d) of the commands that take a URL."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from loadgen.profile.curl_options import Asked

OPTIONS = (
    click.option("--method", "-X", metavar="METHOD", help="With a URL.  [default: GET; with --data POST]"),
    click.option(
        "--header", "-H", "headers", multiple=True, metavar="'NAME: VALUE'",
        help="With a URL: a header. It may be a secret, and is not kept.",
    ),
    click.option(
        "--data", "-d", metavar="TEXT|@FILE", help="With a URL: a body; {{uuid}} and {{int 1 500}} change each time.",
    ),
)  # fmt: skip


def request_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the curl options, as `asked`; None if none of them is given."""

    @wraps(command)
    def asking(method: str | None, headers: tuple[str, ...], data: str | None, **others: Any) -> int:
        return command(asked=_asked(method, headers, data), **others)

    for option in reversed(OPTIONS):
        asking = option(asking)
    return asking


def _asked(method: str | None, headers: tuple[str, ...], data: str | None) -> Asked | None:
    from loadgen.profile.curl_options import Asked

    return Asked(method, headers, data) if method is not None or headers or data is not None else None

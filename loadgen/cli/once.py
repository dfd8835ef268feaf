"""`loadgen once`: one exchange of each step, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from loadgen.cli import HELP, output, say
from loadgen.cli.loop import on_loop
from loadgen.cli.request import request_options
from loadgen.cli.run import reading
from loadgen.errors import Exit
from loadgen.result.reason import Reason

if TYPE_CHECKING:
    from loadgen.profile.curl_options import Asked
    from loadgen.result.once import OnceResult


@click.command("once", short_help="Send one request of each step, and show everything.", context_settings=HELP)
@click.argument("profile")
@click.option("--target", metavar="URL|aws", help="As with run.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Override a key: client=aiohttp.")
@request_options
@click.option("--json", "as_json", is_flag=True, help="Print the exchanges as one JSON object.")
def command(profile: str, target: str | None, sets: tuple[str, ...], asked: Asked | None, as_json: bool) -> int:
    """Send one request of each step of PROFILE (a file, a shipped name or a URL), and show everything.

    The output has request, answer, times, TLS, addresses and captured values; secrets are redacted. The exit status is
    4 if an answer is not as expected, and 3 if nothing reached the target or the target refuses the keys.

    \b
    loadgen once burst
    loadgen once burst --json
    loadgen once https://127.0.0.1:8443/health
    loadgen once https://127.0.0.1:8443/orders -H "x-api-key: $API_KEY" -d '{"id": "{{uuid}}"}'
    """
    from loadgen.report.formats import json_text
    from loadgen.report.terminal.once import show_once
    from loadgen.runner.once import once
    from loadgen.sandbox.process import start
    from loadgen.sandbox.registry import sandbox_at

    with reading(profile, target, sets, asked=asked) as loaded:
        result: OnceResult = on_loop(once(loaded, start, sandbox_at, _show))
    with output() as out:
        if as_json:
            out.write(f"{json_text(result)}\n")
        else:
            show_once(result, out)
    exchanges = result.exchanges
    if not any(exchange.answer for exchange in exchanges) or any(exchange.refused for exchange in exchanges):
        return Exit.UNUSABLE
    return Exit.PASSED if all(exchange.ok for exchange in exchanges) else Exit.THRESHOLD


def _show(notice: Reason) -> None:
    from loadgen.report.sentences import sentence

    say(sentence(notice))

"""`loadgen once`: one exchange of each step, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from loadgen.cli import HELP, output
from loadgen.cli.request import request_options
from loadgen.cli.run import read

if TYPE_CHECKING:
    from loadgen.profile.curl_options import Asked
    from loadgen.profile.load import Loaded


@click.command("once", short_help="Send one request of each step, and show everything of it.", context_settings=HELP)
@click.argument("profile")
@click.option("--target", metavar="URL|aws", help="As with run.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Override a key: client=aiohttp.")
@request_options
def command(profile: str, target: str | None, sets: tuple[str, ...], asked: Asked | None) -> int:
    """Send one request of each step of PROFILE (a file, a shipped name or a URL), and show everything of it.

    Request, answer, times, TLS, addresses, what was captured; secrets are redacted. The exit status is 4 if a step
    is not as expected, 3 if nothing reached the target, or it takes nothing from us.

    \b
    loadgen once burst
    loadgen once https://127.0.0.1:8443/health
    loadgen once https://127.0.0.1:8443/orders -H "x-api-key: $API_KEY" -d '{"id": "{{uuid}}"}'
    """
    import uvloop

    from loadgen.report.terminal.once import show_once
    from loadgen.runner.once import once
    from loadgen.sandbox.process import start
    from loadgen.sandbox.registry import sandbox_at

    loaded: Loaded = read(profile, target, sets, asked=asked)
    seen: list[dict[str, Any]] = uvloop.run(once(loaded, start, sandbox_at, _say))
    with output() as out:
        if loaded.profile.target.sandbox:
            out.write("simulated target\n")
        show_once(seen, out)
    if not any(exchange["answer"] for exchange in seen) or any(exchange["refused"] for exchange in seen):
        return 3
    return 0 if all(exchange["outcome"] == "ok" for exchange in seen) else 4


def _say(text: str) -> None:
    click.echo(text, err=True)

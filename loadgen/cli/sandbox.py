"""`loadgen sandbox`: run the simulated target until Ctrl-C."""

from __future__ import annotations

import signal
from pathlib import Path
from urllib.parse import urlsplit

import click

from loadgen.cli import HELP, say
from loadgen.interrupts import heeded


@click.command("sandbox", short_help="Run the simulated target until Ctrl-C.", context_settings=HELP)
@click.argument("profile", required=False)
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Override a key: sandbox.rtt=50ms.")
@click.option("--http-port", type=click.IntRange(0, 65535), metavar="PORT", default=0, help="[default: a free one]")
@click.option("--https-port", type=click.IntRange(0, 65535), metavar="PORT", default=0, help="[default: a free one]")
@click.option("--log", type=click.Path(path_type=Path), help="Write what really happened to this file (CSV).")
def command(profile: str | None, sets: tuple[str, ...], http_port: int, https_port: int, log: Path | None) -> int:
    """Run the simulated target until Ctrl-C, as PROFILE's `sandbox:` describes it.

    It listens on 127.0.0.1 alone. For HTTPS, trust the certificate authority whose file it prints.

    \b
    loadgen sandbox burst --https-port 8443
    loadgen sandbox --set sandbox.service=50ms
    """
    from loadgen.net.children import withhold
    from loadgen.profile.load import load
    from loadgen.profile.sandbox import SandboxSettings
    from loadgen.sandbox.process import start
    from loadgen.sandbox.registry import announced

    minimal = "name: sandbox\ntarget: sandbox\nload: [{name: none, users: 1, for: 1s}]\n"
    loaded = load(profile, sets=sets) if profile else load("sandbox", sets=sets, text=minimal)
    withhold(loaded.variables)
    settings = loaded.profile.sandbox or SandboxSettings()
    stops = heeded()
    with (
        loaded.secrets.unrevealing(),
        start(settings, log=log, http_port=http_port, https_port=https_port) as sandbox,
    ):
        signal.pthread_sigmask(signal.SIG_BLOCK, stops)
        ports = [urlsplit(url).port or 0 for url in (sandbox.http, sandbox.https)]
        with announced(ports, settings.describe()):
            click.echo(f"simulated target: {settings.describe()}")
            click.echo(f"{sandbox.http}\n{sandbox.https}   (certificate authority: {sandbox.ca})")
            say(f"loadgen run {sandbox.https}/ --set tls.ca={sandbox.ca} sends to its function,")
            say(f"loadgen run dynamodb-put --target {sandbox.http} to its tables; Ctrl-C ends it")
            signal.sigwait(stops)
            stats = sandbox.stats()
            say(f"{stats['requests']:,} requests, {stats['cold_starts']:,} cold starts")
    return 0

"""`loadgen new`: a commented profile to start from."""

from __future__ import annotations

from pathlib import Path

import click

from loadgen.cli import HELP, NewPath, output, say
from loadgen.errors import ProfileError


@click.command("new", short_help="Write a commented profile for a URL.", context_settings=HELP)
@click.argument("url")
@click.option("--out", "-o", type=NewPath(), help="The file to write.  [default: stdout]")
def command(url: str, out: Path | None) -> int:
    """Write a commented profile for URL: a warm-up and a steady phase, and how to change them.

    \b
    loadgen new https://abc.execute-api.eu-west-1.amazonaws.com/prod --out mine.yaml
    """
    from loadgen.files import taken
    from loadgen.profile.new import commented_profile

    text = commented_profile(url)
    if out is None:
        with output() as stdout:
            stdout.write(text)
        return 0
    try:
        with out.open("x") as file:
            file.write(text)
    except FileExistsError as error:
        raise ProfileError(taken(error), file=str(out), remedy="Choose another name with --out") from None
    except OSError as error:
        raise ProfileError(f"cannot be written: {error.strerror}", file=str(out)) from None
    say(f"{out} is written. Look at what it would send: loadgen check {out}")
    return 0

"""`loadgen schema`: the JSON Schema of a profile."""

from __future__ import annotations

import json

import click

from loadgen.cli import HELP, output


@click.command("schema", short_help="Print the JSON Schema of a profile, for editors.", context_settings=HELP)
def command() -> int:
    """Print the JSON Schema of a profile, for editors that complete and check YAML by one.

    \b
    loadgen schema > loadgen.schema.json
    """
    from loadgen.profile.schema import json_schema

    with output() as out:
        out.write(f"{json.dumps(json_schema(), indent=2)}\n")
    return 0

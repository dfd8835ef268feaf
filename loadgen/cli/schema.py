"""`loadgen schema`: the JSON Schema of a profile, or of a result."""

from __future__ import annotations

import json

import click

from loadgen.cli import HELP, output


@click.command("schema", short_help="Print the JSON Schema of a profile, or of a result.", context_settings=HELP)
@click.option("--result", "of_result", is_flag=True, help="Print the schema of result.json and of what --json prints.")
def command(of_result: bool) -> int:
    """Print the JSON Schema of a profile, with which editors complete and check YAML; or of a result, for programs that
    read one. Each field has a description, and each number its unit.

    \b
    loadgen schema > loadgen.schema.json
    loadgen schema --result > result.schema.json
    """
    from loadgen.profile.schema import json_schema
    from loadgen.result.documents import result_schema

    schema = result_schema() if of_result else json_schema()
    with output() as out:
        out.write(f"{json.dumps(schema, indent=2)}\n")
    return 0

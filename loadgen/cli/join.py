"""`loadgen join`: find a run's requests again in the target's own logs."""

from __future__ import annotations

from pathlib import Path

import click

from loadgen.cli import HELP, output
from loadgen.cli.copying import FolderHere
from loadgen.errors import ProfileError


@click.command("join", short_help="Find the slowest requests of a run in its target's logs.", context_settings=HELP)
@click.argument("run", required=False, metavar="[RUN]", type=FolderHere())
@click.option(
    "--log-group", "groups", multiple=True, metavar="NAME",
    help="A log group of CloudWatch: a function's, or that of an API's access log; several times if you like.  "
    "[default: /aws/lambda/FUNCTION of a run by Invoke]",
)  # fmt: skip
@click.option(
    "--logs", "files", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
    help="Exported lines, plain or .gz; several times if you like.",
)  # fmt: skip
@click.option(
    "--access-format", metavar="FORMAT",
    help="The format of the API's access log, as the API has it.  [default: JSON, named after the variables]",
)  # fmt: skip
@click.option("--region", metavar="REGION", help="The region of the log groups.  [default: the run's]")
@click.option("--endpoint", metavar="URL", help="The endpoint of CloudWatch Logs.  [default: AWS's, or the run's own]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(
    run: Path | None,
    groups: tuple[str, ...],
    files: tuple[Path, ...],
    access_format: str | None,
    region: str | None,
    endpoint: str | None,
    as_json: bool,
) -> int:
    """Find the slowest requests of RUN, and some that were drawn, in the target's own logs, and tell in which hop their
    time went: this machine, network, API Gateway, Lambda, init, handler. RUN is a run's folder or its name below runs/;
    none is the newest. From then on, loadgen report shows it too.

    A run keeps the request ids. A Lambda function's log has them in its REPORT lines. Behind an API the answer's id is
    the gateway's own: the API's access log must have $context.requestId and $context.integration.requestId, for the
    times also $context.responseLatency and $context.integrationLatency; or the function returns its own id.

    It needs logs:FilterLogEvents on the log groups, or files, and no rights for those.

    \b
    loadgen join
    loadgen join runs/orders-20260131-120000 --log-group /aws/lambda/orders --log-group orders-access
    loadgen join --logs lambda.log.gz --logs access.log
    loadgen join --logs access.log --access-format '$context.requestId $context.integration.requestId'
    """
    from loadgen.analysis.documents import as_written
    from loadgen.aws.logs import NoFormat, reader
    from loadgen.cli.loop import on_loop
    from loadgen.experiment.saved import RUNS, find
    from loadgen.report.formats import json_text
    from loadgen.report.terminal.join import show
    from loadgen.runner.join import Wanted, join
    from loadgen.sandbox.registry import sandbox_at

    try:
        read = reader(access_format)
    except NoFormat as error:
        raise ProfileError(str(error), file="--access-format") from None
    with as_written(run or RUNS):
        folder = find(run)
        result = on_loop(join(folder, Wanted(groups, files, read, region, endpoint), sandbox_at))
    with output() as out:
        if as_json:
            out.write(f"{json_text(result)}\n")
        else:
            show(result, out)
    return 0

"""GetFunction, GetFunctionConfiguration, UpdateFunctionConfiguration, PublishVersion, ListVersionsByFunction,
DeleteFunction."""

from __future__ import annotations

from typing import Any

from loadgen.sandbox.lambda_api.call import CODE, Answer, Call, described, settled
from loadgen.sandbox.lambda_api.configuration import DESCRIPTION_LIMIT
from loadgen.sandbox.lambda_api.functions import Function, Version, found
from loadgen.sandbox.lambda_api.names import LATEST
from loadgen.sandbox.lambda_api.parameters import Parameters
from loadgen.sandbox.lambda_api.refusals import conflict, wrong

UPDATE = frozenset(
    {"FunctionName", "MemorySize", "Timeout", "Description", "Environment", "SnapStart", "LoggingConfig", "RevisionId"}
)
PUBLISH = frozenset({"FunctionName", "CodeSha256", "Description", "RevisionId"})
PAGE = 50


def get_function_configuration(call: Call) -> Answer:
    function = call.function()
    version = found(function, call.named, call.region, call.functions.free)
    return 200, described(call, function, version, call.named.qualifier)


def get_function(call: Call) -> Answer:
    _, configuration = get_function_configuration(call)
    code = {"RepositoryType": "S3", "Location": "https://sandbox.invalid/there-is-no-code"}
    return 200, {"Configuration": configuration, "Code": code, "Tags": {}}


def update_function_configuration(call: Call) -> Answer:
    function = call.function()
    if call.named.qualifier != LATEST:
        raise wrong("This operation is permitted on Lambda functions only. Aliases and versions do not support it")
    asked = Parameters.read(call.body, UPDATE)
    settled(call, function, asked.text("RevisionId", 100))
    configuration = function.latest.configuration.changed(asked)
    if configuration.snap_start and not call.functions.restores:
        raise wrong("The sandbox does not know how long a restore takes: set lambda.snap_start in its profile")
    call.functions.change(function, configuration, call.now)
    return 200, described(call, function, function.latest, LATEST)


def publish_version(call: Call) -> Answer:
    function = call.function()
    asked = Parameters.read(call.body, PUBLISH)
    settled(call, function, asked.text("RevisionId", 100))
    sha = asked.text("CodeSha256", 100, CODE)
    if sha != CODE:
        raise wrong(f"CodeSHA256 ({sha}) is different from current CodeSHA256 in $LATEST ({CODE})")
    description = asked.text("Description", DESCRIPTION_LIMIT, function.latest.configuration.description)
    version = _unchanged(function) or call.functions.publish(function, description, call.now)
    return 201, described(call, function, version, version.number)


def list_versions(call: Call) -> Answer:
    function = call.function()
    start, count = _page(call.query)
    everything = [function.latest, *function.versions.values()]
    shown = [_listed(call, function, version) for version in everything[start : start + count]]
    more = {"NextMarker": str(start + count)} if start + count < len(everything) else {}
    return 200, {"Versions": shown, **more}


def delete_function(call: Call) -> Answer:
    function = call.function()
    qualifier = call.named.qualifier
    if "Qualifier" not in call.query and qualifier == LATEST:
        raise wrong("The sandbox deletes versions, and no functions: name one by Qualifier")
    if qualifier == LATEST:
        raise wrong("$LATEST version cannot be deleted without deleting the function.")
    if qualifier in function.aliases:
        raise wrong("An alias cannot be deleted as a version: use DeleteAlias")
    version = found(function, call.named, call.region)
    names = [alias.name for alias in function.aliases.values() if alias.version == qualifier]
    if names:
        raise conflict(f"Unable to delete version because the following aliases reference it: [{', '.join(names)}]")
    call.functions.remove(function, version)
    return 204, None


def _unchanged(function: Function) -> Version | None:
    """The version that was published last, if $LATEST is still as it is: Lambda publishes no second one."""
    last = function.versions.get(str(function.published))
    now = function.latest.configuration
    return last if last and last.configuration == now.with_description(last.configuration.description) else None


def _listed(call: Call, function: Function, version: Version) -> dict[str, Any]:
    return described(call, function, version, version.number) | {
        "FunctionArn": f"{call.arn()}:{version.number}"  # also that of $LATEST
    }


def _page(query: dict[str, str]) -> tuple[int, int]:
    """From which one on, and how many."""
    marker, most = query.get("Marker", "0"), query.get("MaxItems", str(PAGE))
    if not (marker.isdecimal() and most.isdecimal() and len(marker) < 6 and len(most) < 6 and int(most)):
        raise wrong("Marker and MaxItems must be whole numbers")
    return int(marker), min(int(most), PAGE)

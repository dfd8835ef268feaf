"""PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig, ListProvisionedConcurrencyConfigs,
DeleteProvisionedConcurrencyConfig."""

from __future__ import annotations

from typing import Any

from loadgen.sandbox.lambda_api.call import Answer, Call, stamp
from loadgen.sandbox.lambda_api.functions import Function, Provisioned, Version, found, version_of
from loadgen.sandbox.lambda_api.parameters import Parameters
from loadgen.sandbox.lambda_api.refusals import Refused, conflict, wrong

PUT = frozenset({"FunctionName", "Qualifier", "ProvisionedConcurrentExecutions"})
MOST = 10**6


def put_provisioned(call: Call) -> Answer:
    function = call.function()
    qualifier = call.named.qualifier
    version = found(function, call.named, call.region)
    number = Parameters.read(call.body, PUT).whole("ProvisionedConcurrentExecutions", 1, MOST)
    if version is function.latest:
        raise wrong("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    if version.configuration.snap_start:
        raise wrong("Provisioned Concurrency Configs cannot be applied to versions with SnapStart.")
    if any(name != qualifier and version_of(function, name) is version for name in function.provisioned):
        raise conflict("The version has a Provisioned Concurrency Config by another qualifier already.")
    if _others(function, version) + number > version.deployment.most:
        raise wrong("Specified ConcurrentExecutions for function is greater than the unreserved concurrency.")
    return 202, _described(call.functions.provision(function, qualifier, number, call.now))


def get_provisioned(call: Call) -> Answer:
    function = call.function()
    found(function, call.named, call.region)
    asked = function.provisioned.get(call.named.qualifier)
    if asked is None:
        message = "No Provisioned Concurrency Config found for this function"
        raise Refused(404, "ProvisionedConcurrencyConfigNotFoundException", message)
    return 200, _described(asked)


def list_provisioned(call: Call) -> Answer:
    """All on one page."""
    configs = call.function().provisioned.items()
    listed = [{"FunctionArn": call.arn(qualifier), **_described(asked)} for qualifier, asked in configs]
    return 200, {"ProvisionedConcurrencyConfigs": listed}


def delete_provisioned(call: Call) -> Answer:
    function = call.function()
    found(function, call.named, call.region)
    if call.named.qualifier in function.provisioned:
        call.functions.provision(function, call.named.qualifier, 0, call.now)
    return 204, None


def _others(function: Function, version: Version) -> int:
    """What the other versions of the function have."""
    return sum(
        asked.number for name, asked in function.provisioned.items() if version_of(function, name) is not version
    )


def _described(asked: Provisioned) -> dict[str, Any]:
    there = asked.number if asked.there else 0
    return {
        "RequestedProvisionedConcurrentExecutions": asked.number,
        "AvailableProvisionedConcurrentExecutions": there,
        "AllocatedProvisionedConcurrentExecutions": there,
        "Status": "READY" if asked.there else "IN_PROGRESS",
        "LastModified": stamp(asked.modified),
    }

"""The operations that the sandbox does, besides Invoke, and the paths that they have in the API."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from loadgen.sandbox.lambda_api import aliases, provisioned, versions
from loadgen.sandbox.lambda_api.call import Operation


class Route(NamedTuple):
    """What a request asks for: `segment` names the function, `argument` something of it."""

    name: str
    segment: str
    argument: str


OPERATIONS: dict[str, Operation] = {
    "CreateAlias": aliases.create_alias,
    "DeleteAlias": aliases.delete_alias,
    "DeleteFunction": versions.delete_function,
    "DeleteProvisionedConcurrencyConfig": provisioned.delete_provisioned,
    "GetAlias": aliases.get_alias,
    "GetFunction": versions.get_function,
    "GetFunctionConfiguration": versions.get_function_configuration,
    "GetProvisionedConcurrencyConfig": provisioned.get_provisioned,
    "ListAliases": aliases.list_aliases,
    "ListProvisionedConcurrencyConfigs": provisioned.list_provisioned,
    "ListVersionsByFunction": versions.list_versions,
    "PublishVersion": versions.publish_version,
    "PutProvisionedConcurrencyConfig": provisioned.put_provisioned,
    "UpdateAlias": aliases.update_alias,
    "UpdateFunctionConfiguration": versions.update_function_configuration,
}

PREFIXES = (b"/2015-03-31/functions/", b"/2019-09-30/functions/")
_NAMES = {
    ("2015-03-31", "POST", "invocations", False): "Invoke",
    ("2015-03-31", "GET", "", False): "GetFunction",
    ("2015-03-31", "DELETE", "", False): "DeleteFunction",
    ("2015-03-31", "GET", "configuration", False): "GetFunctionConfiguration",
    ("2015-03-31", "PUT", "configuration", False): "UpdateFunctionConfiguration",
    ("2015-03-31", "POST", "versions", False): "PublishVersion",
    ("2015-03-31", "GET", "versions", False): "ListVersionsByFunction",
    ("2015-03-31", "POST", "aliases", False): "CreateAlias",
    ("2015-03-31", "GET", "aliases", False): "ListAliases",
    ("2015-03-31", "GET", "aliases", True): "GetAlias",
    ("2015-03-31", "PUT", "aliases", True): "UpdateAlias",
    ("2015-03-31", "DELETE", "aliases", True): "DeleteAlias",
    ("2019-09-30", "PUT", "provisioned-concurrency", False): "PutProvisionedConcurrencyConfig",
    ("2019-09-30", "GET", "provisioned-concurrency", False): "GetProvisionedConcurrencyConfig",
    ("2019-09-30", "DELETE", "provisioned-concurrency", False): "DeleteProvisionedConcurrencyConfig",
}
_PATH = re.compile(r"/([0-9-]{10})/functions/([^/]+)(?:/([a-z-]+)(?:/([^/]+))?)?/?")


def route(method: str, path: str, query: Container[str]) -> Route | None:
    """The operation that is meant, Invoke included; None: the sandbox has none such."""
    match = _PATH.fullmatch(path)
    if not match:
        return None
    version, segment, part, argument = match.groups()
    name = _NAMES.get((version, method, part or "", bool(argument)))
    if name == "GetProvisionedConcurrencyConfig" and "List" in query:
        name = "ListProvisionedConcurrencyConfigs"
    return Route(name, segment, argument or "") if name else None

"""CreateAlias, GetAlias, UpdateAlias, DeleteAlias, ListAliases."""

from __future__ import annotations

import re
from typing import Any

from loadgen.sandbox.lambda_api.call import Answer, Call
from loadgen.sandbox.lambda_api.configuration import DESCRIPTION_LIMIT
from loadgen.sandbox.lambda_api.functions import LIMIT, Alias, Function, found
from loadgen.sandbox.lambda_api.names import Named
from loadgen.sandbox.lambda_api.parameters import Parameters
from loadgen.sandbox.lambda_api.refusals import Refused, another_revision, conflict, invalid, wrong

CREATE = frozenset({"FunctionName", "Name", "FunctionVersion", "Description"})
UPDATE = CREATE | {"RevisionId"}
PATTERN = r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)"
_NAME = re.compile(PATTERN)


def create_alias(call: Call) -> Answer:
    function = call.function()
    asked = Parameters.read(call.body, CREATE)
    name = asked.text("Name", 128)
    if not _NAME.fullmatch(name):
        raise invalid("name", name, f"satisfy regular expression pattern: {PATTERN}")
    if name in function.aliases:
        raise conflict(f"Alias already exists: {call.arn(name)}")
    if len(function.aliases) >= LIMIT:
        raise wrong(f"The sandbox has at most {LIMIT} aliases of a function")
    version = _version(call, function, asked.text("FunctionVersion", 20))
    alias = Alias(name, version, asked.text("Description", DESCRIPTION_LIMIT), call.functions.revision())
    function.aliases[name] = alias
    return 201, _described(call, alias)


def get_alias(call: Call) -> Answer:
    return 200, _described(call, _found(call, call.function()))


def update_alias(call: Call) -> Answer:
    function = call.function()
    alias = _found(call, function)
    asked = Parameters.read(call.body, UPDATE)
    revision = asked.text("RevisionId", 100)
    if revision and revision != alias.revision:
        raise another_revision()
    version = _version(call, function, asked.text("FunctionVersion", 20, alias.version))
    moves = function.provisioned.get(alias.name) if version != alias.version else None
    if moves:
        call.functions.provision(function, alias.name, 0, call.now)
    alias.version = version
    if moves:
        call.functions.provision(function, alias.name, moves.number, call.now)
    alias.description = asked.text("Description", DESCRIPTION_LIMIT, alias.description)
    alias.revision = call.functions.revision()
    return 200, _described(call, alias)


def delete_alias(call: Call) -> Answer:
    """Deleting one that is not there is no error, as on AWS."""
    function = call.function()
    if call.argument in function.provisioned:
        call.functions.provision(function, call.argument, 0, call.now)
    function.aliases.pop(call.argument, None)
    return 204, None


def list_aliases(call: Call) -> Answer:
    wanted = call.query.get("FunctionVersion")
    aliases = [alias for alias in call.function().aliases.values() if wanted in (None, alias.version)]
    return 200, {"Aliases": [_described(call, alias) for alias in aliases]}


def _found(call: Call, function: Function) -> Alias:
    alias = function.aliases.get(call.argument)
    if alias is None:
        raise Refused(404, "ResourceNotFoundException", f"Cannot find alias {call.arn(call.argument)}")
    return alias


def _version(call: Call, function: Function, number: str) -> str:
    """The number of a version that is there. Raises Refused."""
    if number in function.aliases:
        raise wrong("An alias cannot mean another alias")
    return found(function, Named(function.name, number), call.region).number


def _described(call: Call, alias: Alias) -> dict[str, Any]:
    return {
        "AliasArn": call.arn(alias.name),
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision,
    }

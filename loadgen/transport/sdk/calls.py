"""The parameters of an SDK call, and the reason why one sent nothing."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError, ParamValidationError

from loadgen.aws.invocation import API
from loadgen.exchange import Request


class BadCall(ValueError):
    """A request's body is not what a call of the SDK can be made of."""


def parameters(request: Request) -> dict[str, Any]:
    """The parameters of the call that a request is. Raises BadCall."""
    return _of_invoke(request) if request.path.startswith(API) else _of_body(request.body)


def _of_invoke(request: Request) -> dict[str, Any]:
    path, _, query = request.path.partition("?")
    headers = dict(request.headers)
    given = {
        "FunctionName": unquote(path.removeprefix(API).partition("/")[0]),
        "Qualifier": unquote(query.partition("=")[2]),
        "InvocationType": headers["X-Amz-Invocation-Type"],
        "LogType": headers.get("X-Amz-Log-Type", ""),
        "Payload": request.body,
    }
    return {name: value for name, value in given.items() if value}


def _of_body(body: bytes) -> dict[str, Any]:
    """The parameters in a JSON body: binary values as bytes, which the SDK makes base64 again."""
    binary = b'"B"' in body or b'"BS"' in body
    try:
        call = json.loads(body, object_hook=_binary if binary else None)
    except ValueError as error:
        raise BadCall(str(error)) from None
    if not isinstance(call, dict):
        raise BadCall("it is no JSON object")
    return call


def _binary(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute value with its bytes. An attribute that is called B has a value that is no text."""
    if len(value) == 1:
        if isinstance(text := value.get("B"), str):
            return {"B": b64decode(text, validate=True)}
        if isinstance(texts := value.get("BS"), list) and all(isinstance(text, str) for text in texts):
            return {"BS": [b64decode(text, validate=True) for text in texts]}
    return value


def refusal(error: Exception) -> str:
    """Why the SDK sent nothing, of what is safe to show: no values."""
    if isinstance(error, BadCall):
        return f"no call of the service: {error}"
    if isinstance(error, ParamValidationError):
        first = str(error.kwargs.get("report", "")).partition("\n")[0]
        return f"the SDK refuses the parameters: {first.partition(', value: ')[0]}"[:200]
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", "?"))
        return f"the SDK's credentials: {error.operation_name} was refused: {code}"[:200]
    return f"the SDK: {type(error).__name__}"

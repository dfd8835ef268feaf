"""Which function a request names: by its name, with a qualifier, or as an ARN, whole or in part."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from loadgen.sandbox.lambda_api.refusals import Refused, invalid

ACCOUNT = "000000000000"
REGION = "us-east-1"
"""Where nobody signed for another."""
LATEST = "$LATEST"
NAME_PATTERN = r"[a-zA-Z0-9-_\.]{1,64}"
QUALIFIER_PATTERN = r"\$LATEST|[a-zA-Z0-9-_]{1,128}"
LIMIT = 170

_NAME = re.compile(
    r"(arn:aws[a-zA-Z-]*:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d:)?(\d{12}:)?(function:)?"
    rf"(?P<name>{NAME_PATTERN})(:(?P<qualifier>{QUALIFIER_PATTERN}))?"
)
_QUALIFIER = re.compile(QUALIFIER_PATTERN)
_SCOPE = re.compile(r"Credential=[^/,]*/[0-9]*/([a-z0-9-]{1,32})/")


class Named(NamedTuple):
    """A function, and the version or alias that is meant; $LATEST where none is."""

    name: str
    qualifier: str

    def arn(self, region: str, qualifier: bool = True) -> str:
        """The ARN of the function, or of what is meant of it."""
        whose = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{self.name}"
        return f"{whose}:{self.qualifier}" if qualifier and self.qualifier != LATEST else whose


def named(segment: str, query: dict[str, str]) -> Named:
    """What a segment of the path, as it came, and the query name. Raises Refused."""
    text = unquote(segment)
    match = _NAME.fullmatch(text) if len(text) <= LIMIT else None
    if not match:
        raise invalid("functionName", text, f"satisfy regular expression pattern: {_NAME.pattern}")
    within, beside = match["qualifier"], query.get("Qualifier")
    if beside and not _QUALIFIER.fullmatch(beside):
        raise invalid("qualifier", beside, f"satisfy regular expression pattern: {QUALIFIER_PATTERN}")
    if within and beside and within != beside:
        message = "The derived qualifier from the function name does not match the specified qualifier."
        raise Refused(400, "InvalidParameterValueException", message)
    return Named(match["name"], within or beside or LATEST)


def query_of(raw: bytes) -> dict[str, str]:
    """The parameters of a query; of several with the same name, the last one."""
    return dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))


def region_of(authorization: str) -> str:
    """The region that a request was signed for."""
    signed = _SCOPE.search(authorization[:512])
    return signed[1] if signed else REGION

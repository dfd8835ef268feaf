"""The request of `loadgen run URL`: curl's options as the step of a profile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from loadgen.errors import ProfileError
from loadgen.profile.connection import Target
from loadgen.profile.document import Way
from loadgen.profile.scenario import VERBS
from loadgen.profile.units import quoted

# headers that hold no secret; the values of others are neither shown nor kept
OPEN = ("accept", "accept-encoding", "accept-language", "cache-control", "content-type")
JSON = "application/json"
_SCHEME = re.compile(r"[A-Za-z]+ (?=\S+$)")  # of a key: Bearer, Basic
_VARIABLE = re.compile(
    r"([A-Za-z]+ +)?\$\{[A-Za-z_][A-Za-z0-9_]*\}"
)  # the whole value: it is read from the environment


@dataclass(frozen=True, slots=True)
class Asked:
    """The options. `method`: by default POST with a body, else GET. `headers`: each as `NAME: VALUE`. `data`: a body,
    or `@` and the name of a file below the current folder. `split_by`: headers of the answer."""

    method: str | None = None
    headers: tuple[str, ...] = ()
    data: str | None = None
    split_by: tuple[str, ...] = ()

    @property
    def split_names(self) -> list[str]:
        """What the values of these headers are captured as."""
        return [name.strip().lower() for name in self.split_by]

    def step(self, path: str) -> tuple[dict[str, Any], dict[Way, str], dict[str, str]]:
        """Three things: the step; for each of its keys the option that it comes from; and the variables with their
        values, which stand in the step for what may be secret. Raises ProfileError."""
        default = "get" if self.data is None else "post"
        verb = (default if self.method is None else self.method).lower()
        if verb not in VERBS:
            known = ", ".join(verb.upper() for verb in VERBS)
            raise ProfileError(f"{quoted(self.method)} is not a method", file="--method", remedy=f"Known: {known}")
        headers, variables = self._headers()
        step: dict[str, Any] = {"name": verb, verb: path}
        if self.data is not None:
            kind, body = ("file", self.data[1:]) if self.data.startswith("@") else ("text", self.data)
            if kind == "file" and (Path(body).is_absolute() or ".." in Path(body).parts):
                raise ProfileError(f"{quoted(body)} is not below this folder", file="--data", remedy="Copy it here")
            step[kind] = body
            is_json = body.endswith(".json") if kind == "file" else body.lstrip()[:1] in ("{", "[")
            if is_json and not any(name.lower() == "content-type" for name in headers):
                headers["content-type"] = JSON
        if headers:
            step["headers"] = headers
        if self.split_by:
            step["capture"] = {name: f"header.{name}" for name in self.split_names}
        said = {"headers": "--header", "text": "--data", "file": "--data", "capture": "--split-by", verb: "URL"}
        places: dict[Way, str] = {(key,): option for key, option in said.items() if key in step}
        return step, places | {("headers", name): f"--header {name}" for name in headers}, variables

    def _headers(self) -> tuple[dict[str, str], dict[str, str]]:
        headers: dict[str, str] = {}
        variables: dict[str, str] = {}
        for written in self.headers:
            name, colon, value = (part.strip() for part in written.partition(":"))
            if not colon or not name:
                problem = "is not written as NAME: VALUE"  # and is not shown: it may be a secret
                raise ProfileError(problem, file="--header", remedy="For example -H 'x-api-key: ${API_KEY}'")
            if name in headers:
                raise ProfileError(f"{quoted(name)} is given twice", file="--header", remedy="Give it once")
            headers[name] = value
            if name.lower() in OPEN:
                headers[name] = value.replace("${", "$${")
            elif value and not _VARIABLE.fullmatch(value):
                variable = f"HEADER_{len(headers)}"
                scheme = _SCHEME.match(value)
                said = scheme[0] if scheme else ""
                headers[name], variables[variable] = f"{said}${{{variable}}}", value.removeprefix(said)
        return headers, variables


def at(url: str) -> tuple[str, str]:
    """A URL as a target and the path of a step. A text that is no URL is returned as it is: the profile's check then
    says what is wrong with it."""
    try:
        target = Target.model_validate({"url": url})
    except ValidationError:
        return url, "/"
    return (url, "/") if target.sandbox else (target.origin, target.prefix + target.rest)

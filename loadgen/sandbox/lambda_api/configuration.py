"""How a version of a function is configured, and how a request changes that.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from loadgen.clock import SECOND
from loadgen.profile.sandbox import Lambda, NamedFunction
from loadgen.sandbox.lambda_api.parameters import Parameters
from loadgen.sandbox.lambda_api.refusals import wrong

MEMORY, TIMEOUT = (128, 10240), (1, 900)
DESCRIPTION_LIMIT = 256
VARIABLES_LIMIT = 4096
"""Bytes of all environment variables: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
PUBLISHED = "PublishedVersions"


@dataclass(frozen=True, slots=True)
class Configuration:
    """`memory` is MB, `timeout` is ns."""

    memory: int
    timeout: int
    log_format: Literal["text", "json"]
    log_level: Literal["info", "warn"]
    snap_start: bool
    description: str = ""
    variables: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, settings: Lambda, function: NamedFunction | None) -> Self:
        """The one that a function begins with."""
        memory = function.memory if function and function.memory else settings.memory
        return cls(memory, settings.timeout, settings.log_format, settings.log_level, bool(settings.snap_start))

    def changed(self, asked: Parameters) -> Configuration:
        """With what a request asks for. Raises Refused."""
        new = replace(
            self,
            memory=asked.whole("MemorySize", *MEMORY, self.memory),
            description=asked.text("Description", DESCRIPTION_LIMIT, self.description),
            variables=_variables(asked, self.variables),
        )
        if "Timeout" in asked.body:
            new = replace(new, timeout=asked.whole("Timeout", *TIMEOUT, 3) * SECOND)
        if "SnapStart" in asked.body:
            chosen = asked.within("SnapStart", {"ApplyOn"}).choice("ApplyOn", ("None", PUBLISHED), "None")
            new = replace(new, snap_start=chosen == PUBLISHED)
        return _logging(new, asked)

    def with_description(self, description: str) -> Configuration:
        return replace(self, description=description)

    def described(self) -> dict[str, Any]:
        """Its part of a FunctionConfiguration."""
        logging: dict[str, str] = {"LogFormat": "JSON" if self.log_format == "json" else "Text"}
        if self.log_format == "json":
            logging |= {"ApplicationLogLevel": "INFO", "SystemLogLevel": self.log_level.upper()}
        return {
            "Description": self.description,
            "Timeout": max(1, -(-self.timeout // SECOND)),
            "MemorySize": self.memory,
            **({"Environment": {"Variables": dict(self.variables)}} if self.variables else {}),
            "LoggingConfig": logging,
        }


def _variables(asked: Parameters, before: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    if "Environment" not in asked.body:
        return before
    variables = asked.within("Environment", {"Variables"}).mapping("Variables")
    if sum(len(name.encode()) + len(value.encode()) for name, value in variables.items()) > VARIABLES_LIMIT:
        raise wrong(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided exceeded the 4KB limit."
        )
    return tuple(sorted(variables.items()))


def _logging(before: Configuration, asked: Parameters) -> Configuration:
    if "LoggingConfig" not in asked.body:
        return before
    logging = asked.within("LoggingConfig", {"LogFormat", "SystemLogLevel", "ApplicationLogLevel", "LogGroup"})
    shape = logging.choice("LogFormat", ("Text", "JSON"), "JSON" if before.log_format == "json" else "Text")
    if shape == "Text":
        if "SystemLogLevel" in logging.body:
            raise wrong("System log level can be set only if the log format is JSON.")
        return replace(before, log_format="text", log_level="info")
    level = logging.choice("SystemLogLevel", ("INFO", "WARN"), before.log_level.upper())
    return replace(before, log_format="json", log_level="warn" if level == "WARN" else "info")

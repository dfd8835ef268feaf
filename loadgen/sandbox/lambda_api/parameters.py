"""The parameters in a request's body, read with the errors of Lambda."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from loadgen.sandbox.lambda_api.refusals import Refused, invalid, wrong


class Parameters:
    """A JSON object. The sandbox refuses what it does not know: it would not do it."""

    def __init__(self, body: dict[str, Any], known: Collection[str]) -> None:
        """Raises Refused."""
        self.body = body
        for name in body:
            if name not in known:
                raise wrong(f"The sandbox does not do {name[:100]}: it is a target for load, not an emulator")

    @classmethod
    def read(cls, raw: bytes, known: Collection[str]) -> Parameters:
        """The body of a request; nothing at all is an empty object. Raises Refused."""
        try:
            body = json.loads(raw or b"{}")
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Refused(400, "SerializationException", "The request is not a JSON object")
        return cls({name: value for name, value in body.items() if value is not None}, known)

    def within(self, name: str, known: Collection[str]) -> Parameters:
        """The object at `name`."""
        value = self.body.get(name, {})
        if not isinstance(value, dict):
            raise Refused(400, "SerializationException", f"{name} is not an object")
        return Parameters(value, known)

    def text(self, name: str, most: int, default: str = "") -> str:
        value = self.body.get(name, default)
        if not isinstance(value, str):
            raise Refused(400, "SerializationException", f"{name} is not a text")
        if len(value) > most:
            raise invalid(_small(name), value, f"have length less than or equal to {most}")
        return value

    def whole(self, name: str, least: int, most: int, default: int | None = None) -> int:
        value = self.body.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(400, "SerializationException", f"{name} is not a whole number")
        if value < least:
            raise invalid(_small(name), str(value), f"have value greater than or equal to {least}")
        if value > most:
            raise invalid(_small(name), str(value), f"have value less than or equal to {most}")
        return value

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        value = self.text(name, 100, default)
        if value not in choices:
            raise invalid(_small(name), value, f"satisfy enum value set: [{', '.join(choices)}]")
        return value

    def texts(self, name: str, most: int) -> list[str]:
        """A list of so many texts at most."""
        value = self.body.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Refused(400, "SerializationException", f"{name} is not a list of texts")
        if len(value) > most:
            raise invalid(_small(name), f"{len(value)} texts", f"have length less than or equal to {most}")
        return value

    def mapping(self, name: str) -> dict[str, str]:
        """Texts by name."""
        value = self.body.get(name, {})
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise Refused(400, "SerializationException", f"{name} is not a mapping of texts")
        return value


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]

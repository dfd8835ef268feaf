"""Messages that leave the machine, without the secrets that are in them.

A profile's secrets are values of variables. Each node reads the same profile with its own environment, and so has the
same list of them. A message holds the place in that list where the secret was, and the node puts its own value in.
"""

from __future__ import annotations

import io
import pickle
import re
from typing import Any

from loadgen.errors import PlanError
from loadgen.redaction import SHORTEST, Secrets

Parts = tuple[str | int, ...]  # of a text: what may be read, and the numbers of secrets


class Sealer:
    """Packs messages for nodes that know the secrets `texts`, in this order; and unpacks them there."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._texts = texts
        self._numbers = {text: number for number, text in enumerate(texts) if len(text.strip()) >= SHORTEST}
        longest_first = sorted(self._numbers, key=len, reverse=True)
        self._pattern = re.compile(f"({'|'.join(map(re.escape, longest_first))})") if longest_first else None
        self._hidden = Secrets(*self._numbers)

    def seal(self, message: object) -> bytes:
        """The message without the secrets. Raises PlanError for one that is written in another form."""
        file = io.BytesIO()
        _Sealing(file, self).dump(message)
        return file.getvalue()

    def unseal(self, data: bytes) -> Any:
        """The message with this machine's secrets."""
        return _Unsealing(io.BytesIO(data), self).load()

    def parts(self, text: str) -> Parts | None:
        """The parts of a text; None if there is no secret in it."""
        pieces = self._pattern.split(text) if self._pattern else [text]
        for piece in pieces[::2]:
            if self._hidden.hide(piece) != piece:
                raise PlanError(
                    "a value of the profile holds a secret in another form (encoded, or cut), and would leave this "
                    "machine with it. Give the whole value as one variable"
                )
        return tuple(self._numbers.get(piece, piece) for piece in pieces) if len(pieces) > 1 else None

    def text(self, parts: Parts) -> str:
        return "".join(self._texts[part] if isinstance(part, int) else part for part in parts)


class _Sealing(pickle.Pickler):
    def __init__(self, file: io.BytesIO, sealer: Sealer) -> None:
        super().__init__(file, protocol=5)
        self._sealer = sealer

    def persistent_id(self, obj: Any) -> tuple[bool, Parts] | None:
        if type(obj) is str:
            parts = self._sealer.parts(obj)
            return (False, parts) if parts else None
        if type(obj) is bytes:
            parts = self._sealer.parts(obj.decode("utf-8", "surrogateescape"))
            return (True, parts) if parts else None
        return None


class _Unsealing(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, sealer: Sealer) -> None:
        super().__init__(file)
        self._sealer = sealer

    def persistent_load(self, pid: tuple[bool, Parts]) -> str | bytes:
        binary, parts = pid
        text = self._sealer.text(parts)
        return text.encode("utf-8", "surrogateescape") if binary else text


class _Hiding(pickle.Pickler):
    def __init__(self, file: io.BytesIO, secrets: Secrets) -> None:
        super().__init__(file, protocol=5)
        self._secrets = secrets

    def persistent_id(self, obj: Any) -> str | None:
        if type(obj) is not str:
            return None
        shown = self._secrets.hide(obj)
        return shown if shown != obj else None


class _Shown(pickle.Unpickler):
    def persistent_load(self, pid: str) -> str:
        return pid


def hidden(message: object, secrets: Secrets) -> bytes:
    """A message from a node, in which `[redacted]` stands for each secret."""
    file = io.BytesIO()
    _Hiding(file, secrets).dump(message)
    return file.getvalue()


def shown(data: bytes) -> Any:
    """What `hidden` packed."""
    return _Shown(io.BytesIO(data)).load()

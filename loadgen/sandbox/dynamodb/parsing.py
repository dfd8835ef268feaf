"""The parts that the grammars of all expressions share: tokens, operands, and references."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, NoReturn

from loadgen.sandbox.dynamodb.parameters import Parameters
from loadgen.sandbox.dynamodb.refusals import Refused, invalid, not_done
from loadgen.sandbox.dynamodb.values import Item, Value

LENGTH_LIMIT = 4096  # bytes
DEPTH_LIMIT = 50
"""Of parentheses and NOTs."""
CACHE = 512
"""So many texts of each kind are parsed once."""

_TOKEN = re.compile(r"\s*(?:[#:]?[A-Za-z0-9_]+|<=|>=|<>|\S)")
_PATH = re.compile(r"#\w+|[A-Za-z_]\w*")


class Path(NamedTuple):
    """An attribute of the item: its name, or a #placeholder for its name."""

    token: str


class Constant(NamedTuple):
    """A :placeholder for a value."""

    token: str


Operand = Path | Constant


class Tokens:
    """The tokens of an expression, one after the other, and their references. `what` is for messages."""

    def __init__(self, text: str, what: str) -> None:
        if len(text.encode()) > LENGTH_LIMIT:
            raise invalid(f"Invalid {what}: Expression size has exceeded the maximum allowed size")
        self.what = what
        self._tokens = [match[0].strip() for match in _TOKEN.finditer(text.strip())]
        if not self._tokens:
            raise invalid(f"Invalid {what}: The expression can not be empty;")
        self._at = 0
        self._depth = 0
        self.paths: set[str] = set()
        self.values: set[str] = set()

    @property
    def next(self) -> str:
        """The next token; empty at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def word(self) -> str:
        """The next token in capitals, to compare it with keywords."""
        return self.next.upper()

    def take(self) -> str:
        token = self.next
        self._at += 1
        return token

    def accept(self, *tokens: str) -> bool:
        """Skip the next token if it is one of these, in capitals."""
        if self.word() in tokens:
            self._at += 1
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.accept(token):
            self.fail()

    def deeper(self, by: int) -> None:
        self._depth += by
        if self._depth > DEPTH_LIMIT:
            raise self.refused("The expression is nested too deeply")

    def end(self) -> None:
        if self.next:
            self.fail()

    def followed_by(self, token: str) -> bool:
        """Whether this is the token after the next."""
        return self._tokens[self._at + 1 : self._at + 2] == [token]

    def fail(self) -> NoReturn:
        near = f'"{self.next[:64]}"' if self.next else "<EOF>"
        raise self.refused(f"Syntax error; token: {near}")

    def refused(self, problem: str) -> Refused:
        return invalid(f"Invalid {self.what}: {problem}")

    def path(self) -> Path:
        token = self.take()
        if not _PATH.fullmatch(token):
            self._at -= 1
            self.fail()
        if self.next in (".", "["):
            raise not_done(f"document paths such as {token}{self.next}...")
        self.paths.add(token)
        return Path(token)

    def operand(self) -> Operand:
        if self.next[:1] != ":":
            return self.path()
        token = self.take()
        self.values.add(token)
        return Constant(token)


class Expression(NamedTuple):
    """A tree, and its references."""

    what: str
    tree: Any
    paths: frozenset[str]
    names: frozenset[str]
    """Those of the paths that are placeholders."""
    values: frozenset[str]


def finished(tokens: Tokens, tree: Any) -> Expression:
    tokens.end()
    names = frozenset(token for token in tokens.paths if token[0] == "#")
    return Expression(tokens.what, tree, frozenset(tokens.paths), names, frozenset(tokens.values))


class Scope:
    """The values of a request's placeholders, and which of them its expressions use."""

    __slots__ = ("_entered", "_names", "_used", "_values")

    def __init__(self, parameters: Parameters) -> None:
        self._names: dict[str, Any] = parameters.optional_mapping("ExpressionAttributeNames") or {}
        values = parameters.has("ExpressionAttributeValues")
        self._values: Item = parameters.item("ExpressionAttributeValues") if values else {}
        self._used: set[str] = set()
        self._entered = False
        for name in self._names.values():
            if type(name) is not str or not 0 < len(name) <= 65535:
                raise invalid("ExpressionAttributeNames contains invalid value")

    def enter(self, expression: Expression) -> None:
        """The expression is going to be evaluated. Raises Refused if it uses a placeholder that is not defined."""
        self._entered = True
        for kind, used, known in (("name", expression.names, self._names), ("value", expression.values, self._values)):
            if missing := sorted(used - known.keys()):
                place = "the document path" if kind == "name" else "expression"
                raise invalid(
                    f"Invalid {expression.what}: An expression attribute {kind} used in {place} is not defined; "
                    f"attribute {kind}: {missing[0]}"
                )
            self._used |= used

    def leave(self) -> None:
        """All expressions of the request were entered. Raises Refused if there is a placeholder that none of them
        uses."""
        for which, known in (("ExpressionAttributeNames", self._names), ("ExpressionAttributeValues", self._values)):
            if known and not self._entered:
                raise invalid(f"{which} can only be specified when using expressions")
            if known and (unused := sorted(known.keys() - self._used)):
                raise invalid(f"Value provided in {which} unused in expressions: keys: {{{', '.join(unused)[:200]}}}")

    def name(self, path: Path) -> str:
        return self._names[path.token] if path.token[0] == "#" else path.token

    def value(self, operand: Operand, item: Item) -> Value | None:
        """None if the item has no such attribute."""
        return self._values[operand.token] if isinstance(operand, Constant) else item.get(self.name(operand))

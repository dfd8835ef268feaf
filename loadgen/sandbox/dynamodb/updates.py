"""UpdateExpression: SET, REMOVE and ADD, on attributes of the item itself."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from loadgen.sandbox.dynamodb.numbers import added
from loadgen.sandbox.dynamodb.parsing import CACHE, Constant, Expression, Operand, Path, Scope, Tokens, finished
from loadgen.sandbox.dynamodb.refusals import Unfit, invalid, not_done
from loadgen.sandbox.dynamodb.values import Item, Value

WHAT = "UpdateExpression"
WRONG_TYPE = "An operand in the update expression has an incorrect data type"


class Default(NamedTuple):
    """if_not_exists."""

    path: Path
    otherwise: Source


class Joined(NamedTuple):
    """list_append."""

    first: Source
    second: Source


class Zero(NamedTuple):
    """The value that ADD adds to if the attribute does not exist."""


class Sum(NamedTuple):
    """A sum; a difference if the sign is -1."""

    left: Source
    sign: int
    right: Source


Source = Operand | Default | Joined | Sum | Zero


class Action(NamedTuple):
    """The new value of an attribute; None: the attribute is removed."""

    path: Path
    source: Source | None


@lru_cache(CACHE)
def parse(text: str) -> Expression:
    """Its tree is a tuple of actions. Raises Refused."""
    tokens = Tokens(text, WHAT)
    actions: list[Action] = []
    clauses: set[str] = set()
    while tokens.next:
        clause = tokens.word()
        if clause in clauses:
            raise tokens.refused(f'The "{clause}" section can only be used once in an update expression;')
        if clause == "DELETE":
            raise not_done("DELETE of a set's members in an UpdateExpression")
        if clause not in _CLAUSES:
            tokens.fail()
        clauses.add(clause)
        tokens.take()
        actions.append(_CLAUSES[clause](tokens))
        while tokens.accept(","):
            actions.append(_CLAUSES[clause](tokens))
    return finished(tokens, tuple(actions))


def updated(actions: tuple[Action, ...], item: Item, scope: Scope) -> tuple[Item, list[str]]:
    """The new item, and the names of the attributes that were touched. `item` stays as it is."""
    result, names = dict(item), []
    for path, source in actions:
        name = scope.name(path)
        if name in names:
            problem = f"Two document paths overlap with each other; must remove or rewrite one of these paths; [{name}]"
            raise invalid(f"Invalid {WHAT}: {problem}")
        names.append(name)
        if source is None:
            result.pop(name, None)
        else:
            result[name] = _value(source, item, scope)
    return result, names


def _value(source: Source, item: Item, scope: Scope) -> Value:
    match source:
        case Sum(left, sign, right):
            return {"N": added(_number(left, item, scope), _number(right, item, scope), sign)}
        case Default(path, otherwise):
            return item.get(scope.name(path)) or _value(otherwise, item, scope)
        case Zero():
            return {"N": "0"}
        case Joined(first, second):
            return {"L": _list(first, item, scope) + _list(second, item, scope)}
    value = scope.value(source, item)
    if value is None:
        raise Unfit("The provided expression refers to an attribute that does not exist in the item")
    return value


def _number(source: Source, item: Item, scope: Scope) -> str:
    value = _value(source, item, scope)
    if "N" not in value:
        raise Unfit(WRONG_TYPE)
    number: str = value["N"]
    return number


def _list(source: Source, item: Item, scope: Scope) -> list[Value]:
    value = _value(source, item, scope)
    if "L" not in value:
        raise Unfit(WRONG_TYPE)
    members: list[Value] = value["L"]
    return members


def _set(tokens: Tokens) -> Action:
    path = tokens.path()
    tokens.expect("=")
    source = _source(tokens)
    if tokens.next in ("+", "-"):
        sign = 1 if tokens.take() == "+" else -1
        source = Sum(source, sign, _source(tokens))
    return Action(path, source)


def _remove(tokens: Tokens) -> Action:
    return Action(tokens.path(), None)


def _add(tokens: Tokens) -> Action:
    path, value = tokens.path(), tokens.operand()
    if not isinstance(value, Constant):
        tokens.fail()
    return Action(path, Sum(Default(path, Zero()), 1, value))


def _source(tokens: Tokens) -> Source:
    if not tokens.followed_by("("):
        return tokens.operand()
    tokens.deeper(1)
    name = tokens.take()
    tokens.expect("(")
    source: Source
    if name == "if_not_exists":
        path = tokens.path()
        tokens.expect(",")
        source = Default(path, _source(tokens))
    elif name == "list_append":
        first = _source(tokens)
        tokens.expect(",")
        source = Joined(first, _source(tokens))
    else:
        raise tokens.refused(f"Invalid function name; function: {name[:64]}")
    tokens.expect(")")
    tokens.deeper(-1)
    return source


_CLAUSES = {"SET": _set, "REMOVE": _remove, "ADD": _add}

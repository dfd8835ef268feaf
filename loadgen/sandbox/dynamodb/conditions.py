"""ConditionExpression, FilterExpression and KeyConditionExpression: one grammar, trees of named tuples."""

from __future__ import annotations

from functools import lru_cache
from operator import ge, gt, le, lt
from typing import NamedTuple

from loadgen.sandbox.dynamodb.parsing import CACHE, Expression, Operand, Path, Scope, Tokens, finished
from loadgen.sandbox.dynamodb.refusals import not_done
from loadgen.sandbox.dynamodb.values import Item, Value, comparable

ORDERS = {"<": lt, "<=": le, ">": gt, ">=": ge}
UNDONE = {"ATTRIBUTE_TYPE", "CONTAINS", "SIZE"}


class And(NamedTuple):
    parts: tuple[Tree, ...]


class Or(NamedTuple):
    parts: tuple[Tree, ...]


class Not(NamedTuple):
    part: Tree


class Comparison(NamedTuple):
    left: Operand
    sign: str
    right: Operand


class Between(NamedTuple):
    operand: Operand
    low: Operand
    high: Operand


class Exists(NamedTuple):
    path: Path
    wanted: bool


class BeginsWith(NamedTuple):
    operand: Operand
    prefix: Operand


Tree = And | Or | Not | Comparison | Between | Exists | BeginsWith


@lru_cache(CACHE)
def parse(text: str, what: str) -> Expression:
    """Raises Refused. `what` is its name in messages."""
    tokens = Tokens(text, what)
    return finished(tokens, _either(tokens))


def met(tree: Tree, item: Item, scope: Scope) -> bool:
    """Whether `item`, which is empty if there is none, meets the condition."""
    match tree:
        case And(parts):
            return all(met(part, item, scope) for part in parts)
        case Or(parts):
            return any(met(part, item, scope) for part in parts)
        case Not(part):
            return not met(part, item, scope)
        case Exists(path, wanted):
            return (scope.name(path) in item) == wanted
        case Comparison(left, sign, right):
            return _compare(scope.value(left, item), sign, scope.value(right, item))
        case Between(operand, low, high):
            value = scope.value(operand, item)
            return _compare(value, ">=", scope.value(low, item)) and _compare(value, "<=", scope.value(high, item))
        case BeginsWith(operand, prefix):
            return _begins(scope.value(operand, item), scope.value(prefix, item))


def _compare(left: Value | None, sign: str, right: Value | None) -> bool:
    if sign == "=":
        return left is not None and left == right
    if sign == "<>":
        return left != right
    if left is None or right is None:
        return False
    a, b = comparable(left), comparable(right)
    return a is not None and b is not None and a[0] == b[0] and bool(ORDERS[sign](a[1], b[1]))


def _begins(value: Value | None, prefix: Value | None) -> bool:
    if value is None or prefix is None:
        return False
    a, b = comparable(value), comparable(prefix)
    return a is not None and b is not None and a[0] == b[0] in ("S", "B") and a[1].startswith(b[1])


def _either(tokens: Tokens) -> Tree:
    parts = [_both(tokens)]
    while tokens.accept("OR"):
        parts.append(_both(tokens))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _both(tokens: Tokens) -> Tree:
    parts = [_one(tokens)]
    while tokens.accept("AND"):
        parts.append(_one(tokens))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _one(tokens: Tokens) -> Tree:
    tokens.deeper(1)
    tree: Tree
    if tokens.accept("NOT"):
        tree = Not(_one(tokens))
    elif tokens.accept("("):
        tree = _either(tokens)
        tokens.expect(")")
    elif tokens.followed_by("("):
        tree = _function(tokens)
    else:
        tree = _comparison(tokens)
    tokens.deeper(-1)
    return tree


def _function(tokens: Tokens) -> Tree:
    name = tokens.take()
    if name.upper() in UNDONE:
        raise not_done(f"the function {name}")
    tokens.expect("(")
    tree: Tree
    if name == "begins_with":
        operand = tokens.operand()
        tokens.expect(",")
        tree = BeginsWith(operand, tokens.operand())
    elif name in ("attribute_exists", "attribute_not_exists"):
        tree = Exists(tokens.path(), name == "attribute_exists")
    else:
        raise tokens.refused(f"Invalid function name; function: {name[:64]}")
    tokens.expect(")")
    return tree


def _comparison(tokens: Tokens) -> Tree:
    left = tokens.operand()
    if tokens.accept("BETWEEN"):
        low = tokens.operand()
        tokens.expect("AND")
        return Between(left, low, tokens.operand())
    if tokens.word() == "IN":
        raise not_done("IN")
    sign = tokens.next
    if sign not in ORDERS and sign not in ("=", "<>"):
        tokens.fail()
    tokens.take()
    return Comparison(left, sign, tokens.operand())

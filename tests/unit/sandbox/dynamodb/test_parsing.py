"""Tokens of expressions: what is one, where it ends, what it refers to, and its limits."""

from __future__ import annotations

import pytest

from loadgen.sandbox.dynamodb.parsing import DEPTH_LIMIT, LENGTH_LIMIT, Constant, Path, Tokens, finished
from loadgen.sandbox.dynamodb.refusals import Refused

WHAT = "ConditionExpression"


def taken(text: str) -> list[str]:
    tokens, found = Tokens(text, WHAT), list[str]()
    while tokens.next:
        found.append(tokens.take())
    return found


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a<=:v", ["a", "<=", ":v"]),
        ("a< =:v", ["a", "<", "=", ":v"]),
        ("a<>b", ["a", "<>", "b"]),
        ("  #n = :v\t\n", ["#n", "=", ":v"]),
        ("f(a,b)", ["f", "(", "a", ",", "b", ")"]),
        ("# n", ["#", "n"]),
        ("é", ["é"]),
    ],
)
def test_a_text_is_taken_apart(text: str, tokens: list[str]) -> None:
    assert taken(text) == tokens


def test_operands_are_paths_and_constants_and_are_remembered() -> None:
    tokens = Tokens("#n a :v", WHAT)
    assert [tokens.operand() for _ in range(3)] == [Path("#n"), Path("a"), Constant(":v")]
    expression = finished(tokens, None)
    assert (expression.paths, expression.names, expression.values) == ({"#n", "a"}, {"#n"}, {":v"})


@pytest.mark.parametrize(("text", "near"), [("1a", '"1a"'), ("(", '"("'), ("=", '"="')])
def test_what_is_no_path_is_a_syntax_error_at_its_place(text: str, near: str) -> None:
    with pytest.raises(Refused, match="Syntax error; token: ") as told:
        Tokens(text, WHAT).path()
    assert near in str(told.value)


@pytest.mark.parametrize("text", ["a.b", "a[0]"])
def test_paths_into_documents_are_said_not_to_be_done(text: str) -> None:
    with pytest.raises(Refused, match="document paths such as a"):
        Tokens(text, WHAT).path()


def test_something_behind_the_end_is_a_syntax_error() -> None:
    tokens = Tokens("a b", WHAT)
    tokens.path()
    with pytest.raises(Refused, match='"b"'):
        finished(tokens, None)


@pytest.mark.parametrize("text", ["", " \t\n"])
def test_an_empty_one_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="can not be empty"):
        Tokens(text, WHAT)


def test_the_limits_are_exact_and_of_bytes() -> None:
    assert len(taken("a" * LENGTH_LIMIT)) == 1
    for text in ("a" * (LENGTH_LIMIT + 1), "é" * (LENGTH_LIMIT // 2) + "a"):
        with pytest.raises(Refused, match="maximum allowed size"):
            Tokens(text, WHAT)
    tokens = Tokens("a", WHAT)
    tokens.deeper(DEPTH_LIMIT)
    with pytest.raises(Refused, match="nested too deeply"):
        tokens.deeper(1)

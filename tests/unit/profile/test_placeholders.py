"""Placeholders: what is written is what is meant."""

from __future__ import annotations

import pickle

import pytest

from loadgen.profile import placeholders
from loadgen.profile.placeholders import Placeholder, Template


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain {a} }} $", ("plain {a} }} $",)),
        ("{{uuid}}", (Placeholder("uuid"),)),
        ("{{ seq }}", (Placeholder("seq"),)),
        ("a{{int 1 500}}b", ("a", Placeholder("int", (1, 500)), "b")),
        ("{{int -5 5}}", (Placeholder("int", (-5, 5)),)),
        ('{{choice a 2 3.5 "c }} d" "\\"2"}}', (Placeholder("choice", ("a", 2, 3.5, "c }} d", '"2')),)),
        ("{{bytes 150}}{{now}}", (Placeholder("bytes", (150,)), Placeholder("now"))),
        ("/orders/{{id}}", ("/orders/", Placeholder("name", ("id",)))),
    ],
)
def test_placeholders(text: str, parts: tuple[str | Placeholder, ...]) -> None:
    template = placeholders.parse(text)
    assert template == Template(parts)
    assert pickle.loads(pickle.dumps(template)) == template


def test_what_a_template_knows() -> None:
    assert placeholders.parse("abc").constant
    assert placeholders.parse("").single is None
    assert placeholders.parse("{{int 1 5}}").single == Placeholder("int", (1, 5))
    assert placeholders.parse("x{{int 1 5}}").single is None
    assert placeholders.parse("{{b}}{{a}}{{uuid}}{{b}}").names() == ("b", "a")


@pytest.mark.parametrize(
    "text",
    [
        *["{{", "{{}}", "{{ }}", "{{a", "{{a.b}}", "{{a b}}", '{{"a"}}', "{{__import__('os')}}", "{{{{a}}}}"],
        *["{{int}}", "{{int 5 1}}", "{{int 1 2 3}}", "{{int a b}}", "{{uuid 1}}", "{{choice}}"],
        *["{{bytes}}", "{{bytes -1}}", "{{bytes 99999999999}}"],
    ],
)  # fmt: skip
def test_what_is_no_placeholder(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'.*' (is|needs|takes|opens)"):
        placeholders.parse(text)

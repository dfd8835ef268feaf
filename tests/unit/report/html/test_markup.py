"""Elements: what is no markup is text, whatever it holds."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.report import html
from loadgen.report.html.markup import Markup, element, escaped, number, percent, together

HOSTILE = "</style><script>alert(1)</script>\"'&<!--]]>"


def test_text_and_attributes_are_escaped() -> None:
    made = element("p", HOSTILE, title=HOSTILE)
    read = ElementTree.fromstring(made.text)
    assert (read.tag, read.text, read.attrib) == ("p", HOSTILE, {"title": HOSTILE})


def test_content_is_nested_in_any_depth() -> None:
    made = element("ul", [element("li", "a"), None, [element("li", ("b", [["c"]]))]])
    assert made.text == "<ul><li>a</li><li>bc</li></ul>"
    assert together("<", Markup("<br/>"), None).text == "&lt;<br/>"


def test_names_of_attributes() -> None:
    made = element("meta", class_="a", http_equiv="b", x=1.5, y=None, width=3)
    assert made.text == '<meta class="a" http-equiv="b" x="1.5" width="3"/>'


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (0.125, "0.12"), (-3.1, "-3.1"), (float("nan"), "0")])
def test_lengths_are_short(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(("share", "text"), [(0.5, "50%"), (-1, "0%"), (7, "100%"), (1 / 3, "33.33%")])
def test_shares_stay_inside(share: float, text: str) -> None:
    assert percent(share) == text


@given(st.text())
def test_any_text_can_stand_in_a_document(text: str) -> None:
    read = ElementTree.fromstring(f"<p>{escaped(text)}</p>")
    assert escaped(read.text or "") == escaped(text)


def test_markup_is_made_in_one_place() -> None:
    """Nothing else says that a text is markup but the sheet, which is ours."""
    room = Path(html.__file__).parent
    made = {path.name: path.read_text() for path in room.glob("*.py")}
    assert [name for name, source in made.items() if "Markup(" in source and name != "markup.py"] == ["style.py"]
    tags = re.compile(r"""["'][^"'\n]*<[a-zA-Z/]""")
    assert [name for name, source in made.items() if tags.search(source) and name != "markup.py"] == []

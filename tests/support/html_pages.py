"""Pages of HTML, read as the XML that they are too."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from loadgen.report.html.page import DOCTYPE

Tree = ElementTree.Element
ELEMENTS = {
    *("html", "head", "meta", "title", "link", "style", "body", "header", "nav", "main", "footer", "section"),
    *("h1", "h2", "h3", "p", "a", "ul", "li", "span", "div", "dl", "dt", "dd", "small"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "details", "summary"),
    *("svg", "g", "path", "line", "rect", "circle", "text"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "rel", "href", "id", "class", "role", "tabindex", "scope"),
    *("aria-label", "aria-labelledby", "aria-describedby", "aria-hidden", "width", "height", "viewBox"),
    *("preserveAspectRatio", "d", "x", "y", "dx", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "text-anchor"),
}


def parsed(page: str) -> Tree:
    """The page's root. Raises ParseError if an element is not closed, or anything is not escaped."""
    assert page.startswith(DOCTYPE)
    return ElementTree.fromstring(page.removeprefix(DOCTYPE))


def check(page: str) -> Tree:
    """The root of a page that has nothing in it but what we put into pages: no script, no style of an element, nothing
    that asks for anything."""
    root = parsed(page)
    for element in root.iter():
        assert element.tag in ELEMENTS, element.tag
        assert set(element.attrib) <= ATTRIBUTES, (element.tag, element.attrib)
        if "href" in element.attrib:
            assert re.fullmatch("#[a-z0-9-]+|data:,", element.attrib["href"])
    style = root.findtext("head/style")
    assert style and not re.search(r"@import|url\(|expression|http", style)
    return root


def words(element: Tree) -> str:
    """All text in an element, its blanks as one."""
    return " ".join("".join(element.itertext()).split())


def table(root: Tree, caption: str) -> list[list[str]]:
    """The rows of all tables whose caption has these words, below the titles of the first."""
    found = [made for made in root.iter("table") if caption in words(next(made.iter("caption")))]
    rows = [[[words(cell) for cell in row] for row in made.iter("tr")] for made in found]
    assert rows, f"no table {caption}"
    return [rows[0][0], *(row for of in rows for row in of[1:])]


def figures(root: Tree) -> list[Tree]:
    return list(root.iter("figure"))

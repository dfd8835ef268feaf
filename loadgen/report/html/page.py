"""The whole page of a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from loadgen.report.html.markup import Content, Markup, element, together
from loadgen.report.html.style import SHEET, source

DOCTYPE = "<!DOCTYPE html>\n"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page. `key` is the page's own name of it."""

    key: str
    title: str
    content: Content


def policy() -> str:
    """What the page may do: apply its own style sheet, and nothing else. No script has a hash here, because there is
    none; the image of no bytes keeps browsers from asking for an icon."""
    return f"default-src 'none'; style-src {source()}; img-src data:; base-uri 'none'; form-action 'none'"


def document(title: str, head: Content, sections: Iterable[Section], foot: Content) -> str:
    """The page: `head` comes first, and links to the sections below it, of which those without content are left out."""
    made = [(section, together(section.content)) for section in sections]
    shown = [(section, content) for section, content in made if content.text]
    links = [element("a", section.title, href=f"#{section.key}") for section, _ in shown]
    body = element(
        "body",
        element("header", head, element("nav", links, aria_label="Sections")),
        element("main", [_section(section, content) for section, content in shown]),
        element("footer", foot),
    )
    return f"{DOCTYPE}{element('html', _head(title), body, lang='en').text}\n"


def _head(title: str) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("link", rel="icon", href="data:,"),
        element("style", SHEET),
    )


def _section(section: Section, content: Markup) -> Markup:
    heading = element("h2", section.title, id=f"{section.key}-h")
    return element("section", heading, content, id=section.key, aria_labelledby=f"{section.key}-h")

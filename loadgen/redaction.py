"""The texts that nobody may see, and the one gate for everything that leaves the process.

Whatever came from a variable, a file or `-H` is added when it is read. `hide` takes it out of a text, however the
target or a library has written it, and also the beginning of it that a cut has left.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from urllib.parse import quote, quote_plus

REDACTED = "[redacted]"  # stands for what nobody may read
SHORTEST = 4  # characters: shorter texts would be replaced where they stand by chance
CUT = 8  # characters: as much of a beginning is hidden, too
_SCHEME = re.compile(r"[A-Za-z]+ +(\S+)")  # Bearer, Basic: a target may repeat what follows alone
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NO_WORD, _NO_NAME = re.compile(r"[^A-Za-z0-9]+"), re.compile(r"[^A-Za-z0-9_.=-]+")
_GOES_ON = frozenset("/-_=&?#@+%")  # behind a cut there is none of them, nor a letter or digit
_OF_JS = "!*'()"  # what encodeURIComponent leaves as it is; encodeURI leaves more
_OF_URI = f"{_OF_JS};/?:@&=+$,#"


class Secrets:
    """A growing set of texts that nobody may see. A profile begins one, and all that belongs to its run shares it."""

    def __init__(self, *texts: str) -> None:
        self._texts: dict[str, None] = {}
        self._forms: dict[str, dict[str, str]] = {}  # by the first characters, and what stands for each
        self.add(*texts)

    @property
    def texts(self) -> tuple[str, ...]:
        """What was added; what is too short to be a secret is shown all the same."""
        return tuple(self._texts)

    def add(self, *texts: str, shown_as: str = REDACTED) -> None:
        """Hide these from now on, behind `shown_as`, unless they are hidden already."""
        for text in texts:
            if text in self._texts:
                continue
            self._texts[text] = None
            for form in _forms(text) if len(text.strip()) >= SHORTEST else ():
                self._forms.setdefault(form[:CUT], {}).setdefault(form, shown_as)

    def hide(self, text: str) -> str:
        """The text with `[redacted]` in the place of each secret, or what else is to be shown for it."""
        shown, end = "", 0
        for start, stop, shown_as in self._spans(text):
            if start >= end:
                shown += text[end:start] + shown_as
            end = max(end, stop)
        return shown + text[end:] if end else text

    @contextmanager
    def unrevealing(self) -> Iterator[None]:
        """Keep secrets out of what is raised: its words may hold what was sent."""
        try:
            yield
        except Exception as error:
            error.args = tuple(self.hide(part) if isinstance(part, str) else part for part in error.args)
            raise

    def _spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where secrets stand, in order, and what is shown for them. What stands for one already is left alone."""
        folded = _folded(text)
        spans = [
            (at, at + size, shown_as)
            for head, forms in self._forms.items()
            for at in _all(folded, head)
            for size, shown_as in [max((_match(folded, at, form), shown_as) for form, shown_as in forms.items())]
            if size
        ]
        if not spans:
            return spans
        done = [(at, at + len(REDACTED)) for at in _all(text, REDACTED)]
        return sorted(span for span in spans if not any(start <= span[0] and span[1] <= stop for start, stop in done))


def _all(text: str, part: str) -> Iterator[int]:
    """Where the part stands in the text."""
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _match(text: str, at: int, form: str) -> int:
    """How much of `form`, whose first characters stand there, stands at `at`: all of it, what a cut left, or 0."""
    if text.startswith(form, at):
        return len(form)
    size = len(form[:CUT])
    while text[at + size : at + size + 1] == form[size]:
        size += 1
    after = text[at + size : at + size + 1]
    return 0 if after.isalnum() or after in _GOES_ON else size


def _folded(text: str) -> str:
    """In lower case, each character for itself, so that places stay the same: one (a dotted I) is longer in lower case,
    and what another (sigma) becomes depends on its neighbours."""
    return text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower().replace("\u03c2", "\u03c3")


def one_line(text: str) -> str:
    """The text in one line that cannot steer a terminal, as an excerpt has it: white space is one blank, what cannot be
    printed `?`."""
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(c if c.isprintable() else "?" for c in line)


# how a secret is written


def _forms(secret: str) -> set[str]:
    """Each way in which it may come back: escaped, escaped twice, in base64, as a name, and pieces of it."""
    lines = (line for line in secret.splitlines() if len(line.strip()) >= CUT)
    behind_scheme = _SCHEME.fullmatch(secret.strip())
    pieces = {secret, secret.strip(), *lines, *(behind_scheme.groups() if behind_scheme else ())}
    once = set(chain(pieces, *map(_escaped, pieces)))
    twice = set(chain(once, *map(_escaped, once)))
    thrice = {json.dumps(form)[1:-1] for form in twice}  # as the beginning of a JSON body has it
    coded = set(chain(*map(_base64, once)))
    names = {pattern.sub("-", piece).strip("-") for piece in pieces for pattern in (_NO_WORD, _NO_NAME)}
    forms = set(map(_folded, chain(twice, thrice, coded, *map(_escaped, coded), names)))
    forms |= {_CONTROL.sub("?", form) for form in forms} | set(map(one_line, forms))
    return {form for form in forms if len(form) >= SHORTEST}


def _escaped(text: str) -> Iterator[str]:
    """In a URL, in JSON, in HTML, and with its bytes read as another encoding."""
    yield from (quote(text, safe, errors="surrogatepass") for safe in ("", "/", _OF_JS, _OF_URI))
    yield quote_plus(text, errors="surrogatepass")
    for ascii_only in (True, False):
        escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield escaped.replace("/", r"\/")
        yield escaped.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")
    yield html.escape(text)
    yield html.escape(text, quote=False)
    with suppress(UnicodeError):
        yield text.encode().decode("latin-1")
    with suppress(UnicodeError):
        yield from (text.encode("latin-1").decode(errors=errors) for errors in ("surrogateescape", "replace"))
        yield quote(text, "", "latin-1")


def _base64(text: str) -> Iterator[str]:
    """What base64 makes of it, by itself and amid others: it then depends on where the text begins."""
    data = text.encode(errors="surrogatepass")
    yield b64encode(data).decode()
    for before in range(3):
        coded = b64encode(bytes(before) + data).decode()
        first, last = (before * 8 + 5) // 6, (before + len(data)) * 8 // 6  # characters that are made of it alone
        if last - first >= CUT:
            yield coded[first:last]
            yield coded[first:last].replace("+", "-").replace("/", "_")

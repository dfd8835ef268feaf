"""The texts that nobody may see, and the one gate for everything that leaves the process.

Whatever came from a variable, a file or `-H` is added when it is read. `hide` takes it out of a text, however the
target or a library has escaped it, and also the beginning of it that a cut has left.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import chain
from urllib.parse import quote, quote_plus

REDACTED = "[redacted]"  # stands for what nobody may read
SHORTEST = 4  # characters: shorter texts would be replaced where they stand by chance
HEAD = 6  # characters: whatever begins with as many of a secret, or with all of it, is looked at
CUT = 8  # characters: as much of a beginning is hidden, too
LONG = 32  # characters: so much of a beginning is hidden whatever goes on behind it
LAYERS = 6  # of escapes, one within the other, that are undone
_SCHEME = re.compile(r"[A-Za-z]+ +(\S+)")  # Bearer, Basic: a target may repeat what follows alone
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NO_WORD, _NO_NAME = re.compile(r"[^A-Za-z0-9]+"), re.compile(r"[^A-Za-z0-9_.=-]+")
_GOES_ON = frozenset(
    "/-_=?#@+"
)  # so does a word behind a cut, and with a letter or digit of ASCII; with an escape it does not
_ESCAPE = re.compile(
    r"[\\%]u(?:d[89ab][0-9a-f]{2}[\\%]ud[c-f][0-9a-f]{2}|[0-9a-f]{4})"
    r"|\\(?:u\{[0-9a-f]{1,6}\}|x[0-9a-f]{2}|[bfnrt]|[^\w\s])"
    r"|&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});"
    r"|%(?:c[2-9a-f]%[89ab][0-9a-f]|d[0-9a-f]%[89ab][0-9a-f]|e[0-9a-f](?:%[89ab][0-9a-f]){2}"
    r"|f[0-4](?:%[89ab][0-9a-f]){3}|[0-9a-f]{2})",
    re.IGNORECASE | re.ASCII,
)
_BEGUN = re.compile(  # an escape that a cut has left
    r"(?:(?:\\(?:u[0-9a-f]{0,4}|x[0-9a-f]{0,2})?){1,2}|&[#0-9a-z]{0,12}(?!;)"
    r"|(?:%[89a-f][0-9a-f]){0,3}(?:%(?:u[0-9a-f]{0,3}|[0-9a-f]?))?)(?![0-9a-z])"
)
_DONE = re.compile(re.escape(REDACTED))
_OF_JSON = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Secrets:
    """A growing set of texts that nobody may see. A profile begins one, and all that belongs to its run shares it."""

    def __init__(self, *texts: str) -> None:
        self._texts: dict[str, None] = {}
        self._groups: dict[str, _Group] = {}  # by the first characters of their forms
        self._characters: set[str] = set()  # of all forms
        self._led = False  # whether one of the texts begins with blanks, which its forms do not have
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
            self._led |= text[:1].isspace()
            for form in _forms(text) if len(text.strip()) >= SHORTEST else ():
                self._groups.setdefault(form[:HEAD], _Group()).add(form, shown_as)
                self._characters.update(form)

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
        spans = [span for view in _views(text, self._characters) for span in self._seen(view)]
        if not spans:
            return spans
        done = [match.span() for match in _DONE.finditer(text)]
        return sorted(span for span in spans if not any(start <= span[0] and span[1] <= stop for start, stop in done))

    def _seen(self, view: _View) -> Iterator[tuple[int, int, str]]:
        """Where secrets stand, as far as this view of the text shows them."""
        folded = _folded(view.text)
        for head, group in self._groups.items():
            at = folded.find(head)
            while at >= 0:
                for form in group.alike(folded, at):
                    if stop := _end(folded, at, form):
                        blanks = at - len(folded[:at].rstrip()) if self._led else 0
                        end = view.place(stop)
                        if end - view.place(at - blanks) >= CUT or stop - at == len(form):
                            yield view.place(at), end, group.forms[form]
                at = folded.find(head, at + 1)


class _Group:
    """Forms of secrets that begin alike, and what is shown for each."""

    def __init__(self) -> None:
        self.forms: dict[str, str] = {}
        self._common = self._shortest = ""

    def add(self, form: str, shown_as: str) -> None:
        self.forms.setdefault(form, shown_as)
        self._shortest = min(self.forms, key=len)
        self._common = self._shortest[: min(_alike(form, self._shortest) for form in self.forms)]

    def alike(self, text: str, at: int) -> Iterable[str]:
        """The forms to look at: where all of them end at the same character, the shortest, as most of it is there."""
        return self.forms if text.startswith(self._common, at) else (self._shortest,)


class _View:
    """A text in which the escapes of the one `below` are undone, and where its characters stand in the lowest one."""

    def __init__(self, text: str, below: _View | None = None) -> None:
        self.text, self._below = text, below
        self._here, self._there = [0], [0]  # the places behind each escape, here and in the view below

    def place(self, at: int) -> int:
        if not self._below:
            return at
        before = bisect_right(self._here, at) - 1
        return self._below.place(self._there[before] + at - self._here[before])

    def undone(self) -> _View:
        """The next view: without this one's escapes."""
        parts, size, end, view = list[str](), 0, 0, _View("", self)
        for match in _ESCAPE.finditer(self.text):
            parts += (self.text[end : match.start()], _meant(match[0]))
            size += len(parts[-2]) + len(parts[-1])
            end = match.end()
            view._here.append(size)
            view._there.append(end)
        view.text = "".join((*parts, self.text[end:]))
        return view


def _views(text: str, of: Container[str] | None = None) -> Iterator[_View]:
    """The text as it is, and with its escapes undone, layer by layer, until none is left that stands for one of the
    characters `of`, or that could be part of another escape."""
    view = _View(text)
    yield view
    for _ in range(LAYERS):
        meant = (_folded(_meant(match[0])) for match in _ESCAPE.finditer(view.text))
        if not any(of is None or character in of or character in "%&\\" for character in meant):
            return
        view = view.undone()
        yield view


@lru_cache(1024)
def _meant(escape: str) -> str:
    """What an escape of HTML, of a URL, or of JSON and its like stands for."""
    if escape[0] == "&":
        meant = html.unescape(escape)
        return meant if meant != escape else html.unescape(escape.lower())
    kind, digits = escape[1].lower(), escape[2:].strip("{}")
    if escape[0] == "%" and kind != "u":
        octets = bytes.fromhex(escape.replace("%", ""))
        with suppress(UnicodeDecodeError):
            return octets.decode(errors="surrogatepass")
        return octets.decode("latin-1")
    if kind in "ux" and len(digits) > 6:  # two halves of a character
        return str(json.loads(f'"{escape.lower()}"'.replace("%", "\\")))
    if kind in "ux" and digits:
        return chr(int(digits, 16)) if int(digits, 16) < 0x110000 else escape
    return _OF_JSON.get(kind, escape[1])


def _alike(text: str, form: str, at: int = 0) -> int:
    """How many characters of `form` stand there, after those that all of its group begin with."""
    size = min(HEAD, len(form))
    while size < len(form) and text[at + size : at + size + 1] == form[size]:
        size += 1
    return size


def _end(text: str, at: int, form: str) -> int:
    """Where the `form` ends whose first characters stand there: all of it, or what a cut left, the beginning of an
    escape included. 0 if they only look like it, as two URLs begin alike."""
    if text.startswith(form, at):
        return at + len(form)
    size = _alike(text, form, at)
    begun = _BEGUN.match(text, at + size)
    stop = begun.end() if begun else at + size
    after = text[stop : stop + 1]
    whatever = size >= CUT and (size >= LONG or size * 2 >= len(form))
    goes_on = after in _GOES_ON or (after.isalnum() and after.isascii())
    return stop if whatever or not goes_on else 0


def _folded(text: str) -> str:
    """In lower case, each character for itself, so that places stay the same: one (a dotted I) is longer in lower case,
    and what another (sigma) becomes depends on its neighbours. `+` is a blank, as in the fields of a form."""
    return text.replace("+", " ").replace("\u0130", "i").replace("\u03a3", "\u03c3").lower().replace("\u03c2", "\u03c3")


def one_line(text: str) -> str:
    """The text in one line that cannot steer a terminal, as an excerpt has it: white space is one blank, what cannot be
    printed `?`."""
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(c if c.isprintable() else "?" for c in line)


# how a secret is written


def _forms(secret: str) -> set[str]:
    """Each way in which it may come back, apart from escapes: decoded, coded, misread, as a name, and pieces of it."""
    pieces = {view.text for piece in _pieces(secret.strip()) for view in _views(piece)}
    forms = set(chain(pieces, *map(_misread, pieces), *map(_coded, pieces)))
    forms |= {pattern.sub("-", piece).strip("-") for piece in pieces for pattern in (_NO_WORD, _NO_NAME)}
    forms = {_folded(form.strip()) for form in forms}  # a + at its end is no blank that was trimmed
    forms |= {_CONTROL.sub("?", form) for form in forms} | set(map(one_line, forms))
    return {form for form in forms if len(form) >= SHORTEST}


def _pieces(secret: str) -> Iterator[str]:
    """It, its lines, what stands behind a scheme, and what of those base64 stands for: Basic's is user:password."""
    scheme = _SCHEME.fullmatch(secret)
    pieces = [
        secret,
        *(line for line in secret.splitlines() if len(line.strip()) >= CUT),
        *(scheme.groups() if scheme else ()),
    ]
    yield from pieces
    for piece in pieces:
        with suppress(ValueError):
            octets = piece.translate({ord("-"): "+", ord("_"): "/"}).rstrip("=").encode("ascii")
            plain = b64decode(octets + b"=" * (-len(octets) % 4), validate=True).decode()
            password = plain.partition(":")[2]
            if plain.isprintable():
                yield from (text for text in (plain, password) if not text.isdecimal())


def _misread(text: str) -> Iterator[str]:
    """Its bytes read as another encoding."""
    with suppress(UnicodeError):
        yield text.encode().decode("latin-1")
    with suppress(UnicodeError):
        yield from (text.encode("latin-1").decode(errors=errors) for errors in ("surrogateescape", "replace"))


def _coded(text: str) -> Iterator[str]:
    """In base64, once and twice, and escaped before; in hexadecimal digits."""
    data = text.encode(errors="surrogatepass")
    yield data.hex()
    yield b64encode(b64encode(data)).decode()
    for written in {
        text,
        json.dumps(text)[1:-1],
        quote(text, "", errors="surrogatepass"),
        quote_plus(text, errors="surrogatepass"),
    }:
        yield from _base64(written)


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

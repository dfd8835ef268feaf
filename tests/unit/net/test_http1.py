"""HTTP/1.1 answers out of bytes: whatever the splits, the result is the same; whatever the bytes, there is an end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from leftovers import for_the_collector

from loadgen.exchange import BODY, BODY_LIMIT, HEADERS, NOTHING, Request
from loadgen.net.http1 import EXCERPT, HEAD_LIMIT, INTERIM_LIMIT, AnswerReader, BadResponse, Headers, encode

fuzz = settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)
WANTS = (NOTHING, HEADERS, BODY)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True)
class Read:
    """What a reader made of a stream. `complete`: an answer; `bad`: certainly none; neither: it waits for more."""

    complete: bool
    bad: bool = False
    status: int = 0
    keep_alive: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


def read(pieces: Iterable[bytes], wants: int = BODY, head_only: bool = False, end: bool = False) -> Read:
    reader = AnswerReader()
    reader.expect(wants, head_only)
    try:
        complete = any(reader.feed(piece) for piece in pieces if piece) or (end and reader.end())
    except BadResponse:
        return Read(False, bad=True)
    finally:
        reader.close()
    if not complete:
        return Read(False)
    headers = tuple(sorted(reader.kept()[0].items())) if wants else ()
    body = reader.kept()[1] if wants == BODY else None
    return Read(True, False, reader.status, reader.keep_alive, headers, body)


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """`data` in pieces, split at `places`, which may be anywhere."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:stop] for start, stop in pairwise(edges)]


# answers of which it is known beforehand what they say

names = st.sampled_from(["Server", "X-Cold", "ETag", "Set-Cookie", "Via", "Date"])
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
interims = st.lists(
    st.sampled_from([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n"]), max_size=3
)
splits = st.lists(st.integers(0, 10**6), max_size=8)


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bool, Read]:
    """(a valid answer as bytes, whether it is one to HEAD, what it says once the connection has ended)."""
    head_only, status = draw(st.booleans()), draw(st.sampled_from([200, 201, 204, 304, 404, 503]))
    version, framing = draw(st.sampled_from(["1.1", "1.0"])), draw(st.sampled_from(["length", "chunked", "end"]))
    body, headers = draw(st.binary(max_size=200)), draw(st.lists(st.tuples(names, values), max_size=4))
    closes = draw(st.booleans())
    bodiless = head_only or status in (204, 304)
    if closes:
        headers.append(("Connection", "close"))
    if framing == "length":
        headers.append(("Content-Length", str(len(body))))
    elif framing == "chunked":
        headers.append(("Transfer-Encoding", "chunked"))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    data = b"".join(draw(interims)) + f"HTTP/{version} {status} Some Words\r\n{head}\r\n".encode()
    if not bodiless:
        data += _chunks(body, draw(splits)) if framing == "chunked" else body
    ends = framing == "end" and not bodiless
    kept = version == "1.1" and not closes and not ends
    said: dict[str, str] = {}
    for name, value in headers:
        said[name.lower()] = f"{said[name.lower()]}, {value}" if name.lower() in said else value
    expected = Read(True, False, status, kept, tuple(sorted(said.items())), b"" if bodiless else body)
    return draw(st.sampled_from([b"", b"\r\n"])) + data, head_only, expected


def _chunks(body: bytes, places: list[int]) -> bytes:
    pieces = [piece for piece in cut(body, places) if piece]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-Trailer: t\r\n\r\n"


@fuzz
@given(answers(), splits)
def test_a_valid_answer_says_what_was_put_into_it(answer: tuple[bytes, bool, Read], places: list[int]) -> None:
    data, head_only, expected = answer
    assert read(cut(data, places), BODY, head_only, end=True) == expected
    assert read([data[i : i + 1] for i in range(len(data))], BODY, head_only, end=True) == expected
    for wants in WANTS:
        got = read(cut(data, places), wants, head_only, end=True)
        assert (got.complete, got.status, got.keep_alive) == (True, expected.status, expected.keep_alive)


@fuzz
@given(answers(), splits, st.integers(1, 10**6))
def test_an_answer_that_is_cut_short_is_none(answer: tuple[bytes, bool, Read], places: list[int], short: int) -> None:
    data, head_only, expected = answer
    part = data[: -(short % len(data)) or None]
    if part == data:
        return
    got = read(cut(part, places), BODY, head_only, end=True)
    if got.complete:  # only a body that lasts until the end can lose its end unseen
        assert got.status == expected.status
        assert not got.keep_alive
        assert not {"content-length", "transfer-encoding"} & dict(got.headers).keys()


@fuzz
@given(answers(), splits, splits, st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=3)), max_size=4))
def test_splits_change_nothing(
    answer: tuple[bytes, bool, Read], one: list[int], other: list[int], edits: list[tuple[int, bytes]]
) -> None:
    data, head_only, _ = answer
    for place, text in edits:
        place %= len(data) + 1
        data = data[:place] + text + data[place + len(text) :]
    for wants in WANTS:
        expected = read(cut(data, one), wants, head_only, end=True)
        assert read(cut(data, other), wants, head_only, end=True) == expected
        assert read([data], wants, head_only, end=True) == expected


@fuzz
@given(st.binary(max_size=300), splits, st.sampled_from(WANTS), st.booleans())
def test_any_bytes_come_to_an_end(data: bytes, places: list[int], wants: int, head_only: bool) -> None:
    for prefix in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        read(cut(prefix + data, places), wants, head_only, end=True)


# what belongs to an answer, and what does not


@pytest.mark.parametrize("wants", WANTS)
@pytest.mark.parametrize("head_only", [False, True])
@pytest.mark.parametrize(
    "more", [b"H", b"HTTP/1.1 500 No\r\nX-Other: 1\r\nContent-Length: 0\r\n\r\n", b"\x00garbage", b"{}"]
)
def test_what_follows_an_answer_is_seen(wants: int, head_only: bool, more: bytes) -> None:
    reader = AnswerReader()
    reader.expect(wants, head_only)
    assert reader.feed((OK[:-2] if head_only else OK) + more)
    assert reader.surplus
    assert (reader.status, reader.kept()[1]) == (200, (b"" if head_only else b"{}") if wants == BODY else None)
    assert "x-other" not in reader.kept()[0]


def test_an_upgrade_behind_an_answer_does_not_spoil_it() -> None:
    reader = AnswerReader()
    reader.expect(NOTHING, False)
    assert reader.feed(OK + b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    assert reader.surplus


def test_an_empty_line_behind_an_answer_is_forgiven() -> None:
    reader = AnswerReader()
    reader.expect(NOTHING, False)
    assert reader.feed(OK + b"\r\n")
    assert not reader.surplus
    reader.expect(NOTHING, False)
    assert reader.feed(OK)


@pytest.mark.parametrize("before", [b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n"])
@pytest.mark.parametrize("wants", WANTS)
def test_what_comes_before_an_answer_does_not_hide_its_head(before: bytes, wants: int) -> None:
    short = before + b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n{}"
    assert not read([short], wants, end=True).complete
    assert not read([before + b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"], wants, head_only=True).keep_alive
    reader = AnswerReader()
    reader.expect(wants, False)
    reader.feed(before + b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno")
    assert reader.excerpt == b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno"


def test_trailers_are_no_headers() -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Cold: true\r\n\r\n"
    assert read([data]) == Read(True, False, 200, True, (("transfer-encoding", "chunked"),), b"{}")


def test_another_coding_than_chunks_lasts_until_the_end() -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc"
    assert read([data], end=True).body == b"abc"
    assert not read([data]).complete
    chunked = data.replace(b"gzip", b"gzip, chunked\r\nConnection: close").replace(b"abc", b"5\r\nab")
    assert not read([chunked], end=True).complete


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
    ],
)
@pytest.mark.parametrize("wants", WANTS)
def test_what_is_no_answer_is_bad(data: bytes, wants: int) -> None:
    assert read([data], wants).bad
    assert read([data[i : i + 1] for i in range(len(data))], wants).bad


def test_one_reader_reads_answers_of_every_kind_one_after_the_other() -> None:
    reader = AnswerReader()
    for _ in range(3):
        for wants in WANTS:
            for head_only, data in ((False, OK), (True, OK[:-2]), (False, b"HTTP/1.1 100 Go\r\n\r\n" + OK)):
                reader.expect(wants, head_only)
                assert reader.feed(data)
                assert (reader.status, reader.keep_alive, reader.surplus) == (200, True, False)
        reader.expect(NOTHING, False)
        assert reader.feed(OK.replace(b"200", b"404"))
        assert (reader.status, reader.excerpt) == (404, OK.replace(b"200", b"404"))


# limits


@pytest.mark.parametrize("wants", WANTS)
def test_a_head_has_a_limit(wants: int) -> None:
    reader = AnswerReader()
    reader.expect(wants, False)
    reader.feed(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(BadResponse, match="head"):
        for _ in range(HEAD_LIMIT):
            reader.feed(b"X-Filler: 0123456789\r\n")


@pytest.mark.parametrize("line", [b"X-T: 0123456789\r\n", b"0123456789"], ids=["many", "long"])
def test_trailers_have_a_limit(line: bytes) -> None:
    reader = AnswerReader()
    reader.expect(BODY, False)
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: ")
    with pytest.raises(BadResponse, match="trailers"):
        for _ in range(HEAD_LIMIT):
            reader.feed(line)


@pytest.mark.parametrize("wants", WANTS)
def test_a_long_body_in_small_pieces_is_no_trailer(wants: int) -> None:
    reader = AnswerReader()
    reader.expect(wants, False)
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(HEAD_LIMIT // 4):
        assert not reader.feed(b"1\r\nx\r\n")
    assert reader.feed(b"0\r\n\r\n")


@pytest.mark.parametrize("wants", WANTS)
def test_interim_answers_have_a_limit(wants: int) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    assert read([interim * INTERIM_LIMIT + OK], wants).complete
    assert read([interim * (INTERIM_LIMIT + 1) + OK], wants).bad
    assert read([interim] * (INTERIM_LIMIT + 1) + [OK], wants).bad


@pytest.mark.parametrize("size", [BODY_LIMIT, BODY_LIMIT + 1])
def test_a_body_that_is_too_long_is_not_held(size: int) -> None:
    reader = AnswerReader()
    reader.expect(BODY, False)
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    while not reader.feed(bytes(min(100_000, size - reader.body_size))):
        assert sum(map(len, reader.body)) <= BODY_LIMIT
    held = reader.kept()[1]
    assert held is None if size > BODY_LIMIT else held == bytes(size)


@pytest.mark.parametrize("piece", [1, 7, 1000, 200_000])
def test_an_excerpt_has_a_limit_and_is_the_same_however_the_answer_comes(piece: int) -> None:
    data = b"HTTP/1.1 500 Oh\r\nContent-Length: 9999\r\n\r\n" + bytes(i % 251 for i in range(9999))
    reader = AnswerReader()
    reader.expect(NOTHING, False)
    fed = [reader.feed(memoryview(data)[i : i + piece]) for i in range(0, len(data), piece)]
    assert fed[-1]
    assert reader.excerpt == data[:EXCERPT]


def test_readers_leave_nothing_for_the_collector() -> None:
    with for_the_collector() as left:
        for data in (OK, b"HTTP/1.1 100 Go\r\n\r\n" + OK, b"garbage", OK.replace(b"200", b"500")):
            for wants in WANTS:
                for _ in range(20):
                    read([data], wants)
    assert left == []


def test_a_request_in_bytes() -> None:
    request = Request("POST", "/a?b=%2F", (("User-Agent", "x"),), b"{}")
    assert encode(request, "h:1") == (
        b"POST /a?b=%2F HTTP/1.1\r\nHost: h:1\r\nUser-Agent: x\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert encode(Request("POST", "/"), "h") == b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
    assert encode(Request("GET", "/", (("host", "other"),)), "h") == b"GET / HTTP/1.1\r\nhost: other\r\n\r\n"


HEAD = b"HTTP/1.1 200 OK\r\nX-One: 1\r\nset-cookie: a\r\nX-Folded: b\r\n  c\r\nSet-Cookie:  d \t\r\nEmpty:"


def test_headers_are_read_one_at_a_time_as_they_are_all_at_once() -> None:
    whole = {"x-one": "1", "set-cookie": "a, d", "x-folded": "b c", "empty": ""}
    for name in (*whole, "none"):
        assert Headers(HEAD).get(name) == whole.get(name)
    every = Headers(HEAD)
    assert dict(every) == whole
    assert (every.get("x-one"), every.get("none", "x"), len(every)) == ("1", "x", 4)


def test_whether_there_are_headers_is_known_without_reading_them() -> None:
    """`headers or {}` stands on the way of each answer that is read."""
    headers = Headers(HEAD)
    assert headers
    assert headers._read is None
    assert Headers(b"HTTP/1.1 200 OK\r\n\r\n")


def test_a_body_is_no_header() -> None:
    reader = AnswerReader()
    reader.expect(BODY, False)
    body = b"\r\nx-amz-crc32: 5\r\n"
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    assert reader.kept()[0].get("x-amz-crc32") is None
    assert reader.kept()[1] == body


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_long_head_in_pieces_is_kept_whole(cut: int) -> None:
    reader = AnswerReader()
    reader.expect(BODY, False)
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx: %s\r\nlast: 1\r\nContent-Length: 2\r\n\r\n{}" % (
        b"y" * 5000
    )
    pieces = [answer[:cut], answer[cut : cut + 3000], answer[cut + 3000 :]]
    assert [reader.feed(piece) for piece in pieces] == [False, False, True]
    assert (reader.kept()[0]["last"], len(reader.kept()[0]["x"]), reader.kept()[1]) == ("1", 5000, b"{}")


@pytest.mark.parametrize("piece", [1, 7, 5000])
@pytest.mark.parametrize("coding", [b"chunked", b"gzip, Chunked"])
def test_an_excerpt_in_chunks_is_told_without_their_sizes(piece: int, coding: bytes) -> None:
    """However long it is: it may be cut off in the middle of a chunk or of a size."""
    head = b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: " + coding + b"\r\n\r\n"
    body = bytes(i % 251 for i in range(3000))
    data = head + b"".join(b"%x;a=b\r\n%b\r\n" % (len(body[i : i + 9]), body[i : i + 9]) for i in range(0, 3000, 9))
    for size in range(len(head), EXCERPT, 211):
        reader = AnswerReader()
        reader.expect(NOTHING, False)
        for i in range(0, size, piece):
            reader.feed(data[:size][i : i + piece])
        found = reader.plain_excerpt()
        assert found.startswith(head)
        assert body.startswith(found[len(head) :])
        assert len(found) - len(head) >= (size - len(head)) // 2 - 9

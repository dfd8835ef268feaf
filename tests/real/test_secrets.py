"""No secret comes out of any command, whatever its shape and wherever the profile has it from: not on the terminal, not
in a file or its name, not in the environment of a process. The target sends all back, in every way of writing it."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from api_server import Answer, Api, Asked, serve
from canaries import WRITINGS, left, marks
from program import FULL, Program, Ran, run

pytestmark = pytest.mark.real

WORDS = {
    f"C_{key}": f"canary{number}zq{number}xw"
    for number, key in enumerate(("NAME", "PHASE", "SCENARIO", "STEP", "FIELD"))
}
HEADERS = {
    "C_BLANKS": "  canary of blanks  ", "C_SPECIAL": 'canary+/="\\&<>?#%20 \'x',
    "C_SCHEME": "Bearer canary-of-a-scheme", "C_CAPITALS": "CANARY-Of-CaseS",
    "C_LONG": "eyJhbGciOi" + "canaryLONG" * 90,
}  # fmt: skip
BODIES = {
    "C_UNICODE": "canarié-über-κλειδί-🔑", "C_LATIN": "canarié-über", "C_JSON": '{"key": "canary-in-json", "n": [1]}',
    "C_LINES": "-----BEGIN KEY-----\ncanaryline0001+/ab\n-----END KEY-----\n",
}  # fmt: skip
AWS = {
    "AWS_ACCESS_KEY_ID": "CANARYACCESS0KEY", "AWS_SECRET_ACCESS_KEY": "canary/aws+secret",
    "AWS_SESSION_TOKEN": "canary/aws+session=",
}  # fmt: skip
PATHS = {"C_PATH": "canarypath0123", "C_PREFIX": "/canaryprefix/T000", "C_QUERY": "canary of a query/&="}
SECRETS = {**WORDS, **HEADERS, **BODIES, **AWS, **PATHS, "C_FILE": "canary-of-a-file"}
SHOWN = {"C_RATE": "40/s", "C_TIME": "1500ms", "C_REGION": "eu-west-1", "C_NUMBER": "1234567", "C_SHORT": "abc"}
NO_AWS = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
WAYS = [write for name, write in WRITINGS.items() if FULL or "behind" not in name]


def step(**more: Any) -> dict[str, Any]:
    headers = {f"x-{name[2:].lower()}": f"${{{name}}}" for name in HEADERS}
    return {
        "name": "${C_STEP}",
        "post": "/items/${C_PATH}",
        "headers": {**headers, "x-short": "${C_SHORT}", "x-number": "${C_NUMBER}"},
        "query": {"q": "${C_QUERY}"},
        "json": {name.lower(): f"${{{name}}}" for name in (*BODIES, "C_FIELD")},
        "capture": {"seen": "header.x-echo"},
        **more,
    }


def profile(url: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "${C_NAME}",
        "target": f"{url}${{C_PREFIX}}",
        "auth": {"sigv4": {"service": "execute-api", "region": "${C_REGION}"}, "api_key": {"file": "key"}},
        "load": [{"name": "${C_PHASE}", "rate": "${C_RATE}", "for": "${C_TIME}"}],
        "scenarios": [{"name": "${C_SCENARIO}", "split_by": ["seen"], "steps": [step()]}],
        **more,
    }


def reflecting(secrets: Iterable[str]) -> Callable[[Asked], Answer]:
    """An answer to each request that holds a secret in every place and every writing, shifted by a byte each time: so
    that whatever is cut off is cut at each of its bytes."""
    numbers = count()
    texts = [write(secret) for secret in secrets for write in WAYS]

    def answer(asked: Asked) -> Answer:
        number = next(numbers)
        secret = texts[number % len(texts)]
        cut = number % 48
        line = "".join(c if c.isprintable() and c.isascii() else "?" for c in secret)
        latin = secret.encode("latin-1", "replace").decode("latin-1").replace("\n", " ").replace("\r", " ")
        message = f"{'m' * (200 - cut)}{secret}"
        body = {"message": message, "path": asked.path, "errorMessage": secret, "twice": json.dumps({"in": secret})}
        headers = {
            "x-echo": latin.strip() or "-",
            "x-amzn-RequestId": f"{'r' * (200 - cut)}{line}",
            "x-amzn-ErrorType": f"{number}{'e' * (190 - cut)}{line}",
            "server": line,
            "x-pad": "p" * ((number * 7) % 1500),
            "location": f"/login?next={line.strip()}",
        }
        return Answer((403, 200, 500, 429)[number % 4], body, headers)

    return answer


def printed_and_written(folder: Path, *printed: str) -> Iterator[tuple[str, str]]:
    """Every place in which there may be something, and what is there, its name included."""
    for number, text in enumerate(printed):
        yield f"output {number}", text
    for path in folder.rglob("*"):
        if path.name not in ("profile.yaml", "key"):
            yield str(path.name), path.name
            if path.is_file():
                text = path.read_bytes().decode(errors="surrogateescape")
                # a page is looked at as a reader sees it: `json&quot;` is a key of the profile, and no secret's piece
                yield str(path.relative_to(folder)), html.unescape(text) if path.suffix == ".html" else text


def shows_nothing(secrets: Iterable[str], folder: Path, *printed: str) -> None:
    for place, text in printed_and_written(folder, *printed):
        for secret in secrets:
            assert left(text, marks(secret)) == "", (place, secret)


def environments(program: Program) -> dict[str, str]:
    found = {}
    for pid, line in program.others().items():
        with suppress(OSError):  # it has ended meanwhile
            found[line] = Path(f"/proc/{pid}/environ").read_text()
    return found


def carried_out(
    folder: Path, api: Api, written: dict[str, Any], *commands: list[str], extra: tuple[str, ...] = ()
) -> list[Ran]:
    """`loadgen run` of a profile, with a look into the environment of its processes, and other commands after it. None
    of them shows a secret of the profile."""
    text = json.dumps(written)
    secrets = [value for name, value in SECRETS.items() if f"${{{name}}}" in text or name in ("C_FILE", *AWS)]
    api.answer = reflecting(secrets)
    env = {**NO_AWS, **SECRETS, **SHOWN, "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    (folder / "key").write_text(f"{SECRETS['C_FILE']}\n")
    (folder / "profile.yaml").write_text(text)
    files = [word for name in ("csv", "junit", "markdown", "html") for word in (f"--{name}", f"page.{name}")]
    given = ("run", "profile.yaml", "--no-preflight", "--out", "run", "--json", *files, *extra)
    with Program(folder, *given, env=env) as program:
        program.begins()
        children = environments(program)
        ran = [program.wait()]
    assert any("loadgen.fleet.worker" in line for line in children)
    ran += [run(folder, *command, env=env) for command in commands]
    assert [of.err for of in ran if of.status not in (0, 3, 4, 5, 7)] == []
    shows_nothing(secrets, folder, *(text for of in ran for text in (of.out, of.err)), *children.values())
    return ran


COMMANDS = (
    ["run", "profile.yaml", "--set", "load.0.for=300ms"], ["once", "profile.yaml"], ["check", "profile.yaml"],
    ["report", "run"], ["report", "run", "--full"],
    *([["once", "profile.yaml", "--json"], ["check", "profile.yaml", "--json"]] if FULL else []),
)  # fmt: skip


@pytest.mark.parametrize("client", ["wire", *(["aiohttp"] if FULL else [])])
def test_no_secret_of_any_shape_in_any_key_comes_out(tmp_path: Path, client: str) -> None:
    extra = ("--workers", "2", "--witness") if FULL else ()
    with serve(lambda asked: Answer()) as api:
        ran = carried_out(tmp_path, api, profile(api.url, client=client), *COMMANDS, extra=extra)
    once, checked = ran[2].out, ran[3].out
    assert SHOWN["C_NUMBER"] in once and SHOWN["C_SHORT"] in once
    assert f"{api.url}/[redacted]" in checked and "40/s" in checked


def test_no_secret_of_an_experiment_comes_out(tmp_path: Path) -> None:
    """Neither a value of an axis, which variants and their folders are called by, nor what a variant says."""
    axis = {"key": ["${C_LONG}", "${C_BLANKS}"], "number": ["${C_NUMBER}"]}
    says = {"steps": {"other": {"headers": {"x-variant": "${C_SPECIAL}", "x-key": "${matrix.key}"}}}}
    with serve(lambda asked: Answer()) as api:
        one = step(name="other")
        one["headers"] |= {"x-key": "${matrix.key}", "x-of": "${matrix.number}"}
        written = profile(
            api.url,
            load=[{"name": "${C_PHASE}", "rate": "${C_RATE}", "for": "500ms"}],
            scenarios=[{"name": "s", "steps": [one]}],
            experiment={
                "variants": {"a": {}, "b": {"target": f"{api.url}/${{C_PATH}}", "scenarios": {"s": says}}},
                "matrix": axis,
                "rounds": 1,
                "pause": "10ms",
                "baseline": "a key=${C_LONG} number=${C_NUMBER}",
                "primary": "${C_PHASE} response p50",
            },
        )
        ran = carried_out(tmp_path, api, written, ["check", "profile.yaml", "--full"], ["report", "run"])
    names = sorted(path.name for path in (tmp_path / "run" / "rounds" / "01").iterdir())
    assert names == [f"{of}-key=-{key}-number={SHOWN['C_NUMBER']}" for of in "ab" for key in ("C_BLANKS", "C_LONG")]
    assert "a key=${C_LONG} number=1234567" in ran[1].out


def test_no_key_of_the_command_line_comes_out(tmp_path: Path) -> None:
    headers = [f"x-{number}: {secret.strip()}" for number, secret in enumerate(HEADERS.values())]
    options = [word for header in headers for word in ("-H", header)]
    secrets = [*(secret.strip().removeprefix("Bearer ") for secret in HEADERS.values()), PATHS["C_PATH"]]
    with serve(reflecting(secrets)) as api:
        url = f"{api.url}/canarypath0123/{PATHS['C_PATH']}"
        ran = [
            run(tmp_path, *command, *options, "-H", f"x-path: {PATHS['C_PATH']}", env=NO_AWS)
            for command in (
                ["run", url, "--for", "1s"], ["keepalive", url, "--rounds", "2", "--rate", "100/s"], ["once", url],
                ["keepalive", url, "--idle", "10ms"],
            )
        ]  # fmt: skip
    assert [of.err for of in ran if of.status not in (0, 3, 4, 5, 7)] == []
    shows_nothing(secrets, tmp_path, *(text for of in ran for text in (of.out, of.err)))

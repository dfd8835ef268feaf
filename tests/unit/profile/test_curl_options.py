"""The request of a command line with a URL: curl's options as a step, and what may be a key kept out of sight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loadgen.cli import cli
from loadgen.errors import ProfileError
from loadgen.experiment.keepalive import idle_profile, profile_of
from loadgen.profile.curl_options import Asked
from loadgen.profile.load import Loaded, from_url
from loadgen.profile.scenario import Step

URL = "https://h.example:8443/prod/orders?page=2"
KEY = "k-0123456789"


def of(url: str = URL, **asked: Any) -> Loaded:
    return from_url(url, asked=Asked(**asked))


def step_of(loaded: Loaded) -> Step:
    ((step,),) = (scenario.steps for scenario in loaded.profile.scenarios)
    return step


@pytest.mark.parametrize(
    ("asked", "method", "headers", "text"),
    [
        ({"headers": ("X-Api-Key: k",)}, "GET", {"X-Api-Key": "k"}, None),
        ({"method": "put"}, "PUT", {}, None),
        ({"data": "a=b"}, "POST", {}, "a=b"),
        ({"data": ""}, "POST", {}, ""),
        ({"data": ' {"id": "{{uuid}}"}'}, "POST", {"content-type": "application/json"}, ' {"id": "{{uuid}}"}'),
        ({"data": "[]", "method": "PATCH"}, "PATCH", {"content-type": "application/json"}, "[]"),
        ({"data": "{}", "headers": ("Content-Type: text/x",)}, "POST", {"Content-Type": "text/x"}, "{}"),
        ({"headers": ("a:b:c", " d : e ", "f:")}, "GET", {"a": "b:c", "d": "e", "f": ""}, None),
    ],
)
def test_options_are_a_step(asked: dict[str, Any], method: str, headers: dict[str, str], text: str | None) -> None:
    loaded = of(**asked)
    step = step_of(loaded)
    assert (step.name, step.method, step.path) == (method.lower(), method, "/prod/orders?page=2")
    assert (step.headers, step.text) == (headers, text)
    assert (loaded.profile.target.url, loaded.source) == ("https://h.example:8443", URL)
    assert loaded.profile.name == from_url(URL).profile.name


def test_a_header_of_the_answer_splits_the_results() -> None:
    loaded = of(split_by=("X-Cold", "x-cache "))
    (scenario,) = loaded.profile.scenarios
    assert scenario.split_by == ("x-cold", "x-cache")
    assert {name: f"{of.kind}.{of.name}" for name, of in step_of(loaded).capture.items()} == {
        "x-cold": "header.x-cold", "x-cache": "header.x-cache",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["", "x cold", "1st", "uuid"])
def test_what_cannot_split_is_an_error_of_its_option(name: str) -> None:
    with pytest.raises(ProfileError) as raised:
        of(split_by=(name,))
    assert str(raised.value).startswith("--split-by")


def test_a_file_is_a_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "body.json").write_text("{}")
    (tmp_path / "body.bin").write_bytes(b"\xff")
    step = step_of(of(data="@body.json"))
    assert step.file and step.file.resolve() == (tmp_path / "body.json").resolve()
    assert (step.method, step.headers) == ("POST", {"content-type": "application/json"})
    assert step_of(of(data="@body.bin")).headers == {}


def test_a_header_that_may_be_a_key_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t-0123456789")
    monkeypatch.setenv("HEADER_2", "another")
    headers = (
        "accept: text/plain",
        f"x-api-key: {KEY}",
        f"Authorization: Bearer {KEY}1",
        "x-token: ${TOKEN}",
        "cookie: a=1; b=2",
    )
    loaded = of(headers=headers)
    assert step_of(loaded).headers == {
        "accept": "text/plain", "x-api-key": KEY, "Authorization": f"Bearer {KEY}1", "x-token": "t-0123456789",
        "cookie": "a=1; b=2",
    }  # fmt: skip
    assert loaded.secrets.texts == (KEY, f"{KEY}1", "t-0123456789", "a=1; b=2")
    kept = json.dumps(loaded.resolved)
    assert "text/plain" in kept and "Bearer ${HEADER_3}" in kept and "${TOKEN}" in kept
    assert not any(secret in kept for secret in loaded.secrets.texts)


def test_every_kind_of_connection_is_asked_the_same() -> None:
    asked = Asked(headers=(f"x-api-key: {KEY}",), data="{}")
    loaded = profile_of(URL, "40/s", 8, (), asked)
    assert [variant.name for variant in loaded.variants] == ["shared", "resumed", "fresh"]
    for variant in loaded.variants:
        ((step,),) = (scenario.steps for scenario in variant.profile.scenarios)
        assert (step.method, step.headers["x-api-key"]) == ("POST", KEY)
    assert loaded.secrets.texts == (KEY,)
    assert step_of(idle_profile(URL, 10**9, (), asked)).text == "{}"
    assert step_of(profile_of("sandbox", "40/s", 8, (), asked)).path == "/"


@pytest.mark.parametrize(
    ("url", "asked", "message"),
    [
        (URL, {"method": "PO"}, "--method: 'PO' is not a method. Known: GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS"),
        (URL, {"method": ""}, "--method: '' is not a method. Known: GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS"),
        (
            URL, {"headers": ("hunter2-key",)},
            "--header: is not written as NAME: VALUE. For example -H 'x-api-key: ${API_KEY}'",
        ),
        (URL, {"headers": ("a: 1", "a: 2")}, "--header: 'a' is given twice. Give it once"),
        (URL, {"data": "@/etc/passwd"}, "--data: '/etc/passwd' is not below this folder. Copy it here"),
        (URL, {"data": "@../x"}, "--data: '../x' is not below this folder. Copy it here"),
        (
            URL, {"data": "{{nope}}"},
            "--data: {{nope}} is neither a value that an earlier step captures nor a column of data. "
            "Known: uuid, seq, int, choice, bytes, now",
        ),
        ("http://h/#x", {"data": ""}, None),
        ("http://[/", {"data": ""}, None),
        ("h", {"data": ""}, None),
    ],
)  # fmt: skip
def test_a_mistake_is_one_of_its_option(url: str, asked: dict[str, Any], message: str | None) -> None:
    with pytest.raises(ProfileError) as caught:
        of(url, **asked)
    if message is None:
        with pytest.raises(ProfileError) as plain:
            from_url(url)
        message = str(plain.value)
    assert str(caught.value) == message


def test_bytes_that_are_no_text_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell hands them on, and the environment."""
    with pytest.raises(ProfileError) as caught:
        of(data="a\udcff")
    assert str(caught.value) == "--data: holds bytes that are not UTF-8. Send them as a file"
    monkeypatch.setenv("BYTES", "\udcff")
    with pytest.raises(ProfileError, match="holds bytes that are not UTF-8"):
        from_url(URL, asked=Asked(method="PUT"), sets=["scenarios.default.steps.put.json=${BYTES}"])


def test_what_is_wrong_with_a_key_does_not_show_it() -> None:
    with pytest.raises(ProfileError) as caught:
        of(headers=("x-api-key: s\u00e9cret-0123",))
    problem = "its value holds a line break or a character beyond ASCII, which a header must not hold"
    assert str(caught.value) == f"--header x-api-key: {problem}"
    for value in ("one\ntwo-0123", "s3cret-{{nope}}"):
        with pytest.raises(ProfileError, match=r"^--header x-api-key: its value ") as caught:
            of(headers=(f"x-api-key: {value}",))
        assert not any(of in str(caught.value) for of in ("one", "two", "s3cret", "nope", "HEADER_1"))


@pytest.mark.parametrize(
    "value",
    [
        "pre${NOPE:-}canary-0123",
        "canary$${b}0123",
        "canary${XYZ}0123",
        "${",
        "$${TOKEN}",
        "${TOKEN}0123",
        "Bearer ${ABCD",
    ],
)
def test_a_header_is_sent_and_hidden_as_it_is_written(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TOKEN", "t-0123456789")
    loaded = of(headers=(f"x-key: {value}",))
    assert step_of(loaded).headers == {"x-key": value}
    assert "canary" not in json.dumps(loaded.resolved)
    assert len(value) < 4 or value not in loaded.secrets.hide(f"it said {value}")
    assert step_of(of(headers=(f"accept: {value}",))).headers == {"accept": value}


def test_any_header_but_of_what_is_accepted_is_hidden() -> None:
    assert "canary" not in json.dumps(of(headers=("user-agent: canary-0123",)).resolved)
    with pytest.raises(ProfileError, match=r"^--header x: \$\{NOPE_1\} is not set"):
        of(headers=("x: Bearer ${NOPE_1}",))


@pytest.mark.parametrize("command", ["run", "once", "check"])
@pytest.mark.parametrize("option", [("-H", "a: b"), ("-d", "x"), ("-X", "PUT")])
def test_a_profile_has_its_own_requests(command: str, option: tuple[str, str]) -> None:
    ran = CliRunner().invoke(cli, [command, "burst", *option])
    assert ran.exit_code == 2
    assert "--method, --header, --data and --split-by go with a URL" in ran.output


def test_a_check_shows_the_request_without_the_key() -> None:
    told = CliRunner().invoke(
        cli, ["check", "http://127.0.0.1:9/a?b=c", "-H", f"x-api-key: {KEY}", "-d", '{"n": {{int 7 7}}}', "--full"]
    )
    assert told.exit_code == 0
    assert "POST /a?b=c" in told.output and "x-api-key: [redacted]" in told.output and '{"n": 7}' in told.output
    assert KEY not in told.output

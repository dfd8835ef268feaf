"""What nobody asked for is not done: no proxy, no password file, nothing off this machine after a step that fails, no
key of the command line in what is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from api_server import Answer, Asked, serve
from program import VALID, load, run
from servers import Server

pytestmark = pytest.mark.real


@pytest.mark.parametrize("client", ["wire", "aiohttp"])
def test_proxies_and_passwords_of_the_environment_are_left_alone(tmp_path: Path, client: str) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login canary password canary\ndefault login canary password c\n")
    (tmp_path / "netrc").chmod(0o600)
    with serve(lambda asked: Answer()) as api, serve(lambda asked: Answer(502)) as proxy:
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY")
        env = dict.fromkeys(names, proxy.url) | {"no_proxy": "", "NO_PROXY": "", "NETRC": str(tmp_path / "netrc")}
        text = f"name: p\ntarget: {api.url}\nclient: {client}\nload: [{{name: a, users: 1, iterations: 3}}]\n"
        (tmp_path / "profile.yaml").write_text(text)
        ran = run(tmp_path, "run", "profile.yaml", "--json", "--out", "run", env=env)
    assert ran.status in VALID, ran.err
    assert ran.requests["outcomes"] == {"ok": 3}
    assert (len(api.asked), proxy.asked) == (4, []), "one is the request before the load"
    assert not any(asked.header("Authorization") or asked.header("Proxy-Authorization") for asked in api.asked)
    assert {asked.path for asked in api.asked} == {"/"}, "no absolute form, as proxies get it"
    assert all(asked.header("User-Agent").startswith("loadgen/") for asked in api.asked)


@pytest.mark.parametrize(
    "command", [["run", "--for", "1s", "--no-preflight", "--out", "run"], ["run"], ["once"], ["check"],
                ["keepalive", "--rounds", "2", "--out", "run"]],
)  # fmt: skip
def test_a_key_of_the_command_line_is_sent_and_not_kept(tmp_path: Path, command: list[str]) -> None:
    """Though the target's answers repeat it."""

    def answer(asked: Asked) -> Answer:
        key = asked.header("X-Api-Key")
        return Answer(403, {"message": f"not {key}", "path": f"/{key}"}, {"X-Amzn-RequestId": key})

    key = "canary-in-a-header"
    with serve(answer) as api:
        options = ["-H", f"X-Api-Key: {key}", "-H", f"Authorization: Bearer {key}2", "-d", '{"id": {{seq}}}']
        ran = run(tmp_path, command[0], f"{api.url}/a?b=c", *command[1:], *options)
    sent = {
        (a.method, a.path, a.header("X-Api-Key"), a.header("Authorization"), a.header("Content-Type"))
        for a in api.asked
    }
    assert sent == ({("POST", "/a?b=c", key, f"Bearer {key}2", "application/json")} if command != ["check"] else set())
    assert "canary" not in ran.out + ran.err
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert bool(written) == ("--out" in command)
    assert not [path for path in written if b"canary" in path.read_bytes()]


def test_nothing_follows_a_step_that_fails(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(500 if asked.path == "/two" else 200)

    with serve(answer) as api:
        text = f"""
name: p
target: {api.url}
load: [{{name: a, rate: 100/s, for: 5s}}]
scenarios: [{{name: s, steps: [{{name: one, get: /one}}, {{name: two, get: /two}}]}}]
"""
        (tmp_path / "profile.yaml").write_text(text)
        ran = run(tmp_path, "run", "profile.yaml")
        assert [asked.path for asked in api.asked] == ["/one", "/two"]
    assert ran.status == 3
    assert "the step two failed before the load" in ran.err


def test_a_failing_target_ends_the_load(tmp_path: Path) -> None:
    """By default. The one exchange before the load is answered, and none after it."""
    with serve(lambda asked: Answer(500 if len(api.asked) > 1 else 200)) as api:
        ran = run(tmp_path, "run", api.url, "--rate", "20/s", "--for", "60s", "--json", "--out", "run")
    assert any(warning["code"] == "stopped_by_errors" for warning in ran.result["warnings"])
    assert 5 * 15 < len(api.asked) < 30 * 20
    assert ran.status == 3


def test_certificates_that_nobody_checked_are_said(tmp_path: Path, nginx: Server) -> None:
    text = f"name: c\ntarget: {nginx.https}\ntls: {{verify: false}}\nload: [{{name: a, users: 1, iterations: 3}}]\n"
    ran = load(tmp_path, text)
    assert ran.requests["outcomes"] == {"ok": 3}
    assert "TLS certificates were not verified (tls.verify: false)" in ran.warnings
    assert "were not verified" in run(tmp_path, "report", "run").out


def test_nothing_is_imported_from_the_folder_that_the_user_stands_in(tmp_path: Path) -> None:
    """A `json.py` there, or a whole `loadgen/`, is run neither by the command nor by its workers and their target."""
    for name in ("json", "numpy", "click", "sitecustomize", "loadgen/__init__"):
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"print('{name} of the folder')\nraise SystemExit(77)\n")
    (tmp_path / "profile.yaml").write_text("name: p\ntarget: sandbox\nload: [{name: a, users: 1, iterations: 3}]\n")
    options = ["profile.yaml", "--json", "--workers", "2", "--out"]
    command = (str(Path(sys.executable).with_name("loadgen")),)
    ran = run(tmp_path, "run", *options, "run", command=command)
    assert ran.status in VALID, ran.err
    assert ran.requests["outcomes"] == {"ok": 3}
    (tmp_path / "loadgen").rename(tmp_path / "other")  # python -m looks for a package in the folder first
    (tmp_path / "sitecustomize.py").unlink()
    ran = run(tmp_path, "run", *options, "again")
    assert ran.status in VALID, ran.err

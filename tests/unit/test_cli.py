# ruff: noqa: E501
"""The command line: helps that teach, mistakes in one line, and an exit status for each."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from broken_profiles import BROKEN
from paths import DATA

from loadgen import __version__, errors
from loadgen.cli import COMMANDS, main
from loadgen.errors import Exit, worst
from loadgen.profile.load import load, shipped


@dataclass(frozen=True)
class Called:
    status: int
    out: str
    err: str


Loadgen = Callable[..., Called]


@pytest.fixture
def loadgen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Loadgen:
    """`loadgen` with these arguments, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def call(*arguments: str) -> Called:
        monkeypatch.setattr(sys, "argv", ["loadgen", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return Called(int(stop.value.code or 0), out, err)

    return call


# helps


SHIPPED = ", ".join(shipped())


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_help_names_every_command_and_status(loadgen: Loadgen, arguments: list[str]) -> None:
    called = loadgen(*arguments)
    assert (called.status, called.err) == (0, "")
    for command in COMMANDS:
        line = next(line for line in called.out.splitlines() if line.startswith(f"  {command} "))
        assert line.endswith("."), f"the summary of {command} is cut off"
    for status in Exit:
        assert f"\n  {status.value} " in called.out
    assert "loadgen run burst" in called.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_examples_that_work(loadgen: Loadgen, command: str) -> None:
    called = loadgen(command, "--help")
    assert (called.status, called.err) == (0, "")
    assert loadgen(command, "-h") == called
    examples = [line.split("#")[0].split() for line in called.out.splitlines() if line.startswith("  loadgen ")]
    assert examples
    for words in examples:
        assert words[1] == command
        names = [word for word in words if word.startswith("--")]
        assert all(f"  {name} " in called.out or f", {name} " in called.out for name in names), words
    assert max(map(len, called.out.splitlines())) <= 100


def test_the_version(loadgen: Loadgen) -> None:
    assert loadgen("--version") == Called(0, f"loadgen, version {__version__}\n", "")


def test_the_help_loads_nothing_heavy() -> None:
    """It answers at once: what takes long to import is left to the command that needs it."""
    code = """
import sys
from loadgen.cli import main
sys.argv = ["loadgen", "--help"]
try:
    main()
except SystemExit as stop:
    assert not stop.code
heavy = {"pydantic", "numpy", "aiohttp", "rich", "uvloop", "ruamel", "hdrh", "cryptography", "asyncio", "ssl"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_an_interrupt_while_it_is_being_imported_is_no_traceback() -> None:
    code = """
import sys
from loadgen.__main__ import main

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "click":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


# mistakes

MISTAKES = [
    (["frob"], "loadgen: there is no command 'frob', only run, once, check, new, report, compare, keepalive, selftest, sandbox, schema. A profile or URL is for loadgen run. Try loadgen --help"),
    (["--frob"], "loadgen: No such option '--frob'. Try loadgen --help"),
    (["run"], "loadgen run: Missing argument 'PROFILE'. Try loadgen run --help"),
    (["run", "burst", "steady"], "loadgen run: Got unexpected extra argument (steady). Try loadgen run --help"),
    (["run", "brust"], f"loadgen: there is no profile 'brust'. Did you mean burst? Shipped: {SHIPPED}. `loadgen new URL` writes a new one"),
    (["run", "nothere.yaml"], f"loadgen: there is no profile 'nothere.yaml'. Shipped: {SHIPPED}. `loadgen new URL` writes a new one"),
    (["run", "."], "loadgen: .: is a folder. Name a profile in it"),
    (["run", ""], "loadgen: .: is a folder. Name a profile in it"),
    (["run", "burst", "--rate", "5/s"], "loadgen run: --rate goes with a URL; with a profile, use --set, as in load.NAME.rate=500/s. Try loadgen run --help"),
    (["run", "burst", "--for", "5s"], "loadgen run: --for goes with a URL; with a profile, use --set, as in load.NAME.rate=500/s. Try loadgen run --help"),
    (["run", "burst", "--users", "5"], "loadgen run: --users goes with a URL; with a profile, use --set, as in load.NAME.rate=500/s. Try loadgen run --help"),
    (["run", "burst", "--workers", "0"], "loadgen run: --workers 0: expected a number from 1 to 256, or auto. Try loadgen run --help"),
    (["run", "burst", "--workers", "-1"], "loadgen run: --workers -1: expected a number from 1 to 256, or auto. Try loadgen run --help"),
    (["run", "burst", "--workers", "many"], "loadgen run: --workers many: expected a number from 1 to 256, or auto. Try loadgen run --help"),
    (["run", "burst", "--workers", "257"], "loadgen run: --workers 257: expected a number from 1 to 256, or auto. Try loadgen run --help"),
    (["run", "http://h/", "--rate", "5/s", "--users", "3"], "loadgen: --rate and --users are two kinds of load. Give one of them"),
    (["run", "http://h/", "--target", "http://i/"], "loadgen run: --target goes with a profile; a URL is its own target. Try loadgen run --help"),
    (["run", "http://h/", "--users", "0"], "loadgen run: Invalid value for '--users': 0 is not in the range x>=1. Try loadgen run --help"),
    (["run", "http://h/", "--rate", "5"], "loadgen: --rate: '5' is not a rate: expected a number a second, minute or hour, for example 200/s, 12000/m or 1/h"),
    (["run", "http://h/", "--rate", "0/s"], "loadgen: --rate: '0/s' starts nothing: expected more than 0/s, at one end of a ramp at least"),
    (["run", "http://h/", "--for", "30"], "loadgen: --for: '30' is not a duration: expected a number and its unit (ns, us, ms, s, m, h), for example 250ms, 1.5s, 5m or 1m30s"),
    (["run", "ftp://h/"], "loadgen: URL: 'ftp://h/' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH"),
    (["run", "http://u:secret@h/"], "loadgen: URL: a URL with a user name or password ends up in reports: send an authorization header instead"),
    (["run", "http://169.254.169.254/"], "loadgen: URL: 169.254.169.254 is a link-local address, where machines keep their credentials: it is no target"),
    (["run", "burst", "--set", "cycles"], "loadgen: --set: 'cycles' sets nothing. Write --set load.burst.rate=500/s"),
    (["run", "burst", "--set", "load.brust.rate=5/s"], "loadgen: --set load.brust.rate: there is no 'brust' in this list. Did you mean burst? Known: warm-up, steady, burst, recover"),
    (["run", "burst", "--set", "cycles=x"], "loadgen: --set cycles: 'x' is not a whole number"),
    (["run", "burst", "--target", "nowhere"], "loadgen: --target: 'nowhere' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH"),
    (["once"], "loadgen once: Missing argument 'PROFILE'. Try loadgen once --help"),
    (["once", "brust"], f"loadgen: there is no profile 'brust'. Did you mean burst? Shipped: {SHIPPED}. `loadgen new URL` writes a new one"),
    (["check", "http://h/", "--target", "http://i/"], "loadgen check: --target goes with a profile; a URL is its own target. Try loadgen check --help"),
    (["check", "burst", "--workers", "1.5"], "loadgen check: --workers 1.5: expected a number from 1 to 256, or auto. Try loadgen check --help"),
    (["new"], "loadgen new: Missing argument 'URL'. Try loadgen new --help"),
    (["new", "h"], "loadgen: URL: 'h' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH"),
    (["new", "http://h/", "--out", "no/file.yaml"], "loadgen: no/file.yaml: cannot be written: No such file or directory"),
    (["new", "https://h/${HOME}"], "loadgen: URL: holds ${…}, whose value would be written. Put it into the profile"),
    (["report"], "loadgen: runs: there is no run to report. `loadgen run burst` makes one"),
    (["report", "nothere"], "loadgen: nothere: is not a run's folder: it has no run.json"),
    (["report", "--format", "html"], "loadgen report: No such option '--format'. Try loadgen report --help"),
    (["sandbox", "--http-port", "99999"], "loadgen sandbox: Invalid value for '--http-port': 99999 is not in the range 0<=x<=65535. Try loadgen sandbox --help"),
    (["sandbox", "--set", "sandbox.rtt=5"], "loadgen: --set sandbox.rtt: '5' is not a duration: expected a number and its unit (ns, us, ms, s, m, h), for example 250ms, 1.5s, 5m or 1m30s"),
    (["schema", "x"], "loadgen schema: Got unexpected extra argument (x). Try loadgen schema --help"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "line"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_a_mistake_is_one_line(loadgen: Loadgen, arguments: list[str], line: str) -> None:
    assert loadgen(*arguments) == Called(2, "", f"{line}\n")


ALONE = [(text, line) for text, line in BROKEN if "data:" not in text and "file:" not in text]


@pytest.mark.parametrize("command", ["run", "once", "check"])
def test_a_broken_profile_is_one_line(loadgen: Loadgen, tmp_path: Path, command: str) -> None:
    assert len(ALONE) > 50
    for text, line in ALONE:
        (tmp_path / "p.yaml").write_text(text)
        assert loadgen(command, "p.yaml") == Called(2, "", f"loadgen: {line}\n")
    assert not (tmp_path / "runs").exists()


def test_a_system_that_it_does_not_run_on(loadgen: Loadgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    called = loadgen("run", "burst")
    assert called == Called(2, "", "loadgen: uvloop does not run on Windows. Use Linux, macOS, or WSL\n")


# statuses


def test_the_worst_status_wins() -> None:
    order = [1, 130, 6, 3, 5, 4]
    for count in range(len(order) + 1):
        for held in itertools.combinations(order, count):
            statuses = {Exit(status) for status in held}
            expected = min(held, key=order.index, default=0)
            assert worst(statuses) == worst(statuses | {Exit.PASSED}) == expected


def test_each_kind_of_error_has_its_status() -> None:
    kinds = {kind.__name__: kind.status for kind in errors.LoadgenError.__subclasses__()}
    assert kinds.items() >= {"ProfileError": 2, "PlanError": 2, "TargetError": 3}.items()
    assert errors.LoadgenError.status == 1


# commands that send nothing


def test_a_plan_is_that_of_the_rarest_scenario(loadgen: Loadgen, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "name: p\ntarget: http://127.0.0.1:9\nload: [{name: a, rate: 100/s, for: 20s, arrivals: constant}]\n"
        "scenarios:\n  - {name: common, weight: 9, steps: [{name: one, get: /}]}\n"
        "  - {name: rare, weight: 1, steps: [{name: two, get: /}]}\n"
    )
    (phase,) = json.loads(loadgen("check", "p.yaml", "--json").out)["phases"]
    assert (phase["iterations"], phase["rarest"], phase["quantiles"]) == (2000, "rare", ["p50", "p90", "p95", "p99"])
    (tmp_path / "all.yaml").write_text((tmp_path / "p.yaml").read_text().replace("9, steps", "1, steps"))
    (half,) = json.loads(loadgen("check", "all.yaml", "--json").out)["phases"]
    assert phase["sharp"][0]["seconds"] == pytest.approx(5 * half["sharp"][0]["seconds"])
    assert "To know one of rare, the rarest scenario, well" in loadgen("check", "p.yaml").out


def test_a_plan_is_told_where_the_name_does_not_resolve(loadgen: Loadgen, monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("loadgen.net.names.socket.getaddrinfo", getaddrinfo)
    called = loadgen("check", "https://api.invalid/", "--json")
    assert called.status == 3
    assert "api.invalid does not resolve" in called.err
    plan = json.loads(called.out)
    assert plan["addresses"] == []
    assert plan["phases"][0]["quantiles"]
    assert plan["unusable"] in called.err


def test_check_says_what_would_be_sent(loadgen: Loadgen, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "name: p\ntarget: http://127.0.0.1:9/base\nsession: per-request\n"
        "load: [{name: a, rate: 100/s, for: 20s, arrivals: constant}, {name: b, users: 3, for: 5s}]\ncycles: 2\n"
        "scenarios: [{name: s, steps: [{name: one, post: /x, json: {n: 1}, timeout: 3s}]}]\n"
        "thresholds: {a: [response p99 < 50ms]}\n"
    )
    called = loadgen("check", "p.yaml", "--set", "load.a.rate=50/s")
    assert (called.status, called.err) == (0, "")
    for part in ("127.0.0.1:9/base", "nothing was sent", "50/s constant", "1,000", "POST /base/x", '{"n":1}', "3 s"):
        assert part in called.out, part
    assert max(map(len, called.out.splitlines())) <= 100
    called = loadgen("check", "p.yaml", "--json", "--workers", "2")
    plan = json.loads(called.out)
    assert [(phase["name"], phase["cycle"], phase["iterations"]) for phase in plan["phases"]] == [
        ("a", 1, 2000),
        ("b", 1, None),
        ("a", 2, 2000),
        ("b", 2, None),
    ]
    assert plan["workers"] == 2
    assert plan["connections"]["before_the_load"] == 0
    assert plan["connections"]["opened_in_the_busiest_minute"] >= 2000
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", sorted(shipped()))
def test_check_of_the_shipped_profiles(loadgen: Loadgen, name: str) -> None:
    called = loadgen("check", name)
    assert (called.status, called.err) == (0, "")
    assert "the sandbox (simulated)" in called.out


def test_check_keeps_secrets(loadgen: Loadgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hunter2-hunter2")
    (tmp_path / "p.yaml").write_text(
        "name: p\ntarget: http://127.0.0.1:9/\nload: [{name: a, rate: 1/s, for: 1s}]\n"
        'scenarios: [{name: s, steps: [{name: one, get: /, headers: {authorization: "Bearer ${TOKEN}"}}]}]\n'
    )
    for arguments in (["check", "p.yaml"], ["check", "p.yaml", "--json"]):
        called = loadgen(*arguments)
        assert called.status == 0
        assert "hunter2" not in called.out
        assert "authorization" in called.out.lower()


def test_schema_is_one(loadgen: Loadgen) -> None:
    called = loadgen("schema")
    schema = json.loads(called.out)
    assert (called.status, called.err) == (0, "")
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"name", "target", "load", "scenarios"} <= set(schema["properties"])


def test_new_writes_a_profile_that_can_be_run(loadgen: Loadgen, tmp_path: Path) -> None:
    called = loadgen("new", "https://example.org/prod/")
    assert (called.status, called.err) == (0, "")
    profile = load("new.yaml", text=called.out).profile
    assert (profile.target.url, profile.scenarios[0].steps[0].path) == ("https://example.org", "/prod/")
    assert called.out.count("#") > 5, "it is commented"
    written = loadgen("new", "https://example.org/prod/", "--out", "new.yaml")
    assert written == Called(0, "", "new.yaml is written. Look at what it would send: loadgen check new.yaml\n")
    assert (tmp_path / "new.yaml").read_text() == called.out
    again = loadgen("new", "https://example.org/prod/", "-o", "new.yaml")
    assert again == Called(2, "", "loadgen: new.yaml: exists already. Choose another name with --out\n")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "bad/run.json: cannot be read: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "bad/run.json: is not a result"),
        ('{"plan": {}}', "bad: cannot be read: KeyError: 'load'"),
    ],
)
def test_a_run_that_is_none(loadgen: Loadgen, tmp_path: Path, content: str, line: str) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text(content)
    (tmp_path / "bad" / "intervals.jsonl").write_text("")
    assert loadgen("report", "bad") == Called(2, "", f"loadgen: {line}\n")


@pytest.mark.parametrize(
    "content", ["{", "5", '{"schema": "loadgen.result/9"}', '{"schema": "loadgen.result/1", "trust": 5}']
)
def test_a_result_that_is_none(loadgen: Loadgen, tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "result.json").write_text(content)
    for run in (".", "result.json"):
        called = loadgen("report", run)
        assert (called.status, called.out) == (2, "")
        assert called.err.startswith("loadgen: result.json: ")
        assert called.err.count("\n") == 1


def test_a_run_is_found_by_its_name(loadgen: Loadgen, tmp_path: Path) -> None:
    result = DATA / "result.json"
    run = tmp_path / "runs" / "burst-20261122-120000"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    (run / "result.json").write_text(result.read_text())
    called = loadgen("report", run.name)
    assert called.status == 0
    assert called == loadgen("report", str(run)) == loadgen("report")


# an INVALID run


def test_an_invalid_run_is_compared_only_if_it_is_accepted(loadgen: Loadgen, tmp_path: Path) -> None:
    latency = {"response": {"p50": 20.0, "p99": 41.0}}
    step = {"scenario": "s", "step": "get", "latency_ms": latency}
    phase = {"name": "steady", "cycle": 1, "measured": True, "steps": [step]}
    for name, verdict in (("a", "VALID"), ("b", "INVALID")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
        result = {
            "schema": "loadgen.result/1", "run": name, "session": {}, "target": {"url": "http://h"},
            "trust": {"verdict": verdict, "reasons": ["late"]}, "variants": [{"phases": [phase]}],
        }  # fmt: skip
        (tmp_path / name / "result.json").write_text(json.dumps(result))
    refused = loadgen("compare", "a", "b")
    assert (refused.status, refused.out) == (Exit.INVALID, "")
    assert refused.err == "loadgen: b: INVALID: late. To see it all the same: --accept-invalid\n"
    accepted = loadgen("compare", "a", "b", "--json", "--accept-invalid")
    assert (accepted.status, json.loads(accepted.out)["accepted"]) == (0, ["b"])
    assert loadgen("compare", "a", "a").status == 0

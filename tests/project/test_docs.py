"""The pages say what the code does: commands parse, profiles load, and nothing that the code has is left out."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from paths import ROOT

from loadgen.cli import COMMANDS, cli
from loadgen.errors import Exit
from loadgen.exchange import Outcome
from loadgen.profile.load import load
from loadgen.profile.reference import with_reference
from loadgen.profile.sandbox import SandboxSettings
from loadgen.profile.values import LATENCIES, SCHEDULED, STAMPED
from loadgen.record import metrics
from loadgen.record.metrics import Metric
from loadgen.record.seconds import read_seconds
from loadgen.result.reason import CODES
from loadgen.sandbox.heads import Heads
from loadgen.sandbox.paths import special_paths
from loadgen.sandbox.simulation import Simulation
from loadgen.sandbox.truth import COLUMNS
from loadgen.trust.figure import SHARE
from loadgen.trust.signals import table

DOCS = ROOT / "docs"
FILES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/aws/README.md")),
    *sorted(DOCS.rglob("*.md")),
)
PAGES = {str(path.relative_to(ROOT)): path.read_text() for path in FILES}

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def blocks(page: str, *languages: str) -> list[str]:
    return [block[2] for block in _FENCE.finditer(PAGES[page]) if block[1] in languages]


def prose(page: str) -> str:
    return _FENCE.sub("", PAGES[page])


def mentioned(page: str, text: str = "") -> set[str]:
    """What stands in backticks."""
    return set(re.findall(r"`([^`]+)`", text or prose(page)))


# the pages themselves


def test_the_reference_is_up_to_date() -> None:
    assert with_reference(PAGES["docs/profile.md"]) == PAGES["docs/profile.md"]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in _LINK.findall(prose(page)):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        path = ((ROOT / page).parent / name).resolve() if name else ROOT / page
        assert path.exists(), link
        if anchor:
            assert anchor in anchors(path.read_text()), link


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    titles = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [page for page in PAGES if page != "README.md"])
def test_lines_fit_the_page(page: str) -> None:
    assert [line for line in PAGES[page].splitlines() if len(line) > 120 and not line.startswith("|")] == []


def test_every_page_is_in_the_index() -> None:
    listed = set(_LINK.findall(PAGES["docs/README.md"]))
    assert {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"README.md"} <= listed


# commands


def commands(page: str) -> Iterator[list[str]]:
    """The words after `loadgen` of every command of ours in a block of shell, after a prompt, or in backticks."""
    prompts = (line[2:] for text in blocks(page, "") for line in text.splitlines() if line.startswith("$ loadgen "))
    quoted = (" ".join(text.split()) for text in re.findall(r"`(loadgen [^`]+)`", prose(page)))
    scripts = (line for text in blocks(page, "sh") for line in text.replace("\\\n", " ").splitlines())
    for line in (*scripts, *prompts, *quoted):
        yield from _ours(line)


def _ours(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in (*lexer, ";"):
        if word[0] not in "|&;<>":
            words.append(word)
            continue
        while words and re.match(r"[A-Z_]+=", words[0]):
            words.pop(0)
        container = words[:2] in (["docker", "run"], ["podman", "run"])
        at = next((i for i, w in enumerate(words) if w.rpartition("/")[2] == "loadgen" and (i == 0 or container)), None)
        if at is not None:
            yield words[at + 1 :]
        words = []


@pytest.mark.parametrize("page", PAGES)
def test_commands_parse(page: str) -> None:
    for words in commands(page):
        if words and words[0] not in ("--help", "--version"):
            command = cli.get_command(click.Context(cli), words[0])
            assert command, words
            if words[1:]:  # by itself it is only spoken of
                command.make_context(words[0], words[1:])


def test_commands_are_found() -> None:
    found = {words[0] for page in PAGES for words in commands(page) if words}
    assert found >= set(COMMANDS)


def test_the_live_view_is_explained_with_what_changes_it() -> None:
    """Every command that has it says so in its help, and is on its page."""
    page = PAGES["docs/live.md"]
    options: dict[str, set[str]] = {}
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command
        options[name] = {option for param in command.params for option in param.opts}
    having = {name for name, of in options.items() if "--no-tui" in of}
    assert having == {"run", "keepalive", "capacity", "tune"}
    assert all(f"`loadgen {name}`" in page and "--quiet" in options[name] for name in having)
    assert {"--no-tui", "--quiet", "q", "NO_COLOR", "TERM=dumb"} <= mentioned("docs/live.md")


@pytest.mark.parametrize("page", PAGES)
def test_profiles_load(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "users.csv").write_text("user,plan\nann,free\nbob,gold\n")
    monkeypatch.setenv("API_KEY", "k")
    for number, text in enumerate(blocks(page, "yaml")):
        if re.search(r"^name:", text, re.MULTILINE):
            load(tmp_path / f"{number}.yaml", text=text)


# nothing is left out


EXAMPLES = [path for path in (ROOT / "examples").rglob("*.yaml") if "\nname: " in path.read_text()]


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_profiles_of_the_examples_load(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_API", "REST_API", "FUNCTION_URL"):
        monkeypatch.setenv(name, "https://abc.execute-api.eu-west-1.amazonaws.com/python")
    assert path.read_text().startswith("# yaml-language-server: $schema=../../profiles/schema.json\n")
    load(str(path))


def test_every_outcome_and_metric_is_explained() -> None:
    said = mentioned("docs/measuring.md")
    assert {outcome.word for outcome in Outcome} <= said
    assert {metric.word for metric in Metric} <= said


def test_outcomes_are_in_their_order() -> None:
    table = PAGES["docs/measuring.md"].partition("| outcome |")[2]
    rows = [row for row in table.partition("\n\n")[0].splitlines() if row.startswith("| `")]
    found = [word for row in rows for word in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert found == [outcome.word for outcome in Outcome]


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    assert "\n".join(metrics.table()) in PAGES["docs/measuring.md"]


@pytest.mark.parametrize("sentence", [metrics.numbers(), metrics.shown()])
def test_a_results_metrics_are_those_of_the_code(sentence: str) -> None:
    assert sentence in " ".join(PAGES["docs/results.md"].split())


def test_a_threshold_names_metrics_of_the_table() -> None:
    named = [metric for metric in Metric if metric.word in LATENCIES]
    assert len(named) == len(LATENCIES)
    assert {*SCHEDULED} == {metric.word for metric in named if metric.spec.scheduled}
    assert {*STAMPED} == {metric.word for metric in named if metric.spec.stamped}


@pytest.mark.parametrize("page", ["README.md", "docs/results.md"])
def test_every_exit_status_is_explained(page: str) -> None:
    assert {f"{status.value}" for status in Exit} <= set(re.findall(r"^\| (\d+) \|", PAGES[page], re.MULTILINE))


def test_every_path_and_column_of_the_sandbox_is_explained() -> None:
    said = mentioned("docs/sandbox.md")
    assert {path.decode() for path in special_paths(Simulation(SandboxSettings()), Heads(), 0)} <= {
        word.split("/")[1] for word in said if word[0] == "/"
    }
    assert set(COLUMNS.split(",")) <= said


FREE = ("above", "outcomes", "reasons", "recorded_ms", "unsent_why", "headers")  # whose keys are no keys of ours


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from keys(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key != "code" and "code" in value:  # a reason's numbers, which its code explains
                assert f"`{key}`" in CODES[value["code"]] or key.endswith("_ms"), key
                continue
            yield key
            if key not in FREE:
                yield from keys(item)


@pytest.mark.real
def test_every_key_and_file_of_a_run_is_explained(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "loadgen", "run", "burst", "--quiet", "--json", "--out", str(folder)]
    command += ["--set", "load=[{name: steady, rate: 50/s, for: 1s}]", "--set", "thresholds={steady: [errors < 1%]}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (Exit.PASSED, Exit.INVALID), done.stderr
    said = mentioned("docs/results.md")
    assert set(keys(json.loads(done.stdout))) - said == set()
    assert {key for second in read_seconds(folder) for sample in second.health for key in sample} - said == set()
    assert {re.sub(r"\d+", "N", path.name) for path in folder.iterdir()} <= said


# trust


def test_the_signals_are_those_of_the_verdict() -> None:
    assert "\n".join(table()) in PAGES["docs/signals.md"]


def test_the_limits_of_the_share_are_those_of_the_verdict() -> None:
    page = " ".join(PAGES["docs/trust.md"].split())
    assert f"Over **{100 * (SHARE.degraded or 0):g} %** the figure is DEGRADED" in page
    assert f"over **{100 * (SHARE.invalid or 0):g} %** INVALID" in page

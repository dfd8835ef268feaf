"""What `import loadgen` offers: typed, imported when it is first used, and the same profiles as the commands take."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from engine_harness import START, go
from paths import DATA, ROOT
from run_folders import write_seconds

import loadgen
from loadgen.cli.python import _loaded, to_pandas
from loadgen.clock import MILLISECOND, SECOND
from loadgen.errors import ProfileError
from loadgen.result.codec import from_json, to_json
from loadgen.result.rows import columns, rows
from loadgen.result.run import RunResult
from loadgen.transport.scripted import Reply

PROFILE = {"name": "x", "target": "http://127.0.0.1:9", "load": [{"name": "a", "rate": "100/s", "for": "2s"}]}


def test_nothing_is_imported_before_it_is_used() -> None:
    code = "import loadgen, sys; print(sorted(name for name in sys.modules if name.startswith('loadgen')))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "['loadgen']\n"


def test_every_name_is_there_and_no_other() -> None:
    assert all(callable(getattr(loadgen, name)) for name in loadgen.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'walk'"):
        loadgen.walk  # noqa: B018


def test_a_profile_may_be_a_mapping_a_file_a_name_or_a_url(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(json.dumps(PROFILE))
    mapping, path, shipped, url = (
        _loaded(source, None, {"seed": 7}).profile for source in (PROFILE, file, "steady", "http://127.0.0.1:9/a")
    )
    assert mapping == path
    assert {of.seed for of in (mapping, path, shipped, url)} == {7}


def test_overrides_are_keys_of_the_profile() -> None:
    loaded = _loaded(PROFILE, "http://127.0.0.1:10", {"load.a.rate": "7/s", "session": {"reuse": "per-request"}})
    assert (loaded.profile.target.url, loaded.profile.session.reuse) == ("http://127.0.0.1:10", "per-request")
    with pytest.raises(ProfileError, match="lod"):
        _loaded(PROFILE, None, {"lod": 1})


def test_a_url_has_no_other_target() -> None:
    with pytest.raises(ProfileError, match="a URL is its own target"):
        _loaded("http://127.0.0.1:9/", "http://127.0.0.1:10/", {})


def test_what_names_no_nodes_is_one_line() -> None:
    with pytest.raises(ProfileError, match="--nodes goes with --on"):
        loadgen.run(PROFILE, nodes=2)
    with pytest.raises(ProfileError, match="expected ray, HOST:PORT of a Ray cluster"):
        loadgen.run(PROFILE, on="10.0.0.7")


def test_a_saved_run_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = from_json(RunResult, json.loads((DATA / "result.json").read_text()))
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "result.json").write_text(json.dumps(to_json(saved)))
    assert loadgen.load(tmp_path) == saved
    with pytest.raises(ProfileError, match="not a run's folder"):
        loadgen.load(tmp_path / "none")


def test_the_seconds_of_a_run_are_as_the_docs_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = go("load: [{name: a, rate: 50/s, for: 4s}]", lambda x: Reply(after=(2 + x.due // SECOND % 3) * MILLISECOND))
    write_seconds(tmp_path / "run", run).close()
    (example,) = re.findall(r"```python\n(from loadgen.stats .*?)```", (ROOT / "docs" / "python.md").read_text(), re.S)
    exec(example.replace("runs/steady-20260131-120000", str(tmp_path / "run")), {"loadgen": loadgen})
    second, p99 = eval(capsys.readouterr().out)
    assert p99 == pytest.approx(4, rel=0.001)
    assert {round((x.done - x.due) / MILLISECOND) for x in run.exchanges if (x.due - START) // SECOND == second} == {4}
    (tmp_path / "run" / "seconds.bin").write_text("no seconds")
    with pytest.raises(ProfileError, match=r"is not as loadgen wrote it: seconds\.bin: loadgen did not write it"):
        list(loadgen.seconds(tmp_path / "run"))


def test_the_figures_are_a_frame() -> None:
    result = from_json(RunResult, json.loads((DATA / "result.json").read_text()))
    frame = to_pandas(result)
    assert tuple(frame.columns) == columns(result) and len(frame) == len(list(rows(result)))
    assert frame["p99_ms"].max() == max(row["p99_ms"] or 0 for row in rows(result))


def test_without_pandas_there_is_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError):
        to_pandas(from_json(RunResult, json.loads((DATA / "result.json").read_text())))

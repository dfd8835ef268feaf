"""Nodes of Ray: one cluster of two, on this machine, for all tests of this file."""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from counting_server import came
from program import FULL, VALID, Program, Ran, prepare, run, saved, wait_for_end
from ray_nodes import PATIENCE, TOKEN, Cluster, counting, sent_to
from servers import Server

from loadgen.clock import SECOND, wall

pytestmark = pytest.mark.real

CANARY = "canary-9f3b6c7e21d8"
SILENT = 2.0  # s after the end of what it belongs to, nothing sends any more
SECONDS = 3 if FULL else 2  # of the load in which something is killed
OPEN = 1.0 if FULL else 0.3  # s to an answer of it: some requests are always open, and the drain lasts
PROFILE = """
name: nodes
seed: 7
target: http://127.0.0.1:{port}
load: [{phases}]
scenarios:
  - name: s
    data: {{file: rows.csv, order: sequential}}
    steps: [{{name: get, get: "/?~{{{{seq}}}}-{{{{row}}}}~", headers: {{x-key: "${{KEY}}"}}}}]
"""
# each worker numbers by itself what its users start, so that there is no gap only if all of them start as many
ALIKE = (
    "{name: a, rate: 100/s, for: 2s, arrivals: poisson}, {name: b, users: 5, iterations: 52}, {name: c, at-once: 11}"
)
EVEN = "{{name: a, rate: 100/s, for: {seconds}s, arrivals: constant}}"
ROWS = 7
BEARER = "auth: {{bearer: {{file: {file}}}}}\n"
KEY = {"KEY": CANARY}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster.made(KEY) as made:
        yield made


def arguments(folder: Path, port: int, phases: str, more: str = "") -> list[str]:
    (folder / "rows.csv").write_text("\n".join(["row", *(f"r{number}" for number in range(ROWS))]))
    return [*prepare(folder, PROFILE.format(port=port, phases=phases) + more), "--json"]


def lasting(folder: Path, port: int, seconds: int = SECONDS) -> list[str]:
    return arguments(folder, port, EVEN.format(seconds=seconds))


def sent(log: Path, ran: Ran) -> list[str]:
    """What was sent in the measured phases, in order. What drains follows them, and its end is not planned."""
    ids = sorted((one for one, _ in came(log)), key=number_of)
    assert len(ids) == len(set(ids)), "one was sent twice"
    return ids[: sum(ran.phases[name]["requests"]["sent"] for name in "abc")]


def number_of(identity: str) -> int:
    return int(identity.partition("-")[0])


def kept(cluster: Cluster) -> list[str]:
    """Ray's own files that hold a secret, its logs among them; and as one more `none`, if there are no files."""
    files = [path for path in cluster.folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if CANARY.encode() in path.read_bytes()] or ([] if files else ["none"])


def test_two_nodes_send_what_one_machine_would_each_request_once(tmp_path: Path, cluster: Cluster) -> None:
    sends_what_one_machine_would(tmp_path, cluster)


@pytest.mark.skipif(not FULL, reason="starts another cluster: in the long form")
def test_and_so_do_four(tmp_path: Path) -> None:
    with Cluster.made(KEY, nodes=4) as cluster:
        sends_what_one_machine_would(tmp_path, cluster)


def sends_what_one_machine_would(tmp_path: Path, cluster: Cluster) -> None:
    """Identical totals for identical seeds: each due instant, each iteration of the users, each of those that are due
    at once and each row of data is sent exactly once. No secret is in what Ray keeps, in its files and its
    memory."""
    token, before = tmp_path / "token", {*cluster.left()}
    token.write_text(f"file-{CANARY}")
    more = BEARER.format(file=token)
    with counting(tmp_path) as (port, log):
        alone = run(tmp_path, *arguments(tmp_path, port, ALIKE, more), env=KEY)
        ids = sent(log, alone)
        log.write_text("")
        (tmp_path / "run").rename(tmp_path / "alone")
        both = run(tmp_path, *arguments(tmp_path, port, ALIKE, more), *cluster.on, env=TOKEN | KEY, limit=PATIENCE)
        assert ids == sent(log, both)
    assert ids == [f"{number}-r{number % ROWS}" for number in range(len(ids))]
    assert alone.status in VALID
    assert both.status in VALID
    for name in "abc":
        for key in ("iterations", "requests"):
            assert alone.phases[name][key] == both.phases[name][key]
    of_a = both.phases["a"]["requests"]["sent"]
    assert both.phases["a"]["steps"][0]["latency_ms"]["response"]["count"] == of_a
    nodes = both.result["nodes"]
    assert {(node["source"], node["target"]) for node in nodes} == {("127.0.0.1", "127.0.0.1")}
    assert sum(node["requests"] for node in nodes) == both.requests["sent"]
    assert all(abs(node["clock_ahead_ms"]) <= node["clock_error_ms"] for node in nodes), "it is the same clock"
    assert sum(of["latency"]["count"] for of in both.phases["a"]["steps"][0]["by_node"]) == of_a
    (steal,) = (signal for signal in both.result["trust"]["signals"] if signal["signal"] == "steal")
    assert 1 <= steal["node"] <= cluster.nodes
    assert kept(cluster) == []
    assert cluster.holding(f"file-{CANARY}") == []
    assert not {*cluster.left()} - before
    assert CANARY not in both.out + both.err


def test_nginx_logs_just_what_two_nodes_say_they_sent(
    tmp_path: Path, cluster: Cluster, start_nginx: Callable[..., AbstractContextManager[Server]]
) -> None:
    """A server that nobody here wrote: no request more than are in the ledgers of both nodes, and each of them once."""
    with start_nginx() as server:
        options = arguments(tmp_path, int(server.http.rpartition(":")[2]), ALIKE)
        ran = run(tmp_path, *options, *cluster.on, env=TOKEN | KEY, limit=PATIENCE)
    assert server.log
    lines = server.log.read_text().splitlines()
    ids = sorted(int(found[1]) for line in lines if (found := re.search(r'"GET /\?~(\d+)-r\d~ HTTP/1\.1" 200 ', line)))
    assert len(ids) == len(lines) == len({*ids})
    planned = sum(ran.phases[name]["requests"]["sent"] for name in "abc")
    assert ids[:planned] == [*range(planned)]
    assert ran.status in VALID
    assert ran.requests["outcomes"] == {"ok": len(lines)}
    assert sum(node["requests"] for node in ran.result["nodes"]) == ran.requests["on_wire"] == len(lines)


class Moment(NamedTuple):
    """So many seconds after something was seen: an actor, a worker of loadgen, the first request, the workers' end."""

    seen: str
    seconds: float = 0.0

    def come(self, program: Program, cluster: Cluster, log: Path) -> None:
        """Wait until it has come."""
        looks: dict[str, Callable[[], object]] = {
            "actor": cluster.actors,
            "worker": cluster.workers,
            "request": lambda: log.stat().st_size,
            "end": lambda: log.stat().st_size and not cluster.workers(),
        }
        program.soon(looks[self.seen], PATIENCE)
        if self.seconds:
            with pytest.raises(subprocess.TimeoutExpired):
                program.process.wait(self.seconds)

    @property
    def before_the_load(self) -> bool:
        return self.seen in ("actor", "worker")


SHOWN = Moment("request", 1.2)
MOMENTS = [
    Moment("actor"), Moment("worker"), Moment("worker", 0.4), Moment("worker", 0.8), Moment("worker", 1.2),
    Moment("request"), Moment("request", 0.4), SHOWN, Moment("request", SECONDS + 0.4), Moment("end"),
] if FULL else [SHOWN]  # fmt: skip
OF_A_WORKER = [
    *(Moment("worker", seconds) for seconds in (0.0, 0.4, 0.8, 1.2)),
    *(Moment("request", seconds) for seconds in (0.0, 0.4, 1.2, 2.0, SECONDS + 0.2, SECONDS + 0.6)),
] if FULL else [SHOWN]  # fmt: skip


def of(moment: Moment) -> str:
    return f"{moment.seen}+{moment.seconds:g}"


def settled(ran: Ran, log: Path, at: int, silent: float = SILENT) -> None:
    """What was sent is counted, the part that is lost with what was open in it, and that part sends nothing more."""
    assert "Traceback" not in ran.err
    arrived = came(log)
    ids = [number_of(one) for one, _ in arrived]
    assert len(ids) == len(set(ids)), "one was sent twice"
    if not ran.out:
        assert (ran.status, arrived) == (6, []), ran.err
        assert len(ran.err.splitlines()) <= 2, ran.err
        return
    sent, lost = ran.requests["sent"], ran.requests["outcomes"].get("lost", 0)
    gone = [node["node"] for node in ran.result["nodes"] if node["lost"]]
    if not any(node.get("unread") for node in ran.result["nodes"]):
        assert sent - lost <= len(ids) <= sent
    last = max((when for identity, when in arrived if number_of(identity) % 2 + 1 in gone), default=0)
    assert last - at <= silent * SECOND
    if gone and ran.status == 6:
        assert any("is lost" in warning for warning in ran.warnings), ran.warnings


def struck(folder: Path, cluster: Cluster, moment: Moment, those: Callable[[], list[int]], how: signal.Signals) -> Ran:
    """A run of which the first of those processes gets a signal at that moment."""
    with counting(folder, delay=OPEN) as (port, log):
        with Program(folder, *lasting(folder, port), *cluster.on, env=TOKEN | KEY) as program:
            moment.come(program, cluster, log)
            at = wall()
            with sent_to(those()[0], how):
                ran = program.wait(PATIENCE)
        settled(ran, log, at)
    return ran


@pytest.mark.parametrize("moment", MOMENTS, ids=of)
def test_a_killed_actor_takes_its_part_with_it_and_no_more(tmp_path: Path, cluster: Cluster, moment: Moment) -> None:
    """What it had sent is counted, what was open is lost, and the other node goes on."""
    before = {*cluster.left()}
    ran = struck(tmp_path, cluster, moment, cluster.actors, signal.SIGKILL)
    assert ran.status == 6 or (moment.seen == "end" and ran.status in VALID)
    if moment == SHOWN:
        assert not any(node.get("unread") for node in ran.result["nodes"])
        assert ran.iterations["unsent"] > 0
        assert ran.iterations["completed"] >= ran.iterations["planned"] // 2, "the other node sends all of its half"
    assert not {*cluster.left()} - before


@pytest.mark.skipif(not FULL, reason="waits for one that does not answer: in the long form")
@pytest.mark.parametrize("moment", MOMENTS, ids=of)
def test_an_actor_that_is_stopped_for_good_is_ended(tmp_path: Path, cluster: Cluster, moment: Moment) -> None:
    """Its workers go on until it is missed and they are killed with it, and what they sent is counted."""
    before = {*cluster.left()}
    with counting(tmp_path, delay=OPEN) as (port, log):
        with Program(tmp_path, *lasting(tmp_path, port, 3 * SECONDS), *cluster.on, env=TOKEN | KEY) as program:
            moment.come(program, cluster, log)
            at, actor = wall(), cluster.actors()[0]
            with sent_to(actor, signal.SIGSTOP):
                ran = program.wait(PATIENCE)
                wait_for_end(actor)
        settled(ran, log, at, 3.0 + SILENT)
    assert ran.status == 6 or (moment.seen == "end" and ran.status in VALID)
    assert not {*cluster.left()} - before


@pytest.mark.skipif(not FULL, reason="takes 20 s and a node of the cluster: in the long form")
@pytest.mark.parametrize("moment", MOMENTS, ids=of)
def test_a_machine_that_ends_takes_its_part_with_it_and_no_more(
    tmp_path: Path, cluster: Cluster, moment: Moment
) -> None:
    """All of Ray on it is killed at once, and what its workers left is on a disk that Ray does not reach any more."""
    with counting(tmp_path, delay=OPEN) as (port, log), ExitStack() as stack:
        with Program(tmp_path, *lasting(tmp_path, port), *cluster.on, env=TOKEN | KEY) as program:
            moment.come(program, cluster, log)
            at = wall()
            stack.callback(cluster.add_a_node)
            cluster.lose_a_node()
            ran = program.wait(PATIENCE)
        settled(ran, log, at)
    assert ran.status == 6 or (moment.seen == "end" and ran.status in VALID)
    if moment == SHOWN:
        assert [node.get("unread", False) for node in ran.result["nodes"]].count(True) == 1
        assert any("what it sent in its last second is in no figure" in warning for warning in ran.warnings)
        assert ran.iterations["completed"] >= ran.iterations["planned"] // 2, "the other node sends all of its half"


@pytest.mark.parametrize("moment", OF_A_WORKER, ids=of)
def test_a_worker_that_is_stopped_for_good_is_lost(tmp_path: Path, cluster: Cluster, moment: Moment) -> None:
    """Its node kills it, and all the others go on."""
    before = {*cluster.left()}
    ran = struck(tmp_path, cluster, moment, cluster.workers, signal.SIGSTOP)
    assert ran.status == 6
    if not moment.before_the_load:
        assert [node["lost"] for node in ran.result["nodes"]] == [None, None]
        assert any("said nothing for 6 s" in warning for warning in ran.warnings), ran.warnings
        assert ran.iterations["completed"] >= ran.iterations["planned"] // 2, "the other node sends all of its half"
    assert not {*cluster.left()} - before


@pytest.mark.parametrize("moment", MOMENTS, ids=of)
def test_nothing_goes_on_sending_when_the_parent_is_gone(tmp_path: Path, cluster: Cluster, moment: Moment) -> None:
    seconds = SECONDS if moment.seconds > SECONDS or moment.seen == "end" else 30
    with counting(tmp_path, delay=OPEN) as (port, log):
        with Program(tmp_path, *lasting(tmp_path, port, seconds), *cluster.on, env=TOKEN | KEY) as program:
            moment.come(program, cluster, log)
            actors = cluster.actors()
            program.process.kill()
            killed = wall()
            program.wait()
            program.leaves_nothing()
        for pid in actors:
            wait_for_end(pid)
        with pytest.raises(subprocess.TimeoutExpired):
            cluster.process.wait(0.2)
        assert max((at for _, at in came(log)), default=0) - killed <= SILENT * SECOND
        assert not moment.before_the_load or not came(log)
    if (tmp_path / "run").exists():
        assert not saved(tmp_path)["complete"]
        shown = run(tmp_path, "report", "run", "--full")
        assert shown.status == 0
        if moment == SHOWN:
            assert "the load came from 2 nodes: what they sent after the last report" in " ".join(shown.out.split())


@pytest.mark.skipif(not FULL, reason="Ray asks for 20 s whether the token is wrong: in the long form")
def test_a_cluster_whose_token_is_another_is_refused_in_one_line(tmp_path: Path, cluster: Cluster) -> None:
    wrong = TOKEN | {"RAY_AUTH_TOKEN": "00" * 32}
    ran = run(tmp_path, *lasting(tmp_path, 1), *cluster.on, env=wrong | KEY, limit=PATIENCE)
    assert ran.status == 2
    assert len(ran.err.splitlines()) == 1
    assert "RAY_AUTH_TOKEN" in ran.err


@pytest.mark.skipif(not FULL, reason="starts another Ray: in the long form")
def test_one_word_starts_a_ray_of_its_own_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as folder, counting(tmp_path) as (port, log):
        environment = KEY | {"RAY_TMPDIR": folder, "TMPDIR": folder}
        ran = run(tmp_path, *lasting(tmp_path, port, 1), "--on", "ray", env=environment, limit=PATIENCE)
        assert len(came(log)) == ran.requests["sent"]
        assert list(Path(folder).iterdir()) == []
    assert ran.status in VALID
    assert "ray" not in ran.err.lower().replace("--on ray", "")

"""The tools as they are asked for a rate, or for the closed load next to it; how their reports are read; and what a
reader must know of each, by its own pages or source.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import tools
from bench.stall.truth import figures
from bench.tools import Load, Reported, Tool, number

HERE = Path(__file__).parent
LOCUSTFILE = HERE.parent / "clients" / "locustfile.py"
WITHIN = (50, 95, 99)


class Loadgen(tools.Loadgen):
    """`cap`: the most connections that it may open, None for as many as the load needs."""

    def __init__(self, cap: int | None = None) -> None:
        self.cap = cap

    def profile(self, load: Load) -> dict[str, object]:
        phase = {"name": "load", "for": f"{load.seconds}s", "rate": f"{load.rate}/s", "arrivals": "constant"}
        capped = {"session": {"reuse": "shared", "connections": self.cap}} if self.cap else {}
        return {"name": "stall", "target": load.url, "load": [phase], **capped}

    def read(self, output: str) -> Reported:
        told = super().read(output)
        phase = next(p for p in json.loads(output)["variants"][0]["phases"] if p["name"] == "load")
        latency = phase["steps"][0]["latency_ms"]
        words = {"": latency["response"], "service_": latency["service"]}
        figures = {f"{of}{key}_ms": each[key] for of, each in words.items() for key in ("p50", "p95", "p99", "max")}
        return Reported(told.figures | figures, told.remarks)


class Wrk(tools.Wrk):
    """It has no rate: as many connections as come next to it. Its script prints the quantiles that --latency lacks."""

    def __init__(self, timeout: int | None = None) -> None:
        self.timeout = timeout

    def command(self, load: Load, folder: Path) -> list[str]:
        patience = [f"--timeout={self.timeout}s"] if self.timeout else []
        how = ["-t1", f"-c{load.connections}", f"-d{load.seconds}s", "--latency", *patience]
        return ["wrk", *how, "-s", str(HERE / "wrk.lua"), load.url]

    def read(self, output: str) -> Reported:
        quantiles = {f"p{q}_ms": number(rf"^quantile {q}: (\d+)$", output) / 1e3 for q in WITHIN}
        longest = number(r"^longest: (\d+)$", output) / 1e3
        failed = super().read(output).figures["failed"]
        return Reported(quantiles | {"max_ms": longest, "failed": failed})


class Hey(tools.Hey):
    def command(self, load: Load, folder: Path) -> list[str]:
        assert load.rate
        paced = ["-c", str(load.connections), "-q", f"{load.rate / load.connections:g}"]
        return ["hey", "-z", f"{load.seconds}s", *paced, load.url]

    def read(self, output: str) -> Reported:
        quantiles = {f"p{q}_ms": number(rf"^\s*{q}% in ([\d.]+) secs", output) * 1e3 for q in WITHIN}
        longest = number(r"^\s*Slowest:\s+([\d.]+) secs", output) * 1e3
        return Reported(quantiles | {"max_ms": longest, "failed": super().read(output).figures["failed"]})


class Autocannon(Tool):
    """It corrects what a rate leaves out, unless told not to (`-C`)."""

    name = "autocannon"
    asks_version = ("autocannon", "--version")

    def __init__(self, corrects: bool = True) -> None:
        self.corrects = corrects

    def command(self, load: Load, folder: Path) -> list[str]:
        how = ["-j", "-c", str(load.connections), "-R", str(load.rate), "-d", str(load.seconds)]
        return ["autocannon", *how, *([] if self.corrects else ["-C"]), load.url]

    def read(self, output: str) -> Reported:
        told = json.loads(output.strip().splitlines()[-1])
        latency = {key: float(told["latency"][key]) for key in ("p50", "p99", "max")}  # its report has no p95
        failed = float(told["errors"] + told["non2xx"])
        return Reported({f"{key}_ms": value for key, value in latency.items()} | {"failed": failed})


class Artillery(Tool):
    """Each arrival is a user of its own, with a connection of its own unless there is a pool."""

    name = "artillery"
    asks_version = ("env", "ARTILLERY_DISABLE_TELEMETRY=true", "artillery", "--version")

    def command(self, load: Load, folder: Path) -> list[str]:
        script = {
            "config": {"target": load.url, "phases": [{"duration": load.seconds, "arrivalRate": load.rate}]},
            "scenarios": [{"flow": [{"get": {"url": "/"}}]}],
        }
        told, report = folder / "artillery.json", folder / "artillery-report.json"
        told.write_text(json.dumps(script))
        quietly = "ARTILLERY_DISABLE_TELEMETRY=true artillery run --quiet"
        return ["sh", "-c", f"{quietly} --output {report} {told} >&2 && cat {report}"]

    def read(self, output: str) -> Reported:
        told = json.loads(output)["aggregate"]
        latency, counters = told["summaries"]["http.response_time"], told["counters"]
        failed = sum(n for name, n in counters.items() if name.startswith("errors."))
        quantiles = {f"p{q}_ms": float(latency[f"p{q}"]) for q in WITHIN}
        return Reported(quantiles | {"max_ms": float(latency["max"]), "failed": float(failed)})


class Locust(tools.Locust):
    """Each user takes the same part of the rate, and waits for its answer."""

    def read(self, output: str) -> Reported:
        (entry,) = json.loads(output)
        times = sorted((float(ms), n) for ms, n in entry["response_times"].items())
        quantiles = {f"p{q}_ms": tools.quantile_of(times, q / 100) for q in WITHIN}
        longest = float(entry["max_response_time"])
        return Reported(quantiles | {"max_ms": longest, "failed": float(entry["num_failures"])})


class K6(tools.K6):
    """`at_most`: how many users it may have, each of whom waits for its answer; None for as many as the stall takes."""

    def __init__(self, at_most: int | None = None) -> None:
        self.at_most = at_most

    def users(self, load: Load) -> int:
        return self.at_most or 3 * (load.rate or 0)

    def read(self, output: str) -> Reported:
        told = super().read(output)
        latency = json.loads(output)["metrics"]["http_req_duration"]
        quantiles = {f"p{q}_ms": latency["med" if q == 50 else f"p({q})"] for q in WITHIN}
        return Reported(quantiles | {"max_ms": latency["max"], "failed": told.figures["failed"]}, told.remarks)


class Aiohttp(Tool):
    """What a program would do without a load generator: tasks that each take their part of the rate."""

    name = "aiohttp"
    needs = sys.executable

    def command(self, load: Load, folder: Path) -> list[str]:
        numbers = [str(n) for n in (load.rate, load.seconds, load.connections)]
        return [sys.executable, str(HERE / "aiohttp_client.py"), load.url, *numbers]

    def read(self, output: str) -> Reported:
        told = json.loads(output)
        latency = {f"{name}_ms": value for name, value in figures(told["times_ns"])._asdict().items()}
        return Reported(latency | {"failed": float(told["failed"])})

    def version(self) -> str:
        return tools.Aiohttp().version()


@dataclass(frozen=True, slots=True)
class Entry:
    """A tool in a table: how it was asked, and when its clock starts. `connections`: how many it is given; None: as
    many as come next to the rate if each is used without a pause."""

    tool: Tool
    asked: str
    clock: str
    connections: int | None = 20

    @property
    def name(self) -> str:
        return self.tool.name


SENT = "when it sends"
ENTRIES = (
    Entry(Loadgen(), "open, as many connections as it takes", "when a request was due"),
    Entry(Loadgen(20), "open, at most 20 connections", "when a request was due"),
    Entry(Artillery(), "open (`arrivalRate`), a connection for each user", SENT),
    Entry(K6(), "open (`constant-arrival-rate`), enough users", SENT),
    Entry(K6(20), "open (`constant-arrival-rate`), 20 users", SENT),
    Entry(Wrk(), "closed, no rate", SENT + "; back-filled", None),
    Entry(Wrk(10), "closed, no rate, `--timeout=10s`", SENT + "; back-filled", None),
    Entry(Hey(), "20 workers, `-q`", SENT),
    Entry(Autocannon(), "20 connections, `-R`", SENT + "; back-filled"),
    Entry(Autocannon(corrects=False), "20 connections, `-R -C`", SENT),
    Entry(Locust(), "20 users, `constant_throughput`", SENT),
    Entry(Aiohttp(), "20 tasks, a pause after each answer", SENT),
)
ABSENT = "wrk2, vegeta and oha: neither Debian, nor npm, nor PyPI has them."

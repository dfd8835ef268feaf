"""The tools that are compared: how each is asked for a load, and how its own report is read."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CLIENTS = Path(__file__).parent / "clients"
LOCUSTFILE = CLIENTS / "locustfile.py"
PATH = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
UNIT_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


class CannotSay(Exception):
    """The tool has no such load, or says nothing comparable of it."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a tool is asked for: GETs of `url`, as fast as `connections` allow or at `rate` a second. `workers` is for a
    tool that has processes, `in_turn` for one that can use its connections in turn where the rate keeps few busy."""

    url: str
    ca: Path
    seconds: int
    connections: int = 64
    rate: int | None = None
    reuse: bool = True
    workers: int = 1
    in_turn: bool = False


@dataclass(frozen=True, slots=True)
class Reported:
    """What a tool says of its load: `requests_s`, `connections_s`, `p50_ms`, `p99_ms`, `lag_p99_ms`, `failed`, where it
    says them, and what else a reader must know."""

    figures: dict[str, float]
    remarks: tuple[str, ...] = ()


class Tool(ABC):
    """`needs` is the program that must be there, if it is not `name`; `worker` is what only the command line of the
    process that makes the load has in it, where that is a child."""

    name = needs = worker = ""
    asks_version: tuple[str, ...] = ()

    @abstractmethod
    def command(self, load: Load, folder: Path) -> list[str]:
        """The command that makes `load`, with files of its own in `folder`. Raises CannotSay."""

    @abstractmethod
    def read(self, output: str) -> Reported:
        """Read what it printed. Raises ValueError if that is no report."""

    @property
    def program(self) -> str | None:
        """Where it is, if it is installed."""
        return shutil.which(self.needs or self.name, path=PATH)

    def version(self) -> str:
        """Empty if it does not tell."""
        if not self.asks_version:
            return ""
        told = subprocess.run(self.asks_version, capture_output=True, text=True, env={**os.environ, "PATH": PATH})
        found = re.search(r"\d+(\.\d+)+\w*", told.stdout + told.stderr)
        return found[0] if found else ""


def number(pattern: str, output: str) -> float:
    """The number that `pattern` has as its only group. Raises ValueError if it is not there."""
    found = re.search(pattern, output, re.MULTILINE)
    if not found:
        raise ValueError(f"no {pattern!r} in what it printed")
    return float(found[1])


class Loadgen(Tool):
    """Ours, by its command line. Only its worker makes load; the parent adds up once a second."""

    name = "loadgen"
    worker = "loadgen.fleet.worker"
    needs = python = sys.executable

    def command(self, load: Load, folder: Path) -> list[str]:
        path = folder / "profile.yaml"
        path.write_text(json.dumps(self.profile(load)))  # JSON is YAML
        return [self.python, "-m", "loadgen", "run", str(path), "--json", "--quiet", "--out", str(folder / "run")]

    def profile(self, load: Load) -> dict[str, object]:
        phase: dict[str, object] = {"name": "load", "for": f"{load.seconds}s"}
        if load.rate:
            phase |= {"rate": f"{load.rate}/s", "arrivals": "constant"}
        else:
            phase["users"] = load.connections
        reuse = {"reuse": "shared" if load.reuse else "per-request"} | ({"order": "fifo"} if load.in_turn else {})
        return {
            "name": "bench",
            "target": load.url,
            "tls": {"ca": str(load.ca)},
            "session": {**reuse, "connections": load.connections},
            "workers": load.workers,
            "load": [phase],
        }

    def read(self, output: str) -> Reported:
        result = json.loads(output)
        phase = next(phase for phase in result["variants"][0]["phases"] if phase["name"] == "load")
        outcomes, latency = phase["requests"]["outcomes"], phase["steps"][0]["latency_ms"]
        figures = {"requests_s": outcomes["ok"] / phase["seconds"], "failed": sum(outcomes.values()) - outcomes["ok"]}
        headline = latency.get("response") or latency["service"]
        said = {
            "p50_ms": headline["p50"],
            "p99_ms": headline["p99"],
            "lag_p99_ms": (latency.get("lag") or {}).get("p99"),
        }
        figures |= {name: value for name, value in said.items() if value is not None}
        trust = result["trust"]
        signals = (signal["signal"] for signal in trust["signals"] if signal["verdict"] != "VALID")
        return Reported(figures, (f"says {trust['verdict']} of itself", *(f"for {signal}" for signal in signals)))

    def version(self) -> str:
        """As it says itself, so that it can tell which form of it is installed."""
        told = subprocess.run([self.python, "-P", "-m", "loadgen", "--version"], capture_output=True, text=True)
        return told.stdout.partition("version ")[2].strip()


class Wrk(Tool):
    name = "wrk"
    asks_version = ("wrk", "-v")

    def command(self, load: Load, folder: Path) -> list[str]:
        if load.rate:
            raise CannotSay("has closed loads only")
        close = [] if load.reuse else ["-H", "Connection: close"]
        return ["wrk", "-t1", f"-c{load.connections}", f"-d{load.seconds}s", "--latency", *close, load.url]

    def read(self, output: str) -> Reported:
        figures = {"requests_s": number(r"^Requests/sec:\s+([\d.]+)", output)}
        for quantile in (50, 99):
            found = re.search(rf"^\s+{quantile}%\s+([\d.]+)(us|ms|s|m)$", output, re.MULTILINE)
            if found:
                figures[f"p{quantile}_ms"] = float(found[1]) * UNIT_MS[found[2]]
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
        figures["failed"] = sum(map(int, errors.groups() if errors else ())) + (int(bad[1]) if bad else 0)
        return Reported(figures)


class H2load(Tool):
    name = "h2load"
    asks_version = ("h2load", "--version")

    def command(self, load: Load, folder: Path) -> list[str]:
        if load.rate:
            raise CannotSay("prints no percentiles")
        if not load.reuse:
            raise CannotSay("keeps its connections")
        return ["h2load", "--h1", "-t1", f"-c{load.connections}", f"-D{load.seconds}", load.url]

    def read(self, output: str) -> Reported:
        failed, errored = (number(rf"^requests: .* (\d+) {word}", output) for word in ("failed", "errored"))
        return Reported({"requests_s": number(r", ([\d.]+) req/s,", output), "failed": failed + errored})


class Hey(Tool):
    name = "hey"

    def command(self, load: Load, folder: Path) -> list[str]:
        options = [] if load.reuse else ["-disable-keepalive"]
        if load.rate:
            options += ["-q", f"{load.rate / load.connections:g}"]
        return ["hey", "-cpus", "1", "-z", f"{load.seconds}s", "-c", str(load.connections), *options, load.url]

    def read(self, output: str) -> Reported:
        figures = {"requests_s": number(r"^\s*Requests/sec:\s+([\d.]+)", output)}
        for quantile in (50, 99):
            if f"  {quantile}% in" in output:
                figures[f"p{quantile}_ms"] = number(rf"^\s*{quantile}% in ([\d.]+) secs", output) * 1e3
        answers = re.findall(r"^\s*\[(\d+)\]\s+(\d+) responses", output, re.MULTILINE)
        errors = re.findall(r"^\s*\[(\d+)\]\s", output.partition("Error distribution:")[2], re.MULTILINE)
        figures["failed"] = sum(int(n) for status, n in answers if status != "200") + sum(map(int, errors))
        return Reported(figures)


class Oha(Tool):
    """At a rate it is asked for times from when a request was due (`--latency-correction`)."""

    name = "oha"
    asks_version = ("oha", "--version")

    def command(self, load: Load, folder: Path) -> list[str]:
        options = ["--no-tui", "--output-format", "json", "--cacert", str(load.ca)]
        options += [] if load.reuse else ["--disable-keepalive"]
        options += ["-q", str(load.rate), "--latency-correction"] if load.rate else []
        return ["oha", "-z", f"{load.seconds}s", "-c", str(load.connections), *options, load.url]

    def read(self, output: str) -> Reported:
        told = json.loads(output)
        summary, latency, answers = told["summary"], told["latencyPercentiles"], told["statusCodeDistribution"]
        # a request that the end of the load cut off is no failure
        errors = sum(n for why, n in told["errorDistribution"].items() if why != "aborted due to deadline")
        bad = sum(n for status, n in answers.items() if status != "200")
        times = {f"{key}_ms": latency[key] * 1e3 for key in ("p50", "p99") if latency[key] is not None}
        return Reported({"requests_s": summary["requestsPerSec"], "failed": errors + bad, **times})


class GoProgram(Tool):
    """Built by `go install`, which writes the version into the program where only `go` reads it."""

    def version(self) -> str:
        if not (self.program and shutil.which("go")):
            return ""
        told = subprocess.run(["go", "version", "-m", self.program], capture_output=True, text=True)
        found = re.search(r"^\s*mod\s+\S+\s+v(\S+)", told.stdout, re.MULTILINE)
        return found[1] if found else ""


class Bombardier(GoProgram):
    name = "bombardier"

    def command(self, load: Load, folder: Path) -> list[str]:
        options = ["-d", f"{load.seconds}s", "-c", str(load.connections), "-k", "-l", "-p", "r", "-o", "json"]
        options += [] if load.reuse else ["-H", "Connection: close"]
        options += ["-r", str(load.rate)] if load.rate else []
        return ["bombardier", *options, load.url]

    def read(self, output: str) -> Reported:
        told = json.loads(output)["result"]
        times = {f"p{q}_ms": told["latency"]["percentiles"][str(q)] / 1e3 for q in (50, 99)}
        answers = {name: told[name] for name in ("req1xx", "req2xx", "req3xx", "req4xx", "req5xx", "others")}
        requests = sum(answers.values())
        failed = requests - answers["req2xx"]
        return Reported({"requests_s": requests / told["timeTakenSeconds"], "failed": failed, **times})


class Vegeta(GoProgram):
    """It writes what became of each request to a file, and its second command makes a report of that."""

    name = "vegeta"

    def command(self, load: Load, folder: Path) -> list[str]:
        at_most = f"-workers {load.connections} -max-workers {load.connections}"
        kept = (
            f"-connections {load.connections} -max-connections {load.connections} -keepalive={str(load.reuse).lower()}"
        )
        paced = f"-rate {load.rate or 0}/s -duration {load.seconds}s"
        results, ca = shlex.quote(f"{folder}/vegeta.bin"), shlex.quote(str(load.ca))
        attack = f"echo GET {load.url} | vegeta attack {paced} {at_most} {kept} -root-certs {ca} -output {results}"
        return ["sh", "-c", f"{attack} && vegeta report -type json {results}"]

    def read(self, output: str) -> Reported:
        told = json.loads(output)
        times = {f"p{q}_ms": told["latencies"][f"{q}th"] / 1e6 for q in (50, 99)}
        failed = told["requests"] - told["status_codes"].get("200", 0)
        return Reported({"requests_s": told["rate"], "failed": failed, **times})


class K6(Tool):
    """Each of its users waits for its answer: as many of them as there should be connections, if not told otherwise."""

    name = "k6"
    asks_version = ("k6", "version")

    def users(self, load: Load) -> int:
        return load.connections

    def command(self, load: Load, folder: Path) -> list[str]:
        report = folder / "k6-report.json"
        told = {"URL": load.url, "SECONDS": load.seconds, "USERS": self.users(load), "RATE": load.rate or 0}
        options = " ".join(f"-e {name}={value}" for name, value in {**told, "REUSE": int(load.reuse)}.items())
        quietly = "k6 run --quiet --no-color --no-usage-report --address 127.0.0.1:0"
        script = CLIENTS / "k6.js"
        return ["sh", "-c", f"{quietly} --summary-export {report} {options} {script} >&2 && cat {report}"]

    def read(self, output: str) -> Reported:
        told = json.loads(output)["metrics"]
        latency = told["http_req_duration"]
        times = {"p50_ms": latency["med"], "p99_ms": latency["p(99)"]}
        dropped = told.get("dropped_iterations", {}).get("count", 0)
        remarks = (f"dropped {dropped:,} iterations, as it says",) if dropped else ()
        failed = float(told["http_req_failed"]["passes"])
        return Reported({"requests_s": told["http_reqs"]["rate"], "failed": failed, **times}, remarks)


class Locust(Tool):
    name = "locust"
    asks_version = ("locust", "--version")

    def command(self, load: Load, folder: Path) -> list[str]:
        each = load.rate / load.connections if load.rate else 0
        told = [f"BENCH_REUSE={int(load.reuse)}", f"BENCH_RATE={each:g}", f"BENCH_CA={load.ca}"]
        users = ["-u", str(load.connections), "-r", str(load.connections), "-t", f"{load.seconds}s"]
        quietly = ["--headless", "--only-summary", "--skip-log", "--json", "--exit-code-on-error", "0"]
        host = load.url.rstrip("/")
        return ["env", *told, self.program or self.name, "-f", str(LOCUSTFILE), "--host", host, *users, *quietly]

    def read(self, output: str) -> Reported:
        entries = json.loads(output)
        if not entries:
            raise ValueError("it reports no request")
        (entry,) = entries
        seconds = entry["last_request_timestamp"] - entry["start_time"]
        times = sorted((float(ms), n) for ms, n in entry["response_times"].items())
        figures = {"requests_s": entry["num_requests"] / seconds, "failed": float(entry["num_failures"])}
        return Reported(figures | {"p50_ms": quantile_of(times, 0.5), "p99_ms": quantile_of(times, 0.99)})


def quantile_of(counts: list[tuple[float, int]], q: float) -> float:
    rank, seen = q * sum(n for _, n in counts), 0
    for value, n in counts:
        seen += n
        if seen >= rank:
            return value
    raise ValueError("no response times")


class Aiohttp(Tool):
    """A loop of `session.get` in 64 tasks, what a program without a load generator would do."""

    name = "aiohttp"
    needs = sys.executable

    def command(self, load: Load, folder: Path) -> list[str]:
        if load.rate:
            raise CannotSay("is a plain loop, which paces nothing")
        numbers = [str(load.seconds), str(load.connections), str(int(load.reuse))]
        return [sys.executable, str(CLIENTS / "aiohttp_client.py"), load.url, str(load.ca), *numbers]

    def read(self, output: str) -> Reported:
        told = json.loads(output)
        return Reported({"requests_s": told["requests"] / told["seconds"], "failed": told["failed"]})

    def version(self) -> str:
        return importlib.metadata.version("aiohttp")


class OpensslTime(Tool):
    """`openssl s_time -new` holds one connection at a time: as many of it as there should be connections."""

    name, needs = "openssl s_time", "openssl"
    asks_version = ("openssl", "version")

    def command(self, load: Load, folder: Path) -> list[str]:
        where = urlsplit(load.url)
        if where.scheme != "https" or load.reuse or load.rate:
            raise CannotSay("makes TLS handshakes, and nothing else")
        one = f"openssl s_time -connect {where.netloc} -CAfile {load.ca} -new -time {load.seconds}"
        return ["sh", "-c", f"for i in $(seq {load.connections}); do {one} & done; wait"]

    def read(self, output: str) -> Reported:
        each = re.findall(r"^(\d+) connections in (\d+) real seconds", output, re.MULTILINE)
        if not each:
            raise ValueError("it reports no connection")
        return Reported({"connections_s": sum(int(n) / int(seconds) for n, seconds in each)})

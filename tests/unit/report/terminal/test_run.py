"""The terminal summary: what is in it, in which order, and that nothing in a result can break it."""

from __future__ import annotations

import copy
import io
import json
import re
from typing import Any

import pytest
from documents import documents
from examples import examples
from hypothesis import given, settings
from paths import DATA
from rich.cells import cell_len

from loadgen.report.terminal.run import render, show
from loadgen.report.words import ms
from loadgen.result.codec import from_json, map_text, to_json
from loadgen.result.latency import Latency
from loadgen.result.resolution import ASSUMED, Resolution
from loadgen.result.run import RunResult

RESULT = json.loads((DATA / "result.json").read_text())
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def result() -> dict[str, Any]:
    return copy.deepcopy(RESULT)


def typed(result: dict[str, Any]) -> RunResult:
    return from_json(RunResult, result)


def summary(result: dict[str, Any]) -> str:
    return render(typed(result), color=False)


def block(text: str, title: str) -> list[str]:
    """The lines from the one that begins with `title` to the next empty one."""
    lines = text.split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith(title))
    return lines[start : lines.index("", start)]


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_trust_comes_first_then_what_was_simulated_then_the_rest(result: dict[str, Any]) -> None:
    text = summary(result)
    order = [
        "\nVALID ",
        "\nsimulated target: ",
        "\nthresholds",
        "\niterations ",
        "\nat a glance",
        "\nwarm-up",
        "\nsteady",
    ]
    order += ["\nburst  open", "\nrecover", "\nusers", "\ndrain", "\nfailures", "\nconnections", "\nfirst failing"]
    order += ["\nslowest", "\nnotes", "\nVALID · ", "\nsaved: loadgen report runs/burst-20261122-120000"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_the_ledgers_add_up_in_one_line_each(result: dict[str, Any]) -> None:
    text = summary(result)
    assert "iterations 24,916 planned = 24,902 started + 14 unsent (in-flight limit)\n" in text
    assert "requests   49,514 sent = 49,212 ok + 239 throttled + 63 timeout; 49,508 of them on the wire\n" in text


def test_a_ledger_that_does_not_add_up_is_not_shown_as_a_sum(result: dict[str, Any]) -> None:
    result["variants"][0]["requests"]["sent"] += 1
    assert "49,515 sent of which known: 49,212 ok, 239 throttled, 63 timeout" in summary(result)


def test_cycles_stand_below_each_other_and_are_not_pooled(result: dict[str, Any]) -> None:
    lines = block(summary(result), "burst  open: 2,000/s for 3 s · 2 cycles")
    assert lines[1].startswith(
        "  1/2  2,004/s started, 99.77% of the 6,026 planned; 11,853 requests, 178 failed (1.5%): 140"
    )
    assert any(line.startswith("  2/2  1,982/s started, all of the 5,946 planned; ") for line in lines)
    put = next(number for number, line in enumerate(lines) if line.startswith("  put "))
    first, second = (line.split() for line in lines[put : put + 2])
    assert first == ["put", "1/2", "6,012", "2.8%", "49.4", "82.8", "106", "444", ">2,000", ">2,000"]
    assert second == ["2/2", "5,946", "1.8%", "48.9", "77.5", "89.6", "393", ">2,000", ">2,000"]


@pytest.mark.parametrize(("arrivals", "words"), [("poisson", " at random (Poisson)"), ("constant", " evenly spaced")])
def test_an_open_phase_tells_how_its_arrivals_are_spaced(result: dict[str, Any], arrivals: str, words: str) -> None:
    for phase in result["variants"][0]["phases"]:
        phase["arrivals"] = arrivals if phase["rate"] else None
    text = summary(result)
    assert f"\nsteady  open: 200/s{words} for 5 s · 2 cycles\n" in text
    assert f"\nrecover  open: 2,000/s to 200/s{words} for 2 s · 2 cycles\n" in text
    assert "\nusers  closed: 50 users for 4 s, each " in text


def test_every_phase_cycle_step_and_stratum_has_its_row(result: dict[str, Any]) -> None:
    text = summary(result)
    for phase in ("steady  open", "burst  open", "recover  open", "users  closed"):
        lines = "\n".join(block(text, phase))
        for label in ("put", "read", "cold=true", "cold=false", "order (iteration)", "db (reported)"):
            assert re.search(rf"  {re.escape(label)} +1/2 .*\n +2/2 ", lines), (phase, label)


def test_at_a_glance_the_cycles_of_a_step_are_on_one_scale(result: dict[str, Any]) -> None:
    lines = block(summary(result), "at a glance")
    rows = {line[17:37].strip(): line[38:] for line in lines[2:10]}
    assert list(rows) == [
        "steady 1/2", "steady 2/2", "burst 1/2", "burst 2/2", "recover 1/2", "recover 2/2",
        "users 1/2 service", "users 2/2 service",
    ]  # fmt: skip
    assert rows["steady 1/2"].index("●") < rows["burst 1/2"].index("●")
    assert rows["steady 1/2"].rstrip().endswith("┄")
    assert rows["burst 1/2"].rstrip().endswith("▸")


def test_a_closed_phase_is_labelled_so(result: dict[str, Any]) -> None:
    lines = block(summary(result), "users  closed: 50 users for 4 s")
    assert any(line.startswith("  service (closed), ms") for line in lines)
    assert not any("response" in line or " lag " in line for line in lines)


def test_nothing_is_due_in_a_closed_phase(result: dict[str, Any]) -> None:
    times = {"response": 9.0, "lag": 1.0, "service": 8.0}
    slow = result["samples"]["slowest"][0] | {"phase": "users", "cycle": 2, "step": "put", "times_ms": times}
    result["samples"] = {"failed": [], "slowest": [slow]}
    assert "users 2/2 put" in (text := "\n".join(block(summary(result), "slowest")))
    assert "service 8.00 ms ████████████" in text
    assert "response" not in text


def test_what_is_not_measured_is_one_line(result: dict[str, Any]) -> None:
    lines = summary(result).split("\n")
    assert [line for line in lines if line.startswith("warm-up")] == [
        "warm-up  not measured: 502 requests at 50.2/s, none failed"
    ]
    assert sum(line.startswith("drain") for line in lines) == 1


def test_a_figure_that_is_missing_says_why(result: dict[str, Any]) -> None:
    text = summary(result)
    assert "- p99.9: needs 1,000 requests, there were 987 (and " in text
    assert ">2,000: more than 2,000 ms, among the timeouts" in text


def test_different_reasons_for_the_same_figure_are_told_apart(result: dict[str, Any]) -> None:
    step = result["variants"][0]["phases"][1]["steps"][0]
    response = step["latency_ms"]["response"]
    response["p99"] = None
    response["why"]["p99"] = {"code": "beside_timeouts", "timeouts": 4}
    text = summary(result)
    row = next(line for line in block(text, "steady  ") if line.startswith("  put"))
    mark = row.split()[-3]
    reason = "p99: not known: 4 timeouts may lie on either side of it"
    assert f"{mark} {reason}" in text or f"{mark} {reason} (and" in text


def test_where_the_time_went(result: dict[str, Any]) -> None:
    lines = block(summary(result), "burst  open")
    start = next(number for number, line in enumerate(lines) if line.startswith("  p50/p99 ms"))
    assert lines[start].split() == ["p50/p99", "ms", "lag", "wait", "connect", "service", "client", "delay", "share"]
    assert lines[start + 1].split()[:5] == ["put", "1/2", "0.041/0.120", "0/14.4", "40.6/64.0"]
    assert set(lines[start + 1].split()[-1]) <= set("█▓▒░")


def test_signing_has_a_column_once_it_matters(result: dict[str, Any]) -> None:
    sign = result["variants"][0]["phases"][1]["steps"][0]["latency_ms"]["sign"]
    sign |= {"p99": 0.05, "max": 7.0}
    assert "sign" not in next(line for line in block(summary(result), "steady  ") if "p50/p99" in line)
    for matters in ({"p99": 1.5}, {"p99": None}):  # of a few requests no p99 is known
        sign |= matters
        assert "sign" in next(line for line in block(summary(result), "steady  ") if "p50/p99" in line)


def test_failures_have_their_own_latency(result: dict[str, Any]) -> None:
    lines = block(summary(result), "failures")
    assert any(
        line.split()[:5] == ["burst", "1/2", "put", "throttled", "140"] and "status 429" in line for line in lines
    )


@pytest.mark.parametrize("width", [40, 60])
def test_without_room_each_threshold_is_a_sentence(result: dict[str, Any], width: int) -> None:
    invalid = {"status": "undecided", "value_ms": None, "why": {"code": "run_invalid", "signal": "clock"}}
    result["thresholds"] = [
        {**result["thresholds"][0], **invalid, "text": text} for text in ("response p99 < 400ms", "response p50 < 40ms")
    ]
    lines = block(render(typed(result), width=width, color=False), "thresholds")
    assert [shown.startswith("  undecided ") for shown in lines[1:]].count(True) == 2
    text = " ".join(" ".join(lines).split())
    for limit in ("p99 < 400ms", "p50 < 40ms"):
        assert f"steady 1/2 · response {limit} · put · clock is INVALID." in text


def test_thresholds(result: dict[str, Any]) -> None:
    lines = block(summary(result), "thresholds")
    assert [line.split()[0] for line in lines[1:]] == ["passed", "FAILED", "passed", "passed", "undecided"]
    assert lines[2].split() == ["FAILED", "steady", "2/2", "response", "p99", "<", "250ms", "put", "364", "ms"]
    assert "needs 10,000 requests, there were 3,120" in lines[5]


def test_connections(result: dict[str, Any]) -> None:
    text = "\n".join(block(summary(result), "connections"))
    assert "852 opened, 450 of them before the load, 37 with a resumed TLS session" in text
    assert "312: 393/476" in text


def test_a_redirect_says_where_it_leads_and_what_to_do(result: dict[str, Any]) -> None:
    redirect = {"outcome": "unexpected", "reason": "status 301", "status": 301, "location": "https://a.test/x"}
    result["samples"]["failed"] = [result["samples"]["failed"][0] | redirect]
    text = " ".join(" ".join(block(summary(result), "first failing")).split())
    assert "It redirects to https://a.test/x: send the requests there, or if this is right" in text
    assert "say expect: {status: 301}" in text


def test_a_failing_answer_says_why_in_full(result: dict[str, Any]) -> None:
    message = " ".join(f"word{number}" for number in range(28))
    failing = {"outcome": "http_5xx", "reason": "status 502", "status": 502, "message": message}
    result["samples"]["failed"] = [result["samples"]["failed"][0] | failing]
    assert f"the answer: {message}" in " ".join(" ".join(block(summary(result), "first failing")).split())


@pytest.mark.parametrize(
    ("wordless", "text"),
    [("compressed", "compressed, not shown"), ("binary", "binary, not shown"), ("empty", "empty")],
)
def test_a_failing_answer_without_words_is_told_as_what_it_is(result: dict[str, Any], wordless: str, text: str) -> None:
    failing = {"outcome": "http_5xx", "status": 502, "message": "", "wordless": wordless}
    result["samples"]["failed"] = [result["samples"]["failed"][0] | failing]
    assert f"the answer: {text}\n" in summary(result)


def test_samples_are_few_and_not_all_alike(result: dict[str, Any]) -> None:
    kept = result["samples"]
    kept["failed"] *= 50
    kept["slowest"] = [{**kept["slowest"][1], "second": second} for second in range(50)] + kept["slowest"]
    text = summary(result)
    assert sum(line.lstrip().startswith("at ") for line in block(text, "first failing")) == 3
    assert sum("burst 1/2 put" in line for line in block(text, "slowest")) == 2
    assert "apigw-requestid: JKJaXmPLvHcESHA=" in text
    assert "content-type" not in text


def latency(count: int, **figures: float) -> dict[str, Any]:
    made: dict[str, Any] = to_json(Latency(count, None, None, dict(figures), 0.0, None, 0))
    return made


def test_operations_stand_below_their_attempts(result: dict[str, Any]) -> None:
    steady = [phase for phase in result["variants"][0]["phases"] if phase["name"] == "steady"]
    for cycle, phase in enumerate(steady):
        put = phase["steps"][0]
        sent = put["requests"]["sent"]
        outcomes = {"ok": sent - 210, "throttled": 10}
        put["attempts"] = {"operations": sent - 200, "attempts": sent, "per_operation": 1.1, "outcomes": outcomes}
        put["latency_ms"]["operation"] = latency(sent - 210, p50=61.5, p99=915.0 + cycle)
        put["latency_ms"]["backoff"] = latency(150, p50=50.5, p99=800.0)
    text = summary(result)
    lines = block(text, "steady  open")
    start = next(number for number, line in enumerate(lines) if line.startswith("  put (operation)"))
    first, second = (line.split() for line in lines[start : start + 2])
    sent = [phase["steps"][0]["requests"]["sent"] - 200 for phase in steady]
    assert first[2:6] == ["1/2", f"{sent[0]:,}", "1.2%", "61.5"]
    assert second[:2] == ["2/2", f"{sent[1]:,}"]
    assert "915" in first
    assert "916" in second
    assert lines[start + 2].split()[:4] == ["back-off", "1/2", "150", "50.5"]
    assert f"requests for {steady[0]['requests']['sent'] - 200:,} operations, " in lines[1]
    assert text.count("\n  (operation): all attempts at a request") == 1
    assert "; repeated attempts: 400" in " ".join(text.split())


def test_without_repeated_attempts_nothing_is_said_of_them(result: dict[str, Any]) -> None:
    for word in ("operation", "attempt", "back-off", "items and capacity", "build"):
        assert word not in summary(result)


def test_items_and_capacity(result: dict[str, Any]) -> None:
    first, second = (phase for phase in result["variants"][0]["phases"] if phase["name"] == "steady")
    first["steps"][0] |= {
        "items": {"sent": 25_000, "unprocessed": 250},
        "capacity": {"sampled_calls": 100, "read_units": 0.0, "write_units": 2500.0},
    }
    second["steps"][0]["items"] = {"sent": 9, "unprocessed": 0}
    first["steps"][1]["capacity"] = {"sampled_calls": 3, "read_units": 1.5, "write_units": 0.0}
    lines = block(summary(result), "steady  open")
    start = next(number for number, line in enumerate(lines) if "items and capacity" in line)
    assert [line.split() for line in lines[start + 1 : start + 4]] == [
        ["put", "1/2", "25,000", "250", "(1%)", "100", "-", "2,500", "(25", "each)"],
        ["2/2", "9", "0", "-", "-", "-"],
        ["read", "1/2", "-", "-", "3", "1.5", "(0.5", "each)", "-"],
    ]
    assert max(map(len, lines)) <= 92


def test_the_build_of_a_client_has_a_column_where_there_was_one(result: dict[str, Any]) -> None:
    """In the place of the client delay, which the client that has one never knows: the line is full."""
    for step in (step for phase in result["variants"][0]["phases"] for step in phase["steps"]):
        step["latency_ms"] |= {"build": latency(987, p50=12.5, p99=31.0), "client_delay": latency(0)}
        step["latency_ms"]["sign"] |= {"p99": 40.0}
    lines = block(summary(result), "burst  open")
    start = next(number for number, line in enumerate(lines) if line.startswith("  p50/p99 ms"))
    titles = ["lag", "sign", "build", "wait", "connect", "service", "share"]
    assert lines[start].split() == ["p50/p99", "ms", *titles]
    assert "12.5/31.0" in lines[start + 1]
    assert set(lines[start + 1].split()[-1]) <= set("█▓▒░")


def test_a_sample_shows_by_which_id_the_target_knows_it(result: dict[str, Any]) -> None:
    (sample, *_) = result["samples"]["slowest"]
    sample |= {"request_id": "4KDJ2", "attempt": 3, "headers": {"x-amzn-requestid": "4KDJ2", "x-amzn-trace-id": "r"}}
    result["samples"] = {"failed": [], "slowest": [sample]}
    (shown,) = (line for line in summary(result).split("\n") if "4KDJ2" in line)
    assert shown.rstrip().endswith("connection; attempt 3; request id 4KDJ2; x-amzn-trace-id: r")


def test_a_phase_that_ran_once_and_reached_nobody(result: dict[str, Any]) -> None:
    burst = result["variants"][0]["phases"][2]
    result["variants"][0]["phases"] = [{**burst, "cycles": 1}]
    refused = {"step": "put", "outcome": "refused", "connection": "none", "times_ms": {}}
    result["samples"]["failed"] = [result["samples"]["failed"][0] | refused]
    text = summary(result)
    assert "\nburst  open: 2,000/s for 3 s\n  2,004/s started" in text
    assert "no connection" in text


def test_an_incomplete_run_is_marked_before_anything_else(result: dict[str, Any]) -> None:
    result |= {"complete": False, "interrupted": True}
    lines = summary(result).split("\n")
    assert lines[0].startswith("INCOMPLETE ")
    assert lines[1].startswith("INTERRUPTED ")


def signal(name: str, verdict: str, code: str, **values: float | str) -> dict[str, Any]:
    return {
        "signal": name,
        "verdict": verdict,
        "observed": {"code": code, **values},
        "limits": verdict,
        "noted": False,
    }


LATE = signal("lag", "INVALID", "lag", p99_ms=3.1)
STOLEN = signal("steal", "DEGRADED", "steal", share=0.006)


def test_reasons_say_what_to_do(result: dict[str, Any]) -> None:
    result["trust"] |= {"verdict": "INVALID", "reasons": [LATE]}
    result["exit_status"] = 5
    text = summary(result)
    assert (
        "INVALID something disturbed the figures, as the reasons say. Do not use these figures\n  - lag p99 3.10 ms"
        in text
    )
    said = "INVALID · simulated target · thresholds: 3 passed, 1 failed, 1 undecided · 0.61% of requests failed\n"
    assert f"\n{said}  · exit status 5: this machine disturbed what decides\n" in text


def test_the_reason_for_the_verdict_is_told_from_lesser_ones(result: dict[str, Any]) -> None:
    ports = signal("ports", "VALID", "ports", share=0.02)
    result["trust"] |= {"verdict": "INVALID", "reasons": [LATE, STOLEN], "signals": [LATE, STOLEN, ports]}
    lines = block(summary(result), "INVALID something")
    first, second = (line for line in lines if line.startswith("  - "))
    assert first.startswith("  - lag p99 3.10 ms: requests left")
    assert second.startswith("  - DEGRADED: steal 0.60%: the hypervisor")
    assert "  1 signal fine: see --json" in lines
    result["trust"] |= {"verdict": "DEGRADED", "reasons": [STOLEN], "signals": [STOLEN]}
    assert "\n  - steal 0.60%: the hypervisor" in summary(result)


def judged(**more: Any) -> dict[str, Any]:
    return {
        "phase": "burst", "cycle": 2, "step": "order/put", "quantile": "p99", "value_ms": 9.0, "without_ms": 9.0,
        "share": 0.0082, "at_least": True, "parts_ms": {}, "requests": 20_000, "resolution_ms": 0.1, "verdict": "VALID",
        "decides": True, **more,
    }  # fmt: skip


def test_the_figure_that_decided_stands_above_all_reasons(result: dict[str, Any]) -> None:
    result["trust"] |= {
        "figures": [judged(quantile="p99.9", decides=False), judged(), judged(phase="steady", share=0.0001)],
        "signals": [
            signal("share of a figure", "VALID", "too_few_answered"),
            {**signal("pool", "VALID", "pool", p99_ms=12.0, cap=10), "noted": True},
            signal("lag", "VALID", "lag", p99_ms=0.1),
        ],
    }
    assert (
        "\nVALID this machine made hardly anything of these figures\n"
        "  decided by p99 of burst 2/2 order/put: at least 0.82% of it was this machine\n"
        "  note: session.connections: 10 made requests wait, and it was neither the target nor the generator\n"
        "  2 signals fine: see --json\n"
    ) in summary(result)


def test_a_figure_decided_only_if_its_verdict_is_the_runs(result: dict[str, Any]) -> None:
    result["trust"] |= {"verdict": "DEGRADED", "figures": [judged()], "reasons": [STOLEN], "signals": [STOLEN]}
    text = summary(result)
    assert "\nDEGRADED something disturbed the figures, as the reasons say\n  - steal 0.60%" in text
    assert "decided by" not in text


def test_a_figure_of_which_this_machine_made_too_much_is_marked(result: dict[str, Any]) -> None:
    step = result["variants"][0]["phases"][1]["steps"][0]
    step["latency_ms"]["response"]["doubted"] = {"p50": "DEGRADED", "p99": "INVALID"}
    text = summary(result)
    figures = step["latency_ms"]["response"]
    for quantile, mark in (("p50", "~"), ("p99", "!"), ("p90", " ")):
        assert f"{ms(figures[quantile])}{mark}" in text
    assert "289!: this machine made more than 10% of the figure" in text
    assert "289~: this machine made 2 to 10% of the figure" in text


def test_what_this_machine_cannot_tell_is_a_line_and_a_note_on_what_is_too_fast(result: dict[str, Any]) -> None:
    result["resolution"] = to_json(Resolution.measured("ticks", {"p50": 0.08, "p90": 0.2, "p99": 0.3}))
    line = "this machine: differences under 0.080 ms at p50 and 0.300 ms at p99 are noise here (ticks before the load)"
    text = " ".join(summary(result).split())
    assert line in text and "Too fast" not in text
    burst = next(phase for phase in result["variants"][0]["phases"] if phase["name"] == "burst")
    burst["steps"][0]["latency_ms"]["response"] |= {"p50": 0.9, "p99": 1.2}
    text = " ".join(summary(result).split())
    said = "Too fast for this machine at p99; p50 stands; differences under 0.300 ms are noise here"
    assert f"note: burst 1/2 put: {said}" in text
    result["resolution"] = to_json(ASSUMED)
    assert "this machine: " not in summary(result)


def test_steps_that_are_too_fast_are_named_up_to_three(result: dict[str, Any]) -> None:
    result["resolution"] = to_json(Resolution.measured("ticks", {"p50": 0.2}))
    for phase in result["variants"][0]["phases"]:
        for step in phase["steps"]:
            for latency in step["latency_ms"].values():
                latency |= {"p50": 0.5, "p99": 2.0}
    text = " ".join(summary(result).split())
    assert text.count("Too fast for this machine at p50") == 3
    assert "more steps too fast for this machine: see --json" in text


def test_that_an_invalid_run_was_accepted_is_said(result: dict[str, Any]) -> None:
    result["trust"] |= {"verdict": "INVALID", "accepted": True}
    assert "\n  its figures were accepted all the same (--accept-invalid)\n" in summary(result)


@pytest.mark.parametrize("verdict", ["VALID", "DEGRADED", "INVALID"])
def test_what_measured_nothing_has_no_verdict_in_words_and_no_advice(result: dict[str, Any], verdict: str) -> None:
    """It was stopped early, its workers were lost before they told their latencies, or nothing was answered."""
    result["trust"] |= {"verdict": verdict, "reasons": [] if verdict == "VALID" else [{**STOLEN, "verdict": verdict}]}
    result["trust"]["signals"] = [LATE]
    for phase in result["variants"][0]["phases"]:
        phase["steps"] = []
    text = summary(result)
    assert "\nNOTHING MEASURED there is no tail to judge\n" in text
    assert "\nNOTHING MEASURED · simulated target" in text
    result["unusable"] = {"code": "nothing_answered", "outcome": "refused", "reason": "", "count": 5, "sent": 5}
    failed = summary(result)
    assert failed.startswith("FAILED ")
    assert "\nFAILED · simulated target" in failed
    for said in (text, failed):
        assert not re.search("VALID|DEGRADED|hypervisor|more --workers", said)


def test_a_time_that_answers_told_is_said_to_be_theirs(result: dict[str, Any]) -> None:
    assert summary(result).count("\n  (reported): a time that the answers told") == 1


def test_a_real_target_is_not_called_simulated(result: dict[str, Any]) -> None:
    addresses = [f"192.0.2.{n}" for n in range(5)]
    result["target"] |= {"url": "https://api.example.com", "simulated": False, "addresses": addresses}
    text = summary(result)
    assert "simulated" not in text
    assert "target: https://api.example.com  192.0.2.0, 192.0.2.1, 192.0.2.2 and 2 more" in text


def test_many_strata_are_cut_at_the_largest(result: dict[str, Any]) -> None:
    step = result["variants"][0]["phases"][1]["steps"][0]
    step["strata"] = [
        {"stratum": f"shard={n}", "count": n, "latency_ms": {"response": latency(n)}, "unassigned_timeouts": 0}
        for n in range(1, 31)
    ]
    lines = "\n".join(block(summary(result), "steady  "))
    assert "shard=30" in lines
    assert "shard=12 " not in lines
    assert "24 more: see --json" in lines


@pytest.mark.parametrize("width", [10, 60, 80, 92, 100, 160, 500])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(result: dict[str, Any], width: int) -> None:
    def numbers(text: str) -> set[str]:
        picture = text[text.index("at a glance") : text.index("\nwarm-up")]  # its axis has as many ticks as it has room
        return set(re.findall(r"(?<![\w/.-])[<>]?[\d,.:/]*\d%?(?![\w…])", text.replace(picture, "")))

    text = render(typed(result), width=width, color=False)
    assert max(map(cell_len, text.split("\n"))) <= min(max(width, 40), 100)
    assert numbers(summary(result)) == numbers(text)


def test_colour_changes_nothing_but_colour(result: dict[str, Any]) -> None:
    plain, coloured = render(typed(result), color=False), render(typed(result), color=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31mFAILED" in coloured
    stripped = "\n".join(line.rstrip() for line in ANSI.sub("", coloured).split("\n"))
    assert stripped == plain


def test_colour_is_for_terminals_and_no_color_is_honoured(
    result: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    pipe, screen, told = io.StringIO(), Terminal(), Terminal()
    show(typed(result), pipe)
    show(typed(result), screen)
    monkeypatch.setenv("NO_COLOR", "1")
    show(typed(result), told)
    assert "\x1b" not in pipe.getvalue()
    assert "\x1b[" in screen.getvalue()
    assert "\x1b" not in told.getvalue()


def test_a_terminal_without_unicode_gets_ascii(result: dict[str, Any]) -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    show(typed(result), file)
    file.flush()
    lines = raw.getvalue().decode("ascii").split("\n")
    assert max(map(len, lines)) <= 100
    assert len(lines) == len(summary(result).split("\n"))


def test_nothing_in_a_result_can_steer_the_terminal(result: dict[str, Any]) -> None:
    evil = "\x1b]0;owned\x07\x9b2J\r\n\u202e"

    text = render(map_text(typed(result), lambda text: text + evil), color=False)
    assert all(character.isprintable() or character == "\n" for character in text)


@settings(max_examples=examples(40))
@given(documents(RunResult))
def test_any_result_can_be_shown(document: dict[str, Any]) -> None:
    text = render(typed(document), color=False)
    assert max(cell_len(line) for line in text.split("\n")) <= 100
    assert all(character.isprintable() or character == "\n" for character in text)

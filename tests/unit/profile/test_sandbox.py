"""The settings of the sandbox: short forms, round trip, and a clear refusal of everything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from loadgen.clock import MILLISECOND, SECOND
from loadgen.profile.distribution import Distribution
from loadgen.profile.part import Written
from loadgen.profile.sandbox import SandboxSettings, Scaling, ServiceTime

WRITTEN = Written(Path())


WHOLE = {
    "rtt": "20ms",
    "service": "lognormal(p50=8ms, p99=40ms)",
    "seed": 7,
    "environments": {"max": 200, "init": "300ms", "idle": "10m", "overflow": "429"},
    "downstream": {
        "time": "6ms",
        "connect": "bimodal(fast=12ms, slow=40ms, share=1%)",
        "calls": 10,
        "keep_alive": False,
        "idle": "5s",
    },
    "throttle": {"rate": "1000/s", "burst": 500},
    "stalls": [{"at": "10s", "for": "2s"}, {"every": "30s", "for": "250us"}],
    "faults": {"errors": "1%", "reset": "0.1%", "truncate": "0.1%", "drip": "0.1%", "endless": "0%"},
    "idle_close": "60s",
    "requests_per_connection": 100,
    "body": "2KiB",
    "dynamodb": {
        "signatures": "ignore",
        "burst": "0s",
        "partition_writes": "10/s",
        "unprocessed": "5%",
        "memory": "1GiB",
    },
    "log": "truth.csv",
}


def read(**written: object) -> SandboxSettings:
    return SandboxSettings.model_validate(written, context=WRITTEN)


def test_all_of_it() -> None:
    settings = read(**WHOLE)
    assert settings.rtt == 20 * MILLISECOND
    assert [(of.match, str(of.time)) for of in settings.service] == [("*", WHOLE["service"])]
    assert settings.environments
    assert (str(settings.environments.init), settings.environments.overflow) == ("fixed(300ms)", "429")
    assert [stall.length for stall in settings.stalls] == [2 * SECOND, 250_000]
    assert settings.faults.shares() == {"errors": 0.01, "reset": 0.001, "truncate": 0.001, "drip": 0.001}
    assert settings.body == 2048
    assert (settings.dynamodb.burst, settings.dynamodb.peak_after) == (0, 1800 * SECOND)
    assert (settings.dynamodb.unprocessed, settings.dynamodb.memory) == (0.05, 2**30)
    assert settings.log == Path("truth.csv")


def test_survives_the_way_to_the_process() -> None:
    for value in (read(**WHOLE), SandboxSettings()):
        assert SandboxSettings.from_json(value.to_json()) == value


def test_short_forms() -> None:
    settings = read(environments=5, throttle="100/s", stalls={"at": "1s", "for": "2s"}, faults="2%", service="8ms")
    assert settings.environments and settings.environments.max == 5
    assert settings.throttle and settings.throttle.tokens == 100
    assert settings.stalls[0].at == SECOND
    assert settings.faults.errors == 0.02
    assert settings.service == (ServiceTime(time=Distribution.fixed(8 * MILLISECOND)),)
    overflow = read(environments={"max": 1, "overflow": 429}).environments
    assert overflow and overflow.overflow == "429"


def test_a_list_tells_requests_apart() -> None:
    settings = read(service=[{"match": "GET /orders/*", "time": "3ms"}, {"match": "PutItem", "time": "4ms"}, "5ms"])
    assert settings.describe() == "rtt 0s; service GET /orders/* always 3ms, PutItem always 4ms, always 5ms"
    assert SandboxSettings.from_json(settings.to_json()) == settings
    assert read(service={"match": "* /**", "time": "3ms"}).service[0].match == "* /**"


def test_a_long_table_is_told_in_short() -> None:
    points = ", ".join(f"p{level}={level + 1}ms" for level in range(0, 101, 5))
    assert (
        read(service=f"table({points})")
        .describe()
        .endswith("service a table of 21 points with p0 1ms, p50 51ms, p90 91ms, p100 101ms")
    )


def test_lambdas_settings_are_told_as_they_are_written() -> None:
    written = {"memory": 512, "cpu_bound": "40%", "snap_start": "200ms", "overhead": "2ms", "functions": "orders"}
    settings = read(**{"lambda": {**written, "timeout": "9s", "prints": "2KiB", "log_format": "json"}})
    assert settings.describe() == (
        "rtt 0s; service always 0s; Lambda with functions orders, memory 512 MB, cpu_bound 40%, timeout 9s, overhead "
        "always 2ms, log_format json, prints 2048 bytes, snap_start SnapStart (always 200ms, 25% of it billed)"
    )
    assert SandboxSettings.from_json(settings.to_json()) == settings
    large = {"name": "large", "init": "1s", "memory": 512}
    told = read(**{"lambda": {"functions": ["small", large]}}).describe()
    assert told.endswith("Lambda with functions small, large (cold start 1s, 512 MB)")
    shorter = {"restore": "200ms", "billed": "10%"}
    assert read(**{"lambda": {"snap_start": shorter}}).function.snap_start


def test_environments_that_scale() -> None:
    written = {"max": 1000, "rate": "10/s", "scaling": "1000 per 10s", "reserved": 200, "provisioned": 5}
    own = read(environments=written).environments
    assert own and own.scaling
    assert (own.max, own.most, own.rate, own.scaling) == (1000, 200, 10.0, Scaling(1000, 10 * SECOND))
    assert own.scaling.rate == 100
    assert SandboxSettings.from_json(SandboxSettings(environments=own).to_json()).environments == own
    assert own.describe() == (
        "up to 200 reserved environments (the rest queues), cold start 0s, 1000 new per 10s, 10/s each, 5 provisioned"
    )


def test_a_gateway_brings_its_limits() -> None:
    settings = read(gateway="rest")
    assert settings.bucket and (settings.bucket.rate, settings.bucket.burst) == (10_000, 5000)
    own = read(gateway={"kind": "http", "latency": "lognormal(p50=5ms, p99=20ms)"}, throttle="100/s")
    assert own.bucket and own.gateway and (own.bucket.rate, own.gateway.waits) == (100, 30 * SECOND)
    assert own.describe().endswith(
        "an HTTP API before it (its own log-normal with p50 5ms, p99 20ms, timeout 30s); throttled at 100/s, burst 100"
    )


def test_says_what_is_simulated() -> None:
    assert SandboxSettings().describe() == "rtt 0s; service always 0s"
    assert read(**WHOLE).describe() == (
        "rtt 20ms; service log-normal with p50 8ms, p99 40ms; up to 200 environments (429 above), cold start 300ms; "
        "calls a service 10 times (always 6ms, a connection for each call, connect 12ms, but 40ms for 1% of requests); "
        "throttled at 1000/s, burst 500; stalls 2s at 10s; stalls 250us every 30s; "
        "faults 1% errors, 0.1% reset, 0.1% truncate, 0.1% drip; "
        "DynamoDB with signatures ignore, burst 0s, partition_writes 10/s, unprocessed 5%, memory 1024MiB"
    )


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"rt": "1s"}, "unknown key"),
        ({"rtt": 20}, "for example"),
        ({"rtt": "20"}, "not a duration"),
        ({"service": "normal(1ms)"}, "not a distribution"),
        ({"service": 8}, "lognormal"),
        ({"service": []}, "at least 1 item"),
        ({"service": [{"match": "GET /", "time": "1"}]}, "not a distribution"),
        ({"service": [{"match": "get /", "time": "1ms"}]}, "'get /' matches no request"),
        ({"service": [{"match": "GET", "tim": "1ms"}]}, "unknown key"),
        ({"service": [{"match": "GET /"}]}, "Field required"),
        ({"environments": {"max": 1, "init": 300}}, "lognormal"),
        ({"environments": {"max": 0}}, "greater than or equal to 1"),
        ({"environments": {"init": "1s"}}, "Field required"),
        ({"environments": {"max": 1, "overflow": "drop"}}, "'queue' or '429'"),
        ({"environments": {"max": 1, "scaling": "1000"}}, "no rate of scaling"),
        ({"environments": {"max": 1, "scaling": "0 per 10s"}}, "no rate of scaling"),
        ({"environments": {"max": 1, "scaling": "10 per 0s"}}, "no rate of scaling"),
        ({"environments": {"max": 1, "scaling": "1000 per second"}}, "not a duration"),
        ({"environments": {"max": 9, "reserved": 10}}, "is more than max, 9"),
        ({"environments": {"max": 9, "reserved": 5, "provisioned": 6}}, "more than the 5 environments"),
        ({"gateway": "alb"}, "'rest' or 'http'"),
        ({"downstream": {"time": "6ms"}}, "needs environments"),
        ({"environments": 1, "downstream": {"connect": "6ms"}}, "Field required"),
        ({"environments": 1, "downstream": {"time": "6ms", "calls": 0}}, "greater than or equal to 1"),
        ({"environments": 1, "downstream": {"time": "6ms", "keep_alive": "no"}}, "neither true nor false"),
        ({"environments": 1, "downstream": {"time": "6ms", "idle": "0s"}}, "more than 0"),
        ({"throttle": "0/s"}, "more than 0/s"),
        ({"stalls": [{"for": "2s"}]}, "one of at and every"),
        ({"stalls": [{"at": "1s", "every": "5s", "for": "2s"}]}, "one of at and every"),
        ({"stalls": [{"every": "2s", "for": "2s"}]}, "must end before the next"),
        ({"stalls": [{"every": "2s", "for": "1s"}, {"every": "3s", "for": "1s"}]}, "only one stall"),
        ({"faults": {"errors": "60%", "reset": "50%"}}, "more than 100% together"),
        ({"faults": {"errors": "101%"}}, "more than 100%"),
        ({"body": "11MiB"}, "more than 10MiB"),
        ({"idle_close": "0s"}, "more than 0"),
        ({"requests_per_connection": 0}, "greater than or equal to 1"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"dynamodb": {"signatures": "maybe"}}, "'verify' or 'ignore'"),
        ({"dynamodb": {"unprocessed": "101%"}}, "more than 100%"),
        ({"dynamodb": {"memory": "1KiB"}}, "greater than or equal to 1048576"),
        ({"dynamodb": {"on_demand_reads": "0/s"}}, "more than 0/s"),
        ({"dynamodb": {"burst": 300}}, "for example"),
        ({"lambda": {"memory": 127}}, "greater than or equal to 128"),
        ({"lambda": {"timeout": "16m"}}, "less than or equal to 900000000000"),
        ({"lambda": {"functions": ["a b"]}}, "match"),
        ({"lambda": {"functions": ["a", {"name": "a"}]}}, "two functions called a"),
        ({"lambda": {"log_level": "warn"}}, "needs log_format: json"),
        ({"lambda": {"snap_start": "1s"}, "environments": {"max": 3, "provisioned": 1}}, "not both"),
    ],
)
def test_refuses(written: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(**written)
    assert message in caught.value.errors()[0]["msg"]


def test_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        SandboxSettings().rtt = 1

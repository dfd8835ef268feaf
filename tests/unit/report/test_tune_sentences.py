"""The sentences of `loadgen tune`."""

from __future__ import annotations

import pytest

from loadgen.report.sentences import sentence
from loadgen.report.tune_sentences import TUNE_SENTENCES
from loadgen.result.reason import CODES, Reason

EACH = [
    (
        Reason.of("tune_visit", visit=3, memory=512, calls=25, failed=0, billed_ms=51.24),
        "visit 3, 512 MB: 25 calls, 51.2 ms billed for each",
    ),
    (
        Reason.of("tune_visit", visit=3, memory=512, calls=1, failed=1, billed_ms=1234.5),
        "visit 3, 512 MB: 1 call, 1 failed, 1,234 ms billed for each",
    ),
    (Reason.of("tune_stopping"), "stopping: the memory is restored first"),
    (Reason.of("tune_restored", memory=512), "the memory is 512 MB again, as before"),
    (
        Reason.of("tune_not_restored", error="no answer", folder="runs/a"),
        "the memory was not restored: no answer. `loadgen tune --restore runs/a` tries again",
    ),
    (Reason.of("tune_broken_off", error="no answer"), "the measurement was broken off: no answer"),
    (
        Reason.of("tune_stopped_by_cost", usd=0.52, limit_usd=0.5),
        "the measurement was stopped early by --max-cost: $0.50 (its calls have come to $0.52)",
    ),
    (
        Reason.of("tune_died", folder="runs/a"),
        "the measurement died before its end; this is what its visits had written. The memory of the function may "
        "not be what it was: loadgen tune --restore runs/a",
    ),
    (
        Reason.of("tune_died", folder="runs/a", versions="published", provisioned="live: 5"),
        "the measurement died before its end; this is what its visits had written. The memory of the function may "
        "not be what it was, a version that loadgen published may be there still, and provisioned concurrency, which "
        "is billed by the hour, may be there still (live: 5): loadgen tune --restore runs/a",
    ),
    (
        Reason.of("tune_stopped_by_cost", usd=0.0000724, limit_usd=0.00005),
        "the measurement was stopped early by --max-cost: $0.00005 (its calls have come to $0.000072)",
    ),
]


@pytest.mark.parametrize(("reason", "text"), EACH, ids=lambda value: getattr(value, "code", ""))
def test_a_reason_is_a_sentence(reason: Reason, text: str) -> None:
    assert sentence(reason) == text


def test_each_code_is_tried() -> None:
    assert {reason.code for reason, _ in EACH} == {*TUNE_SENTENCES} <= {*CODES}

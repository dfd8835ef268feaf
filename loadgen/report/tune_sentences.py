"""What `loadgen tune` did, and what kept it from going on, as sentences. `sentences` combines them."""

from __future__ import annotations

from loadgen.aws.prices import exact_dollars
from loadgen.report.values import Sentence, Values, number
from loadgen.report.words import count, ms, several


def _visit(values: Values) -> str:
    failed = number(values, "failed")
    bad = f", {count(failed)} failed" if failed else ""
    calls, billed = several(number(values, "calls"), "call"), ms(number(values, "billed_ms"))
    cell = values.get("cell") or f"{values['memory']} MB"
    return f"visit {values['visit']}, {cell}: {calls}{bad}, {billed} ms billed for each"


def _died(values: Values) -> str:
    left = ["the memory of the function may not be what it was"]
    left += ["a version that loadgen published may be there still"] if "versions" in values else []
    if "provisioned" in values:
        left.append(
            f"provisioned concurrency, which is billed by the hour, may be there still ({values['provisioned']})"
        )
    said = f"{', '.join(left[:-1])}, and {left[-1]}" if len(left) > 1 else left[0]
    return (
        "the measurement died before its end; this is what its visits had written. "
        f"{said[0].upper()}{said[1:]}: loadgen tune --restore {values['folder']}"
    )


TUNE_SENTENCES: dict[str, Sentence] = {
    "tune_visit": _visit,
    "tune_stopping": "stopping: the memory is restored first",
    "tune_restored": "the memory is {memory} MB again, as before",
    "tune_not_restored": "the memory was not restored: {error}. `loadgen tune --restore {folder}` tries again",
    "tune_broken_off": "the measurement was broken off: {error}",
    "tune_stopped_by_cost": lambda values: (
        f"the measurement was stopped early by --max-cost: {exact_dollars(number(values, 'limit_usd'))} "
        f"(its calls have come to {exact_dollars(number(values, 'usd'))})"
    ),
    "tune_died": _died,
}

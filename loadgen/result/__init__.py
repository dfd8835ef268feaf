"""The results of all commands, as values with types; their JSON; and the schema of that JSON.

Analysis and experiment make these values, report shows them, and nothing else is written to a ``result.json``. A value
holds facts: numbers with their units, names, and reasons as a code with its numbers. Only report makes sentences.

    run         one run                        latency     percentiles, each with its interval or a reason
    experiment  several runs, and how they     reason      why something is not known, as a code and its numbers
                compare                        codec       values to JSON, JSON to values, and the JSON Schema
    resolution  the differences that this machine cannot tell
    check       `loadgen check`                once        `loadgen once`
    capacity    `loadgen capacity`             tune        `loadgen tune`
    selftest    `loadgen selftest`             two_runs    `loadgen compare`
    shape       how values are spread, and whether they are of two kinds
    odd         the requests of a step by worker, and the one that differs
    band        a load whose rate changes, by the rate that was offered
    exemplars   single requests with their ids
    join        `loadgen join`
    timeline    a run moment by moment, for a picture; no part of a result
    documents   every kind of result, and the schema of them all
"""

from typing import Literal

SCHEMA: Literal["loadgen.result/4"] = "loadgen.result/4"

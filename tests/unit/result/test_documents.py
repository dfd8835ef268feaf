"""Every kind of result: what its schema says of each field, and that JSON of it is read back as it was."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Literal, get_args, get_origin, get_type_hints

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from once_exchanges import exchange, of
from planned import PHASE, plan
from result_values import types_of, values
from selftests import result

from loadgen.experiment.check import check
from loadgen.profile.load import load, shipped
from loadgen.result.codec import from_json, map_text, to_json
from loadgen.result.documents import DOCUMENTS, Document, result_schema

SCHEMA = result_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
TYPES = list(types_of(Document))
UNITS = {"_ms": "ms", "_s": "s", "_ns": "ns", "_per_s": "1/s", "_share": "1", "usd": "USD"}


def holds_fractions(hint: Any) -> bool:
    return hint is float or (get_origin(hint) is not Literal and any(map(holds_fractions, get_args(hint))))


def holds_types(hint: Any) -> bool:
    return dataclasses.is_dataclass(hint) or any(map(holds_types, get_args(hint)))


# the schema


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert [each["$ref"] for each in SCHEMA["anyOf"]] == [f"#/$defs/{made.__name__}" for made in DOCUMENTS]


def test_each_kind_has_its_own_word() -> None:
    kinds = [get_args(get_type_hints(made)["kind"]) for made in DOCUMENTS]
    assert len({*kinds}) == len(DOCUMENTS)


@pytest.mark.parametrize("made", TYPES, ids=lambda made: made.__name__)
def test_each_field_says_what_it_is_and_in_which_unit(made: Any) -> None:
    hints = get_type_hints(made)
    assert SCHEMA["$defs"][made.__name__]["description"] if made in DOCUMENTS else made.__doc__
    for field in dataclasses.fields(made):
        hint, unit = hints[field.name], field.metadata["unit"]
        assert field.metadata["description"].strip(), field.name
        if holds_fractions(hint) and field.metadata["inline"] != ".*":  # the numbers of a reason are of many units
            assert unit, f"{field.name} is a number without a unit"
        for suffix, expected in UNITS.items():
            if field.name.endswith(suffix) and not holds_types(hint):
                assert unit == expected or (suffix == "_s" and unit == "1/s"), field.name


def test_descriptions_and_units_are_in_the_schema() -> None:
    trial = SCHEMA["$defs"]["Trial"]
    assert trial["properties"]["rate"] == {"type": "number", "description": "the rate", "unit": "1/s"}
    assert trial["required"] == ["rate", "why", "target_busy"]


# what it is of


@pytest.mark.parametrize("made", DOCUMENTS, ids=lambda made: made.__name__)
@settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_result_comes_back_from_its_json(made: Any, data: st.DataObject) -> None:
    value = data.draw(values(made))
    document = json.loads(json.dumps(to_json(value)))
    assert from_json(made, document) == value
    assert from_json(made, document | {"colour": {"of": ["a", "bike shed"]}}) == value
    assert map_text(value, lambda text: text) == value
    VALIDATOR.validate(document)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_plan_is_as_the_schema_says(name: str) -> None:
    loaded = load(name)
    checked = check(loaded.profile, [variant.profile for variant in loaded.variants], not loaded.profile.experiment)
    document = json.loads(json.dumps(to_json(checked)))
    VALIDATOR.validate(document)
    assert from_json(type(checked), document) == checked


@pytest.mark.parametrize("value", [plan(PHASE), of(exchange()), result()], ids=lambda value: value.kind)
def test_results_are_as_the_schema_says(value: Any) -> None:
    document = json.loads(json.dumps(to_json(value)))
    VALIDATOR.validate(document)
    assert from_json(type(value), document) == value


@pytest.mark.parametrize("key", ["kind", "schema", "exchanges"])
def test_what_is_no_result_is_refused_by_the_schema(key: str) -> None:
    document = to_json(of(exchange()))
    assert not VALIDATOR.is_valid({name: content for name, content in document.items() if name != key})
    assert not VALIDATOR.is_valid(document | {key: "else"})

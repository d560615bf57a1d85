"""Observation and RiskAssessment to the patient vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .fhir_data import (
    INFARCTION,
    LOINC,
    OLD_INFARCTION,
    SNOMED,
    T_SCORE,
    UCUM,
    Json,
    concept,
    facts,
    only,
    read_one,
    reasons,
    resource,
)

if TYPE_CHECKING:
    from kg_service.patients.terminology import Terminology

CALCIUM = (LOINC, "17861-6")
EGFR = (LOINC, "33914-3")
YES_OR_NO = "http://terminology.hl7.org/CodeSystem/v2-0136"


def quantity(value: object, unit: str | None = None, code: str | None = None, **members: object) -> Json:
    return {"value": value, "unit": unit, "code": code, "system": UCUM if code else None} | members


def observation(**members: object) -> Json:
    return resource("Observation", **{"code": concept(CALCIUM)} | members)


def test_a_laboratory_value(terminology: Terminology) -> None:
    measured = observation(
        effectiveDateTime="2024-03-01T08:00:00+01:00",
        issued="2024-03-02T00:10:00+01:00",
        valueQuantity=quantity(8.1, "mg/dL", "mg/dL"),
        referenceRange=[{"low": quantity(8.5, "mg/dL", "mg/dL"), "high": quantity(10.5, "mg/dL", "mg/dL")}],
        interpretation=[concept(("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "L"))],
    )
    record = read_one(terminology, measured)
    assert only(record) == {
        "type": ["Observation"],
        "inputPath": ["Bundle.entry[1].resource"],
        "resourceId": ["Observation/7"],
        "subject": ["1"],
        "observable": ["serum-calcium"],
        "status": ["Done"],
        "effective": ["2024-03-01"],
        "recorded": ["2024-03-02"],
        "value": ["8.1"],
        "unit": ["mg-per-dL"],
        "lowLimit": ["8.5"],
        "highLimit": ["10.5"],
        "interpretation": ["Low"],
    }
    assert record.not_understood == ()


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        ("final", "Done"), ("amended", "Done"), ("corrected", "Done"), ("registered", "Preliminary"),
        ("preliminary", "Preliminary"), ("cancelled", "Cancelled"), ("unknown", "UnknownStatus"),
        ("entered-in-error", "EnteredInError"), (None, "UnknownStatus"), ("done", "UnknownStatus"),
    ],
)  # fmt: skip
def test_every_status(terminology: Terminology, status: str | None, read_as: str) -> None:
    record = read_one(terminology, observation(status=status))
    assert only(record)["status"] == [read_as]
    assert bool(record.not_understood) == (status in {None, "done"})


@pytest.mark.parametrize(
    ("value", "unit", "remark"),
    [
        (quantity(8, "mg/dL", "mg/dL"), "mg-per-dL", None),
        (quantity(8, "mg/dL"), "mg-per-dL", None),
        (quantity(8, None, "mg/dL"), "mg-per-dL", None),
        (quantity(8, "Milligramm pro Deziliter", "mg/dL"), "mg-per-dL", None),
        (quantity(8), None, None),
        (quantity(8, "stone"), None, "The unit stone is not known here."),
        (quantity(8, "a word of hers"), None, "It is in a unit not known here."),
        (quantity(8, None, "Mg/dL"), None, "It is in a unit not known here."),
        (quantity(8, "mg/dL", "mmol/L"), None, "two units, mg/dL and mmol/L"),
        (quantity(8, "mL/min/1.73m2", "mL/min"), None, "two units, mL/min and mL/min/{1.73_m2}"),
    ],
)
def test_units(terminology: Terminology, value: Json, unit: str | None, remark: str | None) -> None:
    record = read_one(terminology, observation(valueQuantity=value))
    assert only(record)["value"] == ["8"]
    assert only(record).get("unit") == ([unit] if unit else None)
    assert (remark or "") in reasons(record)
    assert bool(remark) == bool(record.not_understood)


@pytest.mark.parametrize("code", ["mL/min", "mL/min/{1.73_m2}"])
def test_clearance_and_estimated_rate_keep_their_own_unit(terminology: Terminology, code: str) -> None:
    record = read_one(terminology, observation(code=concept(EGFR), valueQuantity=quantity(40, code, code)))
    units = {"mL/min": "mL-per-min", "mL/min/{1.73_m2}": "mL-per-min-1.73m2"}
    assert only(record)["unit"] == [units[code]]


@pytest.mark.parametrize("comparator", ["<", "<=", ">=", ">"])
def test_a_bound_is_no_value(terminology: Terminology, comparator: str) -> None:
    record = read_one(terminology, observation(valueQuantity=quantity(8, "mg/dL", comparator=comparator)))
    assert "value" not in only(record)
    assert "valueQuantity.comparator: The value is only bounded" in reasons(record)


@pytest.mark.parametrize(
    ("members", "value"),
    [
        ({"valueInteger": 9}, ["9"]),
        ({"dataAbsentReason": {"text": "unknown"}}, None),
        ({"valueString": "9.1"}, None),
        ({"valueBoolean": True}, None),
        ({"valueRange": {"low": {"value": 1}}}, None),
        ({"valueCodeableConcept": {"text": "high"}}, None),
    ],
)
def test_other_values(terminology: Terminology, members: Json, value: list[str] | None) -> None:
    record = read_one(terminology, observation(**members))
    assert only(record).get("value") == value
    assert bool(record.not_understood) == any(name.startswith("value") and name != "valueInteger" for name in members)


@pytest.mark.parametrize("value", ["8.1", True, [8], 10**40, "NaN"])
def test_a_number_that_is_none_is_a_fault(terminology: Terminology, value: object) -> None:
    record = read_one(terminology, observation(valueQuantity={"value": value, "unit": "mg/dL"}))
    assert [fault.path for fault in record.faults] == ["Bundle.entry[1].resource.valueQuantity.value"]


@pytest.mark.parametrize(
    ("members", "effective"),
    [
        ({"effectiveDateTime": "2024"}, ["2024"]),
        ({"effectivePeriod": {"start": "2024-01-01", "end": "2024-01-03"}}, ["2024-01-03"]),
        ({"effectivePeriod": {"start": "2024-01-01"}}, ["2024-01-01"]),
        ({"effectiveInstant": "2024-01-01T10:00:00.000Z"}, ["2024-01-01"]),
        ({"effectiveTiming": {}}, None),
        ({}, None),
    ],
)
def test_every_form_of_effective(terminology: Terminology, members: Json, effective: list[str] | None) -> None:
    assert only(read_one(terminology, observation(**members))).get("effective") == effective


@pytest.mark.parametrize(
    ("codes", "level"),
    [
        (["L"], "Low"),
        (["LL"], "Low"),
        (["N"], "Normal"),
        (["H"], "High"),
        (["HH"], "High"),
        (["A"], None),
        (["L", "H"], None),
    ],
)
def test_interpretation(terminology: Terminology, codes: list[str], level: str | None) -> None:
    record = read_one(terminology, observation(interpretation=[concept(("urn:x", code)) for code in codes]))
    assert only(record).get("interpretation") == ([level] if level else None)


@pytest.mark.parametrize(
    ("ranges", "low"),
    [
        ([{"low": quantity(2.1, "mmol/L")}], None),  # not the unit of the value
        ([{"low": quantity(8.5)}], None),
        ([{"low": quantity(8.5, "mg/dL")}, {"low": quantity(8.6, "mg/dL")}], None),
        (
            [
                {"low": quantity(7, "mg/dL"), "type": {"coding": [{"code": "therapeutic"}]}},
                {"low": quantity(8.5, "mg/dL")},
            ],
            ["8.5"],
        ),
        ([{"text": "8.5 to 10.5"}], None),
        ([{"low": quantity(6.5, "mg/dL"), "type": {"text": "Critical Range"}}], None),
        ([{"low": quantity(8.5, "mg/dL"), "type": {"text": "Reference range"}}], ["8.5"]),
        ([{"low": quantity(8.5, "mg/dL"), "type": {"text": "Normalbereich"}}], ["8.5"]),
        ([{"low": quantity(8.5, "mg/dL"), "type": {"text": "abnormal below"}}], None),
        (
            [
                {"low": quantity(6.5, "mg/dL"), "type": {"text": "Critical"}},
                {"low": quantity(8.5, "mg/dL"), "type": {"coding": [{"code": "normal", "display": "Normal Range"}]}},
            ],
            ["8.5"],
        ),
    ],
)
def test_limits_only_in_the_unit_of_the_value(
    terminology: Terminology, ranges: list[Json], low: list[str] | None
) -> None:
    measured = observation(valueQuantity=quantity(8, "mg/dL"), referenceRange=ranges)
    assert only(read_one(terminology, measured)).get("lowLimit") == low


@pytest.mark.parametrize(
    ("specimen", "match"),
    [
        ({"display": "24h urine"}, "ByWiderCode"),
        ({"display": "Venous blood"}, "ByText"),
        ({"reference": "Specimen/s"}, "ByWiderCode"),
        ({"reference": "Specimen/unknown"}, "ByText"),
        ({"reference": "Specimen/coded"}, "ByText"),  # a code alone is no word
    ],
)
def test_words_do_not_tell_what_was_observed_in_another_specimen(
    terminology: Terminology, specimen: Json, match: str
) -> None:
    """Calcium is also measured in urine, where it says nothing of that in serum."""
    urine = resource("Specimen", id="s", type=concept((SNOMED, "1"), text="Urine specimen"))
    measured = observation(code={"text": "Calcium level"}, specimen=specimen)
    coded = resource("Specimen", id="coded", type=concept((SNOMED, "119364003")))
    record = read_one(terminology, measured, urine, coded)
    assert only(record)["codeMatch"] == [match]
    assert ("The specimen may be" in reasons(record)) == (match == "ByWiderCode")


def test_limits_without_a_known_unit_are_not_used(terminology: Terminology) -> None:
    measured = observation(valueQuantity=quantity(8), referenceRange=[{"low": quantity(8.5)}])
    assert "lowLimit" not in only(read_one(terminology, measured))


@pytest.mark.parametrize(
    ("interpretation", "level", "value"),
    [
        ({"text": "Low"}, "Low", ["8"]),
        ({"coding": [{"code": "X", "display": "High"}]}, "High", ["8"]),
        (concept(("urn:x", "AA")), None, None),
        (concept(("urn:x", "N"), text="Low"), None, None),
        ({"text": "odd"}, None, None),
    ],
)
def test_a_value_interpreted_nobody_knows_how_decides_nothing(
    terminology: Terminology, interpretation: Json, level: str | None, value: list[str] | None
) -> None:
    measured = observation(valueQuantity=quantity(8, "mg/dL"), interpretation=[interpretation])
    record = read_one(terminology, measured)
    assert only(record).get("value") == value
    assert only(record).get("interpretation") == ([level] if level else None)
    assert ("interpretation is not understood" in reasons(record)) == (value is None)


def test_components_are_observations_of_their_own(terminology: Terminology) -> None:
    panel = observation(
        code={"text": "panel"},
        effectiveDateTime="2024-03-01",
        component=[
            {"code": concept(CALCIUM), "valueQuantity": quantity(9, "mg/dL")},
            {"code": concept(T_SCORE), "valueQuantity": quantity(-2.7, "{T-score}")},
            {"code": concept((LOINC, "8480-6")), "valueQuantity": quantity(120, "mm[Hg]")},
        ],
    )
    record = read_one(terminology, panel)
    calcium, score = facts(record)
    assert (calcium["observable"], calcium["value"]) == (["serum-calcium"], ["9"])
    assert (score["observable"], score["value"], score["unit"]) == (["t-score-lumbar-spine"], ["-2.7"], ["t-score"])
    assert {"status": ["Done"], "effective": ["2024-03-01"]}.items() <= score.items()
    assert score["inputPath"] == ["Bundle.entry[1].resource.component[1]"]
    assert [remark.path for remark in record.not_understood] == ["Bundle.entry[1].resource.component[2].code"]


def test_observations_not_understood_are_counted_by_code(terminology: Terminology) -> None:
    weights = [observation(id=str(n), code=concept((LOINC, "29463-7"))) for n in range(3)]
    record = read_one(terminology, *weights)
    assert facts(record) == []
    assert reasons(record) == (
        "Bundle.entry[1].resource.code: Not understood: http://loinc.org|29463-7 stands for no observable known here"
        " (and 2 more)."
    )


@pytest.mark.parametrize(
    ("text", "observable", "match"),
    [("Serum calcium", "serum-calcium", "ByText"), ("Serum calcium, urgent", "serum-calcium", "ByWiderCode")],
)
def test_words_name_an_observable_surely_only_when_they_are_its_name(
    terminology: Terminology, text: str, observable: str, match: str
) -> None:
    record = read_one(terminology, observation(code=concept(("urn:local", "CA"), text=text)))
    assert (only(record)["observable"], only(record)["codeMatch"]) == ([observable], [match])
    assert "urn:local|CA" in reasons(record)


@pytest.mark.parametrize(
    ("code", "match"),
    [
        (concept((LOINC, "77147-7")), None),
        (concept((LOINC, "48642-3")), ["ByWiderCode"]),  # of a part of the people
        (concept(("https://lab.example", "G1"), text="GFR (CKD-EPI)"), ["ByWiderCode"]),
        (concept(text="Glomeruläre Filtrationsrate (geschätzt)"), ["ByWiderCode"]),
        (concept(text="eGFR"), ["ByText"]),
    ],
)
def test_estimated_filtration_rates(terminology: Terminology, code: Json, match: list[str] | None) -> None:
    found = only(read_one(terminology, observation(code=code, valueQuantity=quantity(22))))
    assert (found["observable"], found["value"], found.get("codeMatch")) == (["egfr"], ["22"], match)


def test_a_wider_code_of_an_observable(terminology: Terminology) -> None:
    fact = only(read_one(terminology, observation(code=concept((LOINC, "1994-3")))))
    assert (fact["observable"], fact["codeMatch"]) == (["ionised-calcium"], ["ByWiderCode"])


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"valueBoolean": True}, "Condition"),
        ({"valueBoolean": False}, "Absence"),
        ({"valueCodeableConcept": concept((YES_OR_NO, "Y"))}, "Condition"),
        ({"valueCodeableConcept": concept((YES_OR_NO, "N"))}, "Absence"),
        ({"valueCodeableConcept": concept((SNOMED, "373066001"), text="Yes (qualifier value)")}, "Condition"),
        ({"valueCodeableConcept": concept((LOINC, "LA32-8"), text="No")}, "Absence"),
        ({"valueString": "absent"}, "Absence"),
        ({"valueBoolean": True, "status": "entered-in-error"}, None),
        ({"valueBoolean": True, "status": "cancelled"}, None),
    ],
)
def test_yes_and_no_to_a_condition(terminology: Terminology, members: Json, kind: str | None) -> None:
    record = read_one(terminology, observation(code=concept(INFARCTION), effectiveDateTime="2024-01-01", **members))
    assert [(f["type"], f["condition"]) for f in facts(record)] == (
        [([kind], ["myocardial-infarction"])] if kind else []
    )
    assert bool(record.not_understood) == (kind is None)


@pytest.mark.parametrize(
    "members",
    [
        {"valueCodeableConcept": concept(("urn:x", "N"))},
        {"valueCodeableConcept": {"text": "perhaps"}},
        {"valueString": "in the letter"},
        {"valueQuantity": {"value": 1}},
        {"interpretation": [concept(("urn:x", "POS"))]},
        {},
    ],
)
def test_neither_yes_nor_no_leaves_a_condition_possible(terminology: Terminology, members: Json) -> None:
    record = read_one(terminology, observation(code=concept(INFARCTION), effectiveDateTime="2024-01-01", **members))
    fact = only(record)
    assert (fact["type"], fact["condition"]) == (["Condition"], ["myocardial-infarction"])
    assert (fact["verificationStatus"], fact["recorded"]) == (["Unconfirmed"], ["2024-01-01"])
    assert "only possible" in reasons(record)


@pytest.mark.parametrize(
    "members",
    [
        {"valueCodeableConcept": concept(INFARCTION)},
        {"valueCodeableConcept": {"text": "Anterior MI"}},
        {"valueString": "heart attack in May"},
        {"code": {"text": "Ever had a heart attack?"}, "valueBoolean": True},
    ],
)
def test_a_value_that_names_a_condition_makes_it_possible(terminology: Terminology, members: Json) -> None:
    record = read_one(terminology, observation(**{"code": concept((LOINC, "29308-4"))} | members))
    fact = only(record)
    assert (fact["condition"], fact["verificationStatus"]) == (["myocardial-infarction"], ["Unconfirmed"])


def test_the_day_a_condition_was_found_is_not_the_day_it_began(terminology: Terminology) -> None:
    yes = observation(code=concept(INFARCTION), effectiveDateTime="2024-01-01", valueBoolean=True, status="preliminary")
    fact = only(read_one(terminology, yes))
    assert (fact["recorded"], fact["verificationStatus"]) == (["2024-01-01"], ["Provisional"])
    assert not {"onset", "effective"} & fact.keys()
    no = observation(code=concept(INFARCTION), effectiveDateTime="2024-01-01", valueBoolean=False)
    assert only(read_one(terminology, no))["effective"] == ["2024-01-01"]


def test_a_history_asked_for_and_affirmed(terminology: Terminology) -> None:
    asked = observation(code=concept(OLD_INFARCTION), effectiveDateTime="2024-01-01", valueBoolean=True)
    fact = only(read_one(terminology, asked))
    assert (fact["pastHistory"], fact["recorded"]) == (["true"], ["2024-01-01"])


def test_predictions_are_observations_in_per_cent(terminology: Terminology) -> None:
    risk = resource(
        "RiskAssessment",
        occurrenceDateTime="2024-05-01",
        prediction=[
            {"outcome": concept((LOINC, "90265-0")), "probabilityDecimal": 24.5},
            {"outcome": concept((LOINC, "90266-8")), "probabilityDecimal": 0.2},
            {"outcome": {"text": "death"}, "probabilityDecimal": 3},
        ],
    )
    record = read_one(terminology, risk)
    major, hip = facts(record)
    assert (major["type"], major["observable"]) == (["Observation"], ["frax-major-osteoporotic"])
    assert (major["value"], major["unit"], major["effective"]) == (["24.5"], ["percent"], ["2024-05-01"])
    assert (hip["observable"], hip["value"]) == (["frax-hip"], ["0.2"])
    assert [remark.path.partition("prediction")[2] for remark in record.not_understood] == [
        "[1].probabilityDecimal",
        "[2].outcome",
    ]


def test_a_probability_beyond_certainty_is_a_fault(terminology: Terminology) -> None:
    risk = resource("RiskAssessment", prediction=[{"outcome": concept((LOINC, "90265-0")), "probabilityDecimal": 101}])
    record = read_one(terminology, risk)
    assert "value" not in only(record)
    assert [f.path for f in record.faults] == ["Bundle.entry[1].resource.prediction[0].probabilityDecimal"]

"""MedicationRequest, -Statement, -Administration and -Dispense to the patient vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .fhir_data import ATC, DENOSUMAB, RXNORM, SNOMED, Json, concept, only, read_one, reasons, resource

if TYPE_CHECKING:
    from kg_service.patients.terminology import Terminology

ALENDRONATE_PRODUCT = (RXNORM, "904430")


def request(**members: object) -> Json:
    return resource("MedicationRequest", **{"medicationCodeableConcept": concept(DENOSUMAB)} | members)


def treatment(kind: str, **members: object) -> Json:
    return resource(kind, medicationCodeableConcept=concept(DENOSUMAB), **members)


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        ("active", "Ongoing"), ("completed", "Done"), ("stopped", "Stopped"), ("on-hold", "OnHold"),
        ("cancelled", "Cancelled"), ("draft", "Planned"), ("unknown", "UnknownStatus"),
        ("entered-in-error", "EnteredInError"), (None, "UnknownStatus"), ("ordered", "UnknownStatus"),
    ],
)  # fmt: skip
def test_every_status_of_an_order(terminology: Terminology, status: str | None, read_as: str) -> None:
    record = read_one(terminology, request(status=status))
    assert (only(record)["type"], only(record)["status"]) == (["Order"], [read_as])
    assert bool(record.not_understood) == (status in {None, "ordered"})


def test_the_planned_end_of_a_stopped_order_is_not_its_end(terminology: Terminology) -> None:
    planned = {"dispenseRequest": {"validityPeriod": {"start": "2025-01-01", "end": "2025-12-31"}}}
    assert only(read_one(terminology, request(status="completed", **planned)))["end"] == ["2025-12-31"]
    stopped = read_one(terminology, request(status="stopped", **planned))
    assert "end" not in only(stopped)
    assert [remark.path for remark in stopped.not_understood] == ["Bundle.entry[1].resource.status"]


@pytest.mark.parametrize(
    ("members", "read_as"),
    [
        ({"intent": "order"}, "Ongoing"),
        ({"intent": "original-order"}, "Ongoing"),
        ({"intent": "reflex-order"}, "Ongoing"),
        ({"intent": "filler-order"}, "Ongoing"),
        ({"intent": "instance-order"}, "Ongoing"),
        ({"intent": "proposal"}, "Planned"),
        ({"intent": "plan"}, "Planned"),
        ({"intent": "plan", "reportedBoolean": False}, "Planned"),
        ({"intent": "plan", "reportedBoolean": True}, "UnknownStatus"),  # as US Core has it of what patients take
        ({"intent": "plan", "reportedReference": {"reference": "Patient/1"}}, "UnknownStatus"),
        ({"intent": "order", "reportedBoolean": True}, "Ongoing"),
        ({"intent": "option"}, "Planned"),
        ({"intent": None}, "UnknownStatus"),
        ({"doNotPerform": True}, "NotDone"),
        ({"doNotPerform": False}, "Ongoing"),
        ({"intent": "plan", "status": "entered-in-error"}, "EnteredInError"),
        ({"doNotPerform": True, "status": "cancelled"}, "Cancelled"),
    ],
)
def test_what_is_only_planned_or_forbidden_is_no_order(terminology: Terminology, members: Json, read_as: str) -> None:
    assert only(read_one(terminology, request(**members)))["status"] == [read_as]


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        ("active", "Ongoing"), ("completed", "Done"), ("stopped", "Stopped"), ("intended", "Planned"),
        ("not-taken", "NotDone"), ("on-hold", "OnHold"), ("unknown", "UnknownStatus"),
        ("entered-in-error", "EnteredInError"),
    ],
)  # fmt: skip
def test_every_status_of_a_statement(terminology: Terminology, status: str, read_as: str) -> None:
    fact = only(read_one(terminology, treatment("MedicationStatement", status=status)))
    assert (fact["type"], fact["status"]) == (["Use"], [read_as])


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        ("completed", "Done"), ("in-progress", "Ongoing"), ("stopped", "Stopped"), ("on-hold", "OnHold"),
        ("not-done", "NotDone"), ("unknown", "UnknownStatus"), ("entered-in-error", "EnteredInError"),
    ],
)  # fmt: skip
def test_every_status_of_an_administration(terminology: Terminology, status: str, read_as: str) -> None:
    fact = only(read_one(terminology, treatment("MedicationAdministration", status=status)))
    assert (fact["type"], fact["status"]) == (["Administration"], [read_as])


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        *(
            (status, "UnknownStatus")
            for status in ("completed", "in-progress", "preparation", "on-hold", "stopped", "unknown")
        ),
        ("cancelled", "Cancelled"),
        ("declined", "Cancelled"),
        ("entered-in-error", "EnteredInError"),
    ],
)
def test_handed_over_is_not_taken(terminology: Terminology, status: str, read_as: str) -> None:
    fact = only(read_one(terminology, treatment("MedicationDispense", status=status, whenHandedOver="2024-02-01")))
    assert (fact["type"], fact["status"], fact["start"]) == (["Use"], [read_as], ["2024-02-01"])


@pytest.mark.parametrize(
    ("medication", "agents", "match", "is_unreadable"),
    [
        (concept(DENOSUMAB), ["denosumab"], None, False),
        (concept(ALENDRONATE_PRODUCT), ["alendronate"], None, False),
        (concept((ATC, "A12AX")), ["calcium", "vitamin-d"], None, False),
        (concept((SNOMED, "1"), DENOSUMAB), ["denosumab"], None, False),
        (concept((ATC, "M05BA"), (ATC, "M05BA04")), ["alendronate"], None, False),
        (concept((ATC, "H05AA")), ["abaloparatide", "teriparatide"], "ByWiderCode", False),
        (concept((ATC, "M05BX")), ["denosumab", "romosozumab"], "ByWiderCode", False),
        (concept((RXNORM, "1"), text="Alendronic acid 70 MG Oral Tablet"), ["alendronate"], "ByText", False),
        (concept((ATC, "M05BB03")), ["alendronate", "colecalciferol"], None, False),
        (concept(("http://fhir.de/CodeSystem/bfarm/atc", "M05BX04")), ["denosumab"], None, False),
        (
            concept((RXNORM, "1"), text="denosumab-bbdz 60 MG/ML Prefilled Syringe [Jubbonti]"),
            ["denosumab"],
            "ByText",
            False,
        ),
        (concept((SNOMED, "1"), text="Aclasta"), ["zoledronate"], "ByText", False),
        (concept((SNOMED, "1"), text="Xgeva"), ["denosumab"], "ByWiderCode", False),  # another strength and use
        ({"text": "Alendronsäure und Colecalciferol"}, ["alendronate", "colecalciferol"], "ByWiderCode", False),
        ({"text": "Alendronsäure / Colecalciferol"}, ["alendronate", "colecalciferol"], "ByWiderCode", False),
        ({"text": "Calcium folinate 15 mg tablets"}, ["calcium"], "ByWiderCode", False),
        ({"text": "calcium lactate / cholecalciferol"}, ["calcium", "colecalciferol"], "ByWiderCode", False),
        ({"text": "calcium carbonate 1250 mg, as of calcium 500 mg"}, ["calcium-carbonate"], "ByText", False),
        ({"text": "rosuvastatin calcium 10 MG"}, ["calcium"], "ByWiderCode", False),
        ({"text": "not denosumab"}, ["denosumab"], "ByWiderCode", False),
        (concept((RXNORM, "316672"), text="Simvastatin 10 MG"), None, None, False),
        (concept((RXNORM, "316672")), None, None, True),
        ({}, None, None, True),
        (None, None, None, True),
    ],
)
def test_agents(
    terminology: Terminology,
    medication: Json | None,
    agents: list[str] | None,
    match: str | None,
    is_unreadable: bool,  # noqa: FBT001
) -> None:
    record = read_one(terminology, request(medicationCodeableConcept=medication))
    fact = only(record)
    assert (fact.get("agent"), fact.get("codeMatch")) == (agents, [match] if match else None)
    assert fact.get("unreadable") == (None if agents else ["true" if is_unreadable else "false"])
    is_proven = agents is not None and match is None
    assert bool(record.not_understood) != is_proven


@pytest.mark.parametrize(
    ("members", "start", "end"),
    [
        ({}, "2024-01-01", None),
        (
            {"dispenseRequest": {"validityPeriod": {"start": "2024-02-01", "end": "2024-08-01"}}},
            "2024-02-01",
            "2024-08-01",
        ),
        (
            {"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"start": "2024-03", "end": "2025-03"}}}}]},
            "2024-03",
            "2025-03",
        ),
    ],
)
def test_days_of_an_order(terminology: Terminology, members: Json, start: str, end: str | None) -> None:
    fact = only(read_one(terminology, request(authoredOn="2024-01-01T12:00:00Z", **members)))
    assert (fact["recorded"], fact["start"], fact.get("end")) == (["2024-01-01"], [start], [end] if end else None)


@pytest.mark.parametrize("kind", ["MedicationStatement", "MedicationAdministration"])
@pytest.mark.parametrize(
    ("members", "start", "end"),
    [
        ({"effectiveDateTime": "2024-01"}, ["2024-01"], None),
        ({"effectivePeriod": {"start": "2023", "end": "2024-01-31"}}, ["2023"], ["2024-01-31"]),
        ({}, None, None),
    ],
)
def test_days_of_use_and_administration(
    terminology: Terminology, kind: str, members: Json, start: list[str] | None, end: list[str] | None
) -> None:
    fact = only(read_one(terminology, treatment(kind, **members)))
    assert (fact.get("start"), fact.get("end")) == (start, end)


def test_a_statement_says_when_it_was_made(terminology: Terminology) -> None:
    stated = treatment("MedicationStatement", dateAsserted="2024-05-05")
    assert only(read_one(terminology, stated))["recorded"] == ["2024-05-05"]


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("MedicationRequest", "dosageInstruction"), ("MedicationStatement", "dosage"),
        ("MedicationDispense", "dosageInstruction"),
    ],
)  # fmt: skip
def test_dosage(terminology: Terminology, kind: str, member: str) -> None:
    dosage = {
        "route": concept((SNOMED, "34206005"), text="Subcutaneous route"),
        "doseAndRate": [{"doseQuantity": {"value": 60, "unit": "mg", "code": "mg"}}],
        "timing": {"repeat": {"frequency": 1, "period": 6, "periodUnit": "mo"}},
    }
    record = read_one(terminology, treatment(kind, **{member: [dosage]}))
    assert {
        "dose": ["60"], "unit": ["mg"], "route": ["subcutaneous"], "every": ["6"], "everyUnit": ["mo"],
    }.items() <= only(record).items()  # fmt: skip
    assert record.not_understood == ()


def test_dosage_of_an_administration(terminology: Terminology) -> None:
    given = treatment("MedicationAdministration", dosage={"dose": {"value": 0.5, "unit": "g"}, "route": {"text": "IV"}})
    assert {"dose": ["0.5"], "unit": ["g"], "route": ["intravenous"]}.items() <= only(
        read_one(terminology, given)
    ).items()


@pytest.mark.parametrize(
    ("repeat", "every", "unit"),
    [
        ({"frequency": 1, "period": 1, "periodUnit": "wk"}, "1", "wk"),
        ({"frequency": 2, "period": 1, "periodUnit": "d"}, "0.5", "d"),
        ({"frequency": 3, "period": 1, "periodUnit": "d"}, "0.333333", "d"),
        ({"period": 12, "periodUnit": "mo"}, "12", "mo"),
        ({"period": 1, "periodUnit": "a"}, "1", "a"),
        ({"period": 4, "periodUnit": "h"}, "4", "h"),
        ({"period": 4, "periodMax": 6, "periodUnit": "h"}, None, None),
        ({"frequency": 1}, None, None),
        ({"period": 1, "periodUnit": "moon"}, None, None),
        # what has no end in decimals is told in the smaller unit
        ({"frequency": 7, "period": 1, "periodUnit": "wk"}, "1", "d"),
        ({"frequency": 12, "period": 1, "periodUnit": "a"}, "1", "mo"),
        # days of the week: alone, as a filter of what is daily, or beside a period that says the same
        ({"dayOfWeek": ["mon"]}, "1", "wk"),
        ({"dayOfWeek": ["mon", "thu"]}, "0.5", "wk"),
        ({"frequency": 1, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon"]}, "1", "wk"),
        ({"frequency": 2, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon"]}, "0.5", "wk"),
        ({"dayOfWeek": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}, "1", "d"),
        ({"frequency": 1, "period": 1, "periodUnit": "wk", "dayOfWeek": ["mon"]}, "1", "wk"),
        ({"frequency": 1, "period": 1, "periodUnit": "mo", "dayOfWeek": ["mon"]}, "1", "mo"),
        ({"frequency": 1, "period": 1, "periodUnit": "wk", "dayOfWeek": ["mon", "thu"]}, None, None),
        ({"frequency": 1, "period": 2, "periodUnit": "d", "dayOfWeek": ["mon"]}, None, None),
        ({"frequency": 1, "period": 7, "periodUnit": "d", "dayOfWeek": ["mon"]}, "1", "wk"),
        (
            {"frequency": 1, "period": 1, "periodUnit": "wk", "when": ["WAKE", "ACM"]},
            "1",
            "wk",
        ),  # one moment, told twice
        # hours and events of a day
        ({"timeOfDay": ["08:00:00", "20:00:00"]}, "0.5", "d"),
        ({"period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00", "20:00:00"]}, "0.5", "d"),
        ({"timeOfDay": ["08:00:00"], "dayOfWeek": ["mon"]}, "1", "wk"),
        ({"frequency": 1, "period": 1, "periodUnit": "wk", "timeOfDay": ["08:00:00"]}, "1", "wk"),
        ({"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00", "20:00:00"]}, None, None),
        ({"period": 1, "periodUnit": "wk", "timeOfDay": ["08:00:00", "20:00:00"]}, None, None),
        ({"period": 1, "periodUnit": "d", "when": ["MORN"]}, "1", "d"),
        ({"period": 1, "periodUnit": "d", "when": ["MORN", "EVE"]}, "0.5", "d"),
        ({"frequency": 1, "period": 1, "periodUnit": "d", "when": ["MORN", "EVE"]}, None, None),
        ({"frequency": 2, "period": 1, "periodUnit": "d", "when": ["C"]}, "0.5", "d"),
        ({"period": 1, "periodUnit": "d", "when": ["C"]}, None, None),  # how many meals?
    ],
)
def test_interval(terminology: Terminology, repeat: Json, every: str | None, unit: str | None) -> None:
    fact = only(read_one(terminology, request(dosageInstruction=[{"timing": {"repeat": repeat}}])))
    assert fact.get("every") == ([every] if every else None)
    assert fact.get("everyUnit") == ([unit] if unit else None)


@pytest.mark.parametrize(
    "repeat", [{"period": 0, "periodUnit": "d"}, {"period": 1, "frequency": -1, "periodUnit": "d"}]
)
def test_an_impossible_interval_is_a_fault(terminology: Terminology, repeat: Json) -> None:
    record = read_one(terminology, request(dosageInstruction=[{"timing": {"repeat": repeat}}]))
    assert [f.path for f in record.faults] == ["Bundle.entry[1].resource.dosageInstruction[0].timing.repeat.period"]


def test_the_dose_that_is_ordered_counts_beside_one_that_is_worked_out(terminology: Terminology) -> None:
    kind = "http://terminology.hl7.org/CodeSystem/dose-rate-type"
    amounts = [
        {"type": concept((kind, name)), "doseQuantity": {"value": number, "unit": unit}}
        for name, number, unit in (("calculated", 1, "tablet"), ("ordered", 70, "mg"))
    ]
    found = only(read_one(terminology, request(dosageInstruction=[{"doseAndRate": amounts}])))
    assert (found["dose"], found["unit"]) == (["70"], ["mg"])


def test_a_dose_that_changes_is_no_one_dose(terminology: Terminology) -> None:
    dosages = [{"doseAndRate": [{"doseQuantity": {"value": n, "unit": "mg"}}]} for n in (35, 70)]
    record = read_one(terminology, request(dosageInstruction=dosages))
    assert "dose" not in only(record)
    assert "no one dose" in reasons(record)


@pytest.mark.parametrize(
    ("further", "dose"),
    [
        ({"doseQuantity": {"value": 70.0, "unit": "mg"}}, ["70"]),
        ({"rateQuantity": {"value": 1, "unit": "mL/h"}}, ["70"]),
        ({"doseQuantity": {"value": 140, "unit": "mg"}}, None),
        ({"doseRange": {"low": {"value": 35, "unit": "mg"}}}, None),
    ],
)
def test_several_amounts_are_one_dose_only_where_they_agree(
    terminology: Terminology, further: Json, dose: list[str] | None
) -> None:
    """R4 gives the dose as ordered and as calculated in two of them."""
    dosage = {"doseAndRate": [{"doseQuantity": {"value": 70, "unit": "mg"}}, further]}
    record = read_one(terminology, request(dosageInstruction=[dosage]))
    assert only(record).get("dose") == dose
    assert ("no one dose" in reasons(record)) == (dose is None)


def test_a_dose_in_tablets_has_no_unit_and_says_so(terminology: Terminology) -> None:
    dosage = {"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}]}
    record = read_one(terminology, request(dosageInstruction=[dosage]))
    assert (only(record)["dose"], "unit" in only(record)) == (["1"], False)
    assert "The unit tablet is not known here" in reasons(record)

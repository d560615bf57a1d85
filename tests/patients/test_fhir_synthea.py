"""The sample patients of the wild (Synthea), which were not made for this project."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kg_service.patients.fhir import read_bytes

from .fhir_data import facts, person, reasons

if TYPE_CHECKING:
    from kg_service.patients.record import PatientRecord
    from kg_service.patients.terminology import Terminology

FOLDER = Path(__file__).parents[3] / "shared" / "patients"
FILES = sorted(FOLDER.glob("*.json"))

pytestmark = pytest.mark.skipif(not FILES, reason=f"the sample patients are not in {FOLDER}")


def read(terminology: Terminology, name: str) -> PatientRecord:
    (record,) = read_bytes((FOLDER / name).read_bytes(), terminology)
    return record


def read_of(record: PatientRecord) -> list[dict[str, list[str]]]:
    """What is said of resources themselves, not of reasons and values that make a condition possible."""
    return [fact for fact in facts(record) if fact.get("verificationStatus") != ["Unconfirmed"]]


def resources(path: Path, kind: str) -> list[dict[str, Any]]:
    entries = json.loads(path.read_text(encoding="utf-8"))["entry"]
    return [entry["resource"] for entry in entries if entry["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_bundle_has_the_conditions_orders_and_scores_that_it_has(terminology: Terminology, path: Path) -> None:
    record = read(terminology, path.name)
    found = Counter(kind for kind, _ in {(fact["type"][0], fact["resourceId"][0]) for fact in read_of(record)})
    assert record.faults == ()
    assert found["Condition"] == len(resources(path, "Condition"))
    assert found["Order"] == len(resources(path, "MedicationRequest"))
    assert found["Allergy"] == len(resources(path, "AllergyIntolerance"))
    scores = [
        f"{observation['valueQuantity']['value']}"
        for observation in resources(path, "Observation")
        if observation["code"]["coding"][0]["code"] == "38265-5"
    ]
    read_scores = [fact["value"][0] for fact in facts(record) if fact.get("observable") == ["t-score-forearm"]]
    assert read_scores == scores


@pytest.mark.skipif(not (FOLDER / "synthea-07.json").exists(), reason="this sample patient is not there")
def test_one_bundle_as_read_by_hand(terminology: Terminology) -> None:
    record = read(terminology, "synthea-07.json")
    assert person(record)["sex"] == "Female"
    by_type = Counter(fact["type"][0] for fact in read_of(record))
    assert by_type == {"Condition": 10, "Order": 5, "Observation": 6}
    conditions = [(f["condition"], f["onset"]) for f in read_of(record) if "condition" in f]
    assert (["osteoporosis"], ["1994-06-27"]) in conditions
    assert not [f for f in facts(record) if f.get("agent")]  # naproxen, acetaminophen, metoprolol, furosemide twice
    measured = [
        (f["observable"][0], f["value"][0][:5], f["unit"][0], "codeMatch" in f)
        for f in facts(record)
        if f["type"] == ["Observation"]
    ]
    assert measured == [
        ("t-score-forearm", "-0.29", "t-score", False),
        ("t-score-forearm", "-3.47", "t-score", False),
        ("serum-calcium", "9.578", "mg-per-dL", True),  # LOINC 49765-1, "Calcium": perhaps that of serum
        ("serum-calcium", "9.044", "mg-per-dL", True),
        ("egfr", "20.81", "mL-per-min", False),
        ("serum-calcium", "9.044", "mg-per-dL", True),
    ]


def test_alendronate_of_a_product_code_not_known_is_found_by_its_words(terminology: Terminology) -> None:
    """RxNorm 904419, Alendronic acid 10 MG Oral Tablet, stands in six of the bundles."""
    orders = [
        fact
        for path in FILES
        for fact in facts(read(terminology, path.name))
        if fact["type"] == ["Order"] and fact.get("agent") == ["alendronate"]
    ]
    assert orders
    assert all(fact.get("codeMatch", ["ByText"]) == ["ByText"] for fact in orders)


def test_what_is_not_read_is_told_once_a_type(terminology: Terminology) -> None:
    record = read(terminology, FILES[0].name)
    assert sum("Claim is not read" in line for line in reasons(record).splitlines()) == 1

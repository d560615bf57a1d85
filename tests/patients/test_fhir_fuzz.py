"""Whatever the JSON holds: patient records or an error of the package, never another exception, never a quotation."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, parse, serialize

from kg_service.errors import KgServiceError
from kg_service.knowledge.namespaces import OWL, PATIENT, RDF, RDFS, TYPE
from kg_service.patients.fhir import read_bytes, read_resource
from kg_service.patients.fhir.reading import READERS

from .fhir_data import (
    DENOSUMAB,
    ICD,
    INFARCTION,
    LOINC,
    OLD_INFARCTION,
    OSTEOPOROSIS,
    T_SCORE,
    Json,
    bundle,
    concept,
    patient,
    resource,
)

if TYPE_CHECKING:
    from kg_service import KnowledgeGraph
    from kg_service.patients.record import PatientRecord
    from kg_service.patients.terminology import Terminology

TYPES = [*READERS, "Patient", "Bundle", "Medication", "Encounter", "OperationOutcome", "MedicationUsage"]
MEMBERS = [
    "resourceType", "id", "entry", "resource", "fullUrl", "type", "subject", "patient", "reference", "identifier",
    "system", "value", "code", "coding", "text", "display", "status", "intent", "clinicalStatus",
    "verificationStatus", "onsetDateTime", "onsetAge", "onsetPeriod", "start", "end", "abatementString",
    "birthDate", "gender", "extension", "valueQuantity", "unit", "component", "referenceRange", "low",
    "interpretation", "prediction", "outcome", "probabilityDecimal", "meta", "versionId", "lastUpdated",
    "medicationCodeableConcept", "medicationReference", "contained", "ingredient", "dosageInstruction",
    "doseAndRate", "doseQuantity", "timing", "repeat", "period", "periodUnit", "profile", "condition",
]  # fmt: skip
WORDS = [
    "Patient/1",
    "#m",
    "2024-01-01",
    "9999",
    "active",
    "final",
    "osteoporosis",
    "mg",
    "\ud800",
    "\0",
    "a",
    "no",
    "",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=8),
    st.sampled_from([*WORDS, *TYPES]),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=30,
)
RESOURCES = st.builds(
    lambda kind, members: members | {"resourceType": kind},
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=8),
)
MANY = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])

FULL = bundle(
    patient(
        deceasedDateTime="2030", extension=[{"url": "x", "valueCode": "F"}], identifier=[{"system": "a", "value": "b"}]
    ),
    resource(
        "Condition",
        code=concept(OSTEOPOROSIS, text="osteoporosis"),
        clinicalStatus=concept(("urn:x", "active")),
        verificationStatus=concept(("urn:x", "confirmed")),
        onsetPeriod={"start": "2020", "end": "2021-02"},
        abatementAge={"value": 72, "unit": "years", "code": "a"},
        recordedDate="2020-01-01T00:00:00Z",
        meta={"versionId": "1", "lastUpdated": "2020-01-01T00:00:00Z", "profile": ["http://example.org"]},
    ),
    resource(
        "Condition", id="8", code=concept(OLD_INFARCTION, (ICD, "M81.0")), onsetRange={"low": {"value": 1, "code": "a"}}
    ),
    resource("FamilyMemberHistory", condition=[{"code": concept(INFARCTION)}], date="2020"),
    resource(
        "AllergyIntolerance", code=concept(DENOSUMAB), reaction=[{"substance": {"text": "nuts"}}], onsetString="x"
    ),
    resource(
        "Observation",
        code=concept(T_SCORE),
        effectivePeriod={"start": "2020", "end": "2021"},
        issued="2021-01-01T00:00:00Z",
        valueQuantity={"value": -2.5, "unit": "{T-score}", "code": "{T-score}", "system": "http://unitsofmeasure.org"},
        referenceRange=[{"low": {"value": -1, "unit": "{T-score}"}, "type": concept(("urn:x", "normal"))}],
        interpretation=[concept(("urn:x", "L"))],
        component=[{"code": concept(INFARCTION), "valueCodeableConcept": {"text": "yes"}}],
    ),
    resource("RiskAssessment", prediction=[{"outcome": concept((LOINC, "90265-0")), "probabilityDecimal": 20}]),
    resource("Procedure", code=concept((ICD, "Z99.2")), performedPeriod={"start": "2020"}),
    resource(
        "MedicationRequest",
        contained=[
            {
                "resourceType": "Medication",
                "id": "m",
                "code": concept(DENOSUMAB),
                "ingredient": [{"itemReference": {"reference": "#m"}, "isActive": True}],
            }
        ],
        medicationReference={"reference": "#m", "display": "Prolia"},
        authoredOn="2024-01-01",
        dispenseRequest={"validityPeriod": {"start": "2024", "end": "2025"}},
        dosageInstruction=[
            {
                "route": {"text": "subcutaneous"},
                "doseAndRate": [{"doseQuantity": {"value": 60, "unit": "mg"}}],
                "timing": {
                    "repeat": {"period": 6, "periodUnit": "mo", "frequency": 1, "boundsPeriod": {"start": "2024"}}
                },
            }
        ],
    ),
    resource(
        "MedicationStatement", medicationCodeableConcept={"text": "calcium"}, effectiveDateTime="2024", dosage=[{}]
    ),
    resource("MedicationAdministration", medicationCodeableConcept=concept(DENOSUMAB), dosage={"dose": {"value": 60}}),
    resource("MedicationDispense", medicationCodeableConcept=concept(DENOSUMAB), whenHandedOver="2024"),
    resource("Claim"),
)


def check(records: list[PatientRecord]) -> None:
    """Every record can be written as RDF, and remarks have a place and a sentence."""
    assert records
    for record in records:
        assert record.triples
        written = serialize(record.triples, format=RdfFormat.N_TRIPLES)
        assert len(list(parse(written, format=RdfFormat.N_TRIPLES))) == len(record.triples)
        for note in (*record.not_understood, *record.faults):
            assert note.path
            assert note.reason.endswith(".")


def read(value: object, terminology: Terminology) -> None:
    try:
        records = read_resource(value, terminology)
    except KgServiceError as error:
        assert str(error)  # noqa: PT017 - most values raise, some do not
    else:
        check(records)


@given(value=VALUES)
@MANY
def test_any_json_value(terminology: Terminology, value: object) -> None:
    read(value, terminology)


@given(value=RESOURCES)
@MANY
def test_any_resource(terminology: Terminology, value: Json) -> None:
    read(value, terminology)


@given(values=st.lists(RESOURCES, max_size=6))
@MANY
def test_any_bundle(terminology: Terminology, values: list[Json]) -> None:
    read(bundle(patient(), *values), terminology)


@given(data=st.binary(max_size=40) | VALUES.map(lambda value: json.dumps(value, default=str).encode()))
@MANY
def test_any_bytes(terminology: Terminology, data: bytes) -> None:
    try:
        check(read_bytes(data, terminology))
    except KgServiceError as error:
        assert str(error)  # noqa: PT017 - most bytes raise, some do not


def places(value: object) -> list[tuple[Any, Any]]:
    """All containers and keys of a JSON value."""
    found: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        container = todo.pop()
        keys = (
            container if isinstance(container, dict) else range(len(container)) if isinstance(container, list) else ()
        )
        for key in keys:
            found.append((container, key))
            todo.append(container[key])
    return found


@given(data=st.data())
@settings(max_examples=1500, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_mutations_of_a_valid_bundle(terminology: Terminology, data: st.DataObject) -> None:
    mutated = copy.deepcopy(FULL)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(mutated)))
        container[key] = data.draw(VALUES)
    read(mutated, terminology)


@given(cut=st.integers(1, len(json.dumps(FULL)) - 1))
@MANY
def test_a_bundle_cut_off(terminology: Terminology, cut: int) -> None:
    try:
        read_bytes(json.dumps(FULL).encode()[:cut], terminology)
    except KgServiceError as error:
        assert "ends in the middle" in str(error)  # noqa: PT017 - nothing to match against when it does not raise
    else:
        raise AssertionError(cut)


def test_the_whole_bundle_is_read_without_fault(terminology: Terminology) -> None:
    (record,) = read_resource(FULL, terminology)
    check([record])
    assert record.faults == ()


def test_only_declared_terms_are_written(terminology: Terminology, guideline: KnowledgeGraph) -> None:
    """A misspelt term would otherwise be a new one; what is worked out is not for a reader to write."""
    declared = {q.subject for q in guideline.store.quads_for_pattern(None, TYPE, None)}
    (record,) = read_resource(FULL, terminology)
    terms = {t.predicate for t in record.triples} | {t.object for t in record.triples}
    own = {term for term in terms if isinstance(term, NamedNode) and term.value.startswith(PATIENT)}
    assert len(own) > 30
    assert own <= declared


def test_literals_are_of_the_declared_range(terminology: Terminology, guideline: KnowledgeGraph) -> None:
    (record,) = read_resource(FULL, terminology)
    for triple in record.triples:
        ranges = {
            q.object for q in guideline.store.quads_for_pattern(triple.predicate, NamedNode(RDFS + "range"), None)
        }
        datatypes = {r for r in ranges if "XMLSchema" in r.value}
        if isinstance(triple.object, Literal) and datatypes:
            assert triple.object.datatype in datatypes, triple
        is_object = NamedNode(OWL + "ObjectProperty") in {
            q.object for q in guideline.store.quads_for_pattern(triple.predicate, NamedNode(RDF + "type"), None)
        }
        assert isinstance(triple.object, NamedNode) or not is_object


def test_nothing_of_the_patient_is_quoted(terminology: Terminology) -> None:
    """Not in remarks, faults or errors: only codes, systems, units and types may be named there."""
    secret = "Smith4711"  # noqa: S105 - no password
    allowed = {"system", "code", "unit", "resourceType"}
    for container, key in places(FULL):
        if key in allowed or not isinstance(container[key], str | int | float):
            continue
        mutated = copy.deepcopy(FULL)
        for other, name in places(mutated):
            if name == key and not isinstance(other[name], dict | list):
                other[name] = secret
        try:
            (record, *_) = read_resource(mutated, terminology)
        except KgServiceError as error:
            assert secret not in str(error)  # noqa: PT017 - most mutations do not raise
        else:
            assert secret not in str((record.not_understood, record.faults))

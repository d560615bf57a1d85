"""Records as RDF: what is read, what is told of as not understood, and what is a fault."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_service.errors import KgServiceError, MalformedRecord, WrongRecord
from kg_service.patients.rdf import FORMATS, read_rdf, write_rdf

if TYPE_CHECKING:
    from kg_service import Guideline

HEAD = """
@prefix patient: <https://w3id.org/guideline-kg/patient/> .
@prefix concept: <https://w3id.org/guideline-kg/concept/> .
@prefix unit: <https://w3id.org/guideline-kg/unit/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix ex: <https://example.org/> .
"""
PATIENT = "ex:p a patient:Patient ; patient:sex patient:Female .\n"


def read(graph: Guideline, body: str) -> tuple[set[str], list[tuple[str, str]], list[tuple[str, str]]]:
    """Return facts, remarks and faults of the one patient in a Turtle document."""
    (record,) = read_rdf((HEAD + body).encode(), "text/turtle", graph)
    short = "https://example.org/"
    rdf_type = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    return (
        {str(triple) for triple in record.triples},
        [
            (remark.path.replace(short, "ex:").replace(rdf_type, "rdf:type"), remark.reason)
            for remark in record.not_understood
        ],
        [(fault.path.replace(short, "ex:"), fault.reason) for fault in record.faults],
    )


def test_a_record_is_taken_as_it_stands(guideline: Guideline) -> None:
    facts, remarks, faults = read(
        guideline,
        PATIENT
        + "ex:c a patient:Condition ; patient:subject ex:p ; patient:condition concept:stroke ; "
        + 'patient:onset "2024-05"^^xsd:gYearMonth .',
    )
    assert (remarks, faults) == ([], [])
    # 2 of the patient and 4 of the condition are written, and each gets its place in the input
    assert len(facts) == 8


@pytest.mark.parametrize(
    ("body", "path", "told"),
    [
        (PATIENT + "ex:p ex:mood 3 .", "ex:p ex:mood", "not in the patient vocabulary"),
        (PATIENT + "ex:x patient:condition concept:stroke .", "ex:x", "no patient, so it is not used"),
        (PATIENT + "ex:x a patient:Condition ; patient:condition concept:stroke .", "ex:x", "it is only possible"),
        (PATIENT + "ex:x a ex:Thing ; patient:subject ex:p .", "ex:x rdf:type", "A class"),
        ("ex:x a patient:Condition ; patient:subject ex:q ; patient:unreadable true .", "ex:q", "not described"),
    ],
    ids=["property", "stray", "stray-record", "class", "person"],
)
def test_what_is_not_understood_is_told(guideline: Guideline, body: str, path: str, told: str) -> None:
    _, remarks, faults = read(guideline, body)
    assert faults == []
    ((place, reason),) = remarks
    assert place == path
    assert told in reason


def test_a_record_of_nobody_is_possible_in_all(guideline: Guideline) -> None:
    text = (
        HEAD
        + "ex:p a patient:Patient . ex:q a patient:Patient . "
        + ("ex:x a patient:Condition ; patient:condition concept:stroke ; patient:codeMatch patient:ByText .")
    )
    for record in read_rdf(text.encode(), "text/turtle", guideline):
        said = {(t.predicate.value.rpartition("/")[2], t.object.value.rpartition("/")[2]) for t in record.triples}
        assert {("subject", record.patient.value.rpartition("/")[2]), ("codeMatch", "ByWiderCode")} <= said
        assert ("codeMatch", "ByText") not in said
        assert ("inPassing", "true") in said  # it lists no conditions of anybody, as in FHIR


@pytest.mark.parametrize(
    ("property_and_value", "told"),
    [
        ("patient:onset 2024", "no date"),
        ('patient:onset "2024-02-30"^^xsd:date', "no date"),
        ('patient:onset "2024-02-30T10:00:00Z"^^xsd:dateTime', "no date"),
        ("patient:condition concept:strok", "concept:stroke"),
        ("patient:condition concept:denosumab", "no condition"),
        ('patient:condition "stroke"', "no condition"),
        ("patient:clinicalStatus patient:Activ", "patient:Active"),
        ("patient:certainty patient:Certain", "worked out"),
        ("patient:shows concept:stroke", "worked out"),
        ("patient:earliest 1", "worked out"),
        ('patient:pastHistory "perhaps"^^xsd:boolean', "boolean"),
        ('patient:value "NaN"^^xsd:double', "decimal"),
        ('patient:value "12"', "decimal"),
    ],
)
def test_what_is_of_the_wrong_form_is_a_fault(guideline: Guideline, property_and_value: str, told: str) -> None:
    _, remarks, faults = read(
        guideline, PATIENT + f"ex:x a patient:Condition ; patient:subject ex:p ; {property_and_value} ."
    )
    assert remarks == []
    ((place, reason),) = faults
    assert place.startswith("ex:x patient:")
    assert told in reason


def test_no_one_can_say_what_only_derivations_may(guideline: Guideline) -> None:
    """A record that calls itself judged on another day, or not counted, must not be believed."""
    worked_out = guideline.sparql(
        "PREFIX patient: <https://w3id.org/guideline-kg/patient/> SELECT ?p WHERE { ?p patient:workedOut true }"
    ).rows
    assert len(worked_out) > 20
    for row in worked_out:
        _, _, faults = read(guideline, PATIENT + f"ex:p <{row['p']}> 1 .")
        assert len(faults) == 1, row


def test_blank_nodes_are_records_too(guideline: Guideline) -> None:
    facts, remarks, faults = read(
        guideline, PATIENT + "[] a patient:Condition ; patient:subject ex:p ; patient:condition concept:stroke ."
    )
    assert (len(facts), remarks, faults) == (7, [], [])


def test_two_patients_are_kept_apart(guideline: Guideline) -> None:
    body = HEAD + PATIENT + PATIENT.replace("ex:p", "ex:q") + "ex:c a patient:Condition ; patient:subject ex:q ."
    first, second = read_rdf(body.encode(), "text/turtle", guideline)
    assert [len(first.triples), len(second.triples)] == [3, 6]


def test_what_is_written_is_read_again(guideline: Guideline) -> None:
    (record,) = read_rdf(
        (HEAD + PATIENT + "ex:c a patient:Order ; patient:subject ex:p .").encode(), "text/turtle", guideline
    )
    for form, media_type in (
        ("turtle", "text/turtle"),
        ("ntriples", "application/n-triples"),
        ("jsonld", "application/ld+json"),
    ):
        text = write_rdf([record], form, guideline.prefixes)
        (again,) = read_rdf(text.encode(), media_type, guideline)
        assert set(again.triples) == set(record.triples)
        assert (again.not_understood, again.faults) == ((), ())


@pytest.mark.parametrize("media_type", FORMATS)
def test_garbage_is_refused_with_a_place(guideline: Guideline, media_type: str) -> None:
    with pytest.raises(MalformedRecord) as caught:
        read_rdf(b"{\n  Zzyzx", media_type, guideline)
    assert caught.value.line >= 1
    assert "Zzyzx" not in str(caught.value)


@pytest.mark.parametrize(
    "document",
    [
        '{"@context": "http://127.0.0.1:9/c", "@id": "urn:x"}',
        '{"@context": ["file:///etc/passwd"], "@id": "urn:x"}',
        '{"@context": {"@import": "c.jsonld"}, "@id": "urn:x"}',
        '{"@context": {"name": {"@id": "urn:n", "@context": "http://127.0.0.1:9/c"}}, "@id": "urn:x"}',
        '[{"@id": "urn:x", "urn:y": {"@context": "http://127.0.0.1:9/c"}}]',
    ],
    ids=["remote", "file", "import", "scoped", "nested"],
)
def test_no_context_is_fetched(guideline: Guideline, document: str) -> None:
    with pytest.raises(WrongRecord, match="none is fetched"):
        read_rdf(document.encode(), "application/ld+json", guideline)


@given(st.binary(max_size=200), st.sampled_from(sorted(FORMATS)))
def test_any_bytes_give_a_record_or_a_clear_error(guideline: Guideline, data: bytes, media_type: str) -> None:
    with contextlib.suppress(KgServiceError):
        assert read_rdf(data, media_type, guideline)

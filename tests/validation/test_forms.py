"""The same patient as FHIR R4, as Turtle and as JSON-LD gets the same verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from as_fhir import Writer
from fhir_codes import NoFhir
from pyoxigraph import RdfFormat, parse, serialize

from kg_service.patients.rdf import read_rdf

from .conftest import Case, library

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg_service import Guideline
    from kg_service.patients.record import PatientRecord
    from kg_service.validation import Validator

LIBRARY = library()
AS_JSON_LD = LIBRARY[::12]
AS_FHIR = LIBRARY[::4]
WRITTEN_AT_LEAST = 100
"""So many of them FHIR can say; the others name a condition without a code, or what FHIR has no place for."""


def outcomes(validator: Validator, records: Iterable[PatientRecord], case: Case) -> dict[str, str]:
    (found,) = validator(records, case.as_of)
    assert not found.faults
    return {v.rule.name: str(v.outcome) for v in found.verdicts if v.outcome != "not-applicable"}


@pytest.fixture(scope="module")
def bundles(guideline: Guideline) -> dict[str, dict[str, object]]:
    """The cases that can be written as FHIR, by name."""
    writer = Writer(guideline)
    written = {}
    for case in AS_FHIR:
        (record,) = case.records(guideline)
        try:
            written[case.name] = writer.bundle(record)
        except NoFhir:
            continue
    return written


def test_enough_cases_can_be_said_in_fhir(bundles: dict[str, dict[str, object]]) -> None:
    assert len(bundles) >= WRITTEN_AT_LEAST


@pytest.mark.parametrize("case", AS_FHIR, ids=lambda case: case.name)
def test_as_fhir(case: Case, bundles: dict[str, dict[str, object]], guideline: Guideline, validator: Validator) -> None:
    if case.name not in bundles:
        return  # counted by the test before
    assert outcomes(validator, guideline.records.from_fhir(bundles[case.name]), case) == case.expect, case.why


@pytest.mark.parametrize("case", AS_JSON_LD, ids=lambda case: case.name)
def test_as_json_ld(case: Case, guideline: Guideline, validator: Validator) -> None:
    triples = [quad.triple for quad in parse(case.document(), format=RdfFormat.TURTLE)]
    document = serialize(triples, format=RdfFormat.JSON_LD)
    assert document is not None
    assert outcomes(validator, read_rdf(document, "application/ld+json", guideline), case) == case.expect

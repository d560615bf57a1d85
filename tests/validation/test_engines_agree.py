"""The compiled engine finds what the reference engine finds: every result, every derived fact, every verdict.

In the suite on a sample of each kind of record; with KG_SERVICE_EVERY_RECORD set on the
whole case library, 2,000 made-up patients and 1,500 random records, which takes half an hour.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people import Population

from kg_service.errors import RecordError
from kg_service.patients.rdf import read_rdf
from kg_service.validation.compiled.facts import Facts
from kg_service.validation.compiled.values import term
from kg_service.validation.reference import StoreCase
from kg_service.validation.validator import COMPILED, REFERENCE, Validator

from .conftest import Case, library
from .records import DAYS, SUBJECT, documents
from .test_second_engine import MALFORMED, comparable

if TYPE_CHECKING:
    import datetime as dt

    from pyoxigraph import Triple

    from kg_service import Guideline, KnowledgeGraph
    from kg_service.knowledge.shacl import Result
    from kg_service.patients.record import PatientRecord
    from kg_service.validation.verdicts import Finding, PatientVerdicts

EVERY = bool(os.environ.get("KG_SERVICE_EVERY_RECORD"))
SHARED = Path(__file__).parents[3] / "shared" / "patients"
LIBRARY = library()
SAMPLE = LIBRARY if EVERY else LIBRARY[::8]


class Said(NamedTuple):
    """What an engine says of a patient: facts recorded and worked out, results, and the verdicts made of them."""

    facts: set[tuple[object, ...]]
    results: set[Result]
    verdicts: list[tuple[object, ...]]
    about: tuple[object, ...]


class Engines:
    """Both engines on one graph."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        """Compile the shapes, and parse them for pySHACL."""
        self._both = [Validator(graph, engine) for engine in (COMPILED, REFERENCE)]
        self._guideline = {_terms(triple) for triple in self._both[0].make_case.background}

    def differ(self, record: PatientRecord, as_of: dt.date) -> str:
        """Return what one engine says and the other does not; empty where they agree."""
        compiled, reference = (self._said(validator, record, as_of) for validator in self._both)
        verdicts = zip(compiled.verdicts, reference.verdicts, strict=False)
        wrong = [
            f"facts: {compiled.facts ^ reference.facts}",
            f"only compiled: {compiled.results - reference.results}",
            f"only reference: {reference.results - compiled.results}",
            f"verdicts: {[pair for pair in verdicts if pair[0] != pair[1]]}",
            f"about: {compiled.about} {reference.about}",
        ]
        return "" if compiled == reference else "\n".join(wrong)

    def _said(self, validator: Validator, record: PatientRecord, as_of: dt.date) -> Said:
        case, results = validator.engine(record, as_of)
        found: PatientVerdicts = validator._judge(())(record, case, results)
        verdicts = [
            (verdict.rule.name, verdict.outcome, verdict.message, *map(_plain, verdict.findings))
            for verdict in found.verdicts
        ]
        about = (found.not_understood, found.faults, found.unread_treatment)
        others = _others(record)
        assert not others or found.faults
        return Said(
            {fact for fact in _facts(case) - self._guideline if fact[0] not in others},
            {result for result in comparable(results) if result.focus not in others},
            verdicts,
            about,
        )


def _others(record: PatientRecord) -> set[str]:
    """Other patients of whom a record says that it is theirs too, which is a fault: pySHACL judges them as well."""
    subjects = {triple.object.value for triple in record.triples if triple.predicate == SUBJECT}
    return subjects - {record.patient.value}


def _facts(case: object) -> set[tuple[object, ...]]:
    if isinstance(case, Facts):
        return {(s, p, o) for p, index in case.objects.items() for s, found in index.items() for o in found}
    assert isinstance(case, StoreCase)
    return {_terms(quad.triple) for quad in case._store}


def _terms(triple: Triple) -> tuple[object, ...]:
    return term(triple.subject), triple.predicate.value, term(triple.object)


def _plain(finding: Finding) -> Finding:
    """A finding, of whose result only the comparable part counts."""
    (result,) = comparable([finding.result])
    return replace(finding, result=result)


@pytest.fixture(scope="module")
def engines(guideline: KnowledgeGraph) -> Engines:
    return Engines(guideline)


@pytest.fixture(scope="module")
def population(guideline: Guideline) -> Population:
    return Population(guideline)


@pytest.mark.parametrize("case", [*SAMPLE, MALFORMED], ids=lambda case: case.name)
def test_on_the_case_library(engines: Engines, guideline: KnowledgeGraph, case: Case) -> None:
    for record in case.records(guideline):
        assert not engines.differ(record, case.as_of)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the sample patients are not in ../shared/patients")
@pytest.mark.parametrize("as_of", [DAYS[0], DAYS[-1]])
def test_on_sample_patients(engines: Engines, guideline: Guideline, as_of: dt.date) -> None:
    for record in guideline.records.from_path(SHARED):
        assert not engines.differ(record, as_of)


@pytest.mark.parametrize("number", range(2_000 if EVERY else 60))
def test_on_made_up_patients(engines: Engines, population: Population, number: int) -> None:
    assert not engines.differ(population.patient(1, number), population.as_of)


@settings(max_examples=1_500 if EVERY else 60, derandomize=not EVERY, suppress_health_check=list(HealthCheck))
@given(documents(), st.sampled_from(DAYS))
def test_on_random_small_records(engines: Engines, guideline: KnowledgeGraph, document: bytes, as_of: dt.date) -> None:
    try:
        records = read_rdf(document, "application/n-triples", guideline)
    except RecordError:
        return
    for record in records:
        assert not engines.differ(record, as_of)

"""The sample population: the same for the same seed, readable in every form, and the same patients in each."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from fhir_names import id_of
from people import Population
from population import FORMS, FhirPopulation, main
from pyoxigraph import Literal, NamedNode

from kg_service.patients.vocabulary import NUMBERS
from kg_service.validation.verdicts import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from kg_service import Guideline
    from kg_service.patients.record import PatientRecord

SEED = 1
SIZE = 600
SUFFIX = {"fhir": ".ndjson", "rdf": ".nt", "bulk": ""}
OF_ONE_FORM = ("inputPath", "resourceId")
Facts = frozenset[tuple[str, str, str]]


@pytest.fixture(scope="module")
def population(guideline: Guideline) -> Population:
    return Population(guideline)


@pytest.fixture(scope="module", params=list(FORMS))
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def read(form: str, guideline: Guideline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, PatientRecord]:
    """What a reader of the project makes of the population, by the id of the patient."""
    path: Path = tmp_path_factory.mktemp(form) / f"population{SUFFIX[form]}"
    FORMS[form](guideline, SIZE, SEED, path)
    return {id_of(record.patient.value): record for record in guideline.records.from_path(path)}


def facts(record: PatientRecord) -> Facts:
    """What is said, in whatever form: without places, records that are void, and what words make possible beside it."""
    told = [(t.subject.value, t.predicate.value.rpartition("/")[2], shown(t.object)) for t in record.triples]
    void = {subject for subject, _, value in told if value == "EnteredInError" or subject.endswith("words")}
    return frozenset(
        (id_of(subject.partition("#")[0]), name, value)
        for subject, name, value in told
        if subject not in void and name not in OF_ONE_FORM
    )


def shown(term: object) -> str:
    """A term without what forms may write in different ways: numbers, and the place of a record."""
    if isinstance(term, Literal):
        return str(Decimal(term.value).normalize()) if term.datatype.value in NUMBERS else term.value
    assert isinstance(term, NamedNode)
    return id_of(term.value)


def test_a_patient_depends_on_seed_and_number_alone(guideline: Guideline, population: Population) -> None:
    whole = list(population.patients(SEED, range(60)))
    assert list(Population(guideline).patients(SEED, range(20, 40))) == whole[20:40]
    assert population.patient(SEED + 1, 0) != whole[0]


def test_a_bundle_depends_on_seed_and_number_alone(guideline: Guideline, population: Population) -> None:
    fhir = FhirPopulation(guideline, population)
    whole = [fhir.bundle(SEED, number) for number in range(20)]
    assert FhirPopulation(guideline, Population(guideline)).bundle(SEED, 17) == whole[17]


def test_the_command_writes_what_the_functions_write(
    guideline: Guideline, population: Population, tmp_path: Path
) -> None:
    path = tmp_path / "population.nt"
    done = CliRunner().invoke(main, ["3", "--seed", "5", "--form", "rdf", "-o", str(path)])
    assert done.exit_code == 0, done.output
    ids = {id_of(record.patient.value) for record in guideline.records.from_path(path)}
    assert ids == {id_of(record.patient.value) for record in population.patients(5, range(3))}


def test_ids_are_unique(guideline: Guideline, population: Population) -> None:
    fhir = FhirPopulation(guideline, population)
    ids = [resource["id"] for number in range(SIZE) for resource in fhir.resources(SEED, number)]
    assert len(ids) == len(set(ids))


def test_bundles_are_of_a_usual_size(guideline: Guideline, population: Population) -> None:
    fhir = FhirPopulation(guideline, population)
    sizes = [len(fhir.resources(SEED, number)) for number in range(SIZE)]
    assert 25 <= sum(sizes) / SIZE <= 35


def test_every_form_is_read_without_faults_but_those_meant(read: dict[str, PatientRecord]) -> None:
    assert len(read) == SIZE
    faulty = [record for record in read.values() if record.faults]
    assert 0 < len(faulty) <= SIZE / 100
    assert all(fault.path.endswith("birthDate") for record in faulty for fault in record.faults)


def test_every_form_says_the_same(
    form: str, read: dict[str, PatientRecord], guideline: Guideline, population: Population
) -> None:
    fhir = FhirPopulation(guideline, population)
    for number in range(SIZE):
        meant = population.patient(SEED, number) if form == "rdf" else fhir.said(SEED, number)
        found = read[id_of(meant.patient.value)]
        if not found.faults:
            assert facts(found) == facts(meant), number


def test_every_rule_comes_out_every_way(guideline: Guideline, population: Population) -> None:
    """Over the first 2,000 patients, so that a benchmark of the engines leaves no rule out."""
    judged = guideline.judge(population.patients(SEED, range(2_000)), population.as_of)
    seen = {(verdict.rule.name, str(verdict.outcome)) for patient in judged for verdict in patient.verdicts}
    rules = [rule.name for rule in guideline.validator.catalogue.rules]
    assert {(rule, str(outcome)) for rule in rules for outcome in Outcome} - seen == set()

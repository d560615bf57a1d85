"""Writes a population of made-up patients, as large as wanted, for load and equality tests.

    python benchmarks/population.py 10000 --seed 1 --form fhir -o population.ndjson

fhir: FHIR NDJSON, one bundle a line; rdf: N-Triples in the patient vocabulary; bulk: a folder as of a FHIR bulk export.
What no code of the graph denotes is written in words in both forms of FHIR, so that a condition is only possible there
that is certain in RDF. See `people` for how patients are drawn, population.yaml for which.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from as_fhir import Writer
from fhir_names import as_bundle, id_of, reference_to
from people import CONCEPTS, Population, draw, new_id
from pyoxigraph import NamedNode, RdfFormat, Triple, serialize

from kg_service import load
from kg_service.knowledge.namespaces import PATIENT
from kg_service.patients.record import PatientRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_service import Guideline

CODED = frozenset(NamedNode(PATIENT + name) for name in CONCEPTS)
PAST = NamedNode(PATIENT + "pastHistory")
STATUS, STOPPED, ORDER, END = (NamedNode(PATIENT + name) for name in ("status", "Stopped", "Order", "end"))
CODE_MATCH, BY_TEXT = NamedNode(PATIENT + "codeMatch"), NamedNode(PATIENT + "ByText")

Resource = dict[str, Any]


class FhirPopulation:
    """A population as FHIR R4, with the resources beside it that real exports have and no rule reads."""

    def __init__(self, graph: Guideline, population: Population) -> None:
        """Write the patients of `population` with the codes of `graph`."""
        self._population = population
        self._writer = Writer(graph)

    def bundle(self, seed: int, number: int) -> Resource:
        """Return the patient with this number as a bundle."""
        record = self.said(seed, number)
        whose = reference_to(record.patient.value)
        return as_bundle(self._resources(record, whose, seed, number), whose)

    def resources(self, seed: int, number: int) -> list[Resource]:
        """Return the patient with this number as resources that refer to the patient by type and id."""
        record = self.said(seed, number)
        return self._resources(record, f"Patient/{id_of(record.patient.value)}", seed, number)

    def said(self, seed: int, number: int) -> PatientRecord:
        """Return what FHIR can say of the patient with this number: what has no code is in words.

        When an order was stopped it cannot say, only until when it was planned.
        """
        record = self._population.patient(seed, number)
        facts = set(record.triples)
        stopped = {t.subject for t in facts if t.predicate == STATUS and t.object == STOPPED} & {
            t.subject for t in facts if t.object == ORDER
        }
        past = {triple.subject for triple in record.triples if triple.predicate == PAST}
        worded = {triple.subject for triple in record.triples if triple.predicate == CODE_MATCH}
        in_words = [
            Triple(triple.subject, CODE_MATCH, BY_TEXT)
            for triple in record.triples
            if triple.predicate in CODED
            and isinstance(triple.object, NamedNode)
            and triple.subject not in worded
            and not self._writer.codes.has_code(triple.object, past=triple.subject in past)
        ]
        said = (t for t in record.triples if not (t.predicate == END and t.subject in stopped))
        return PatientRecord(record.patient, record.resource_id, (*said, *in_words), (), ())

    def _resources(self, record: PatientRecord, whose: str, seed: int, number: int) -> list[Resource]:
        return [*self._writer.resources(record, whose), *self._unread(whose, seed, number)]

    def _unread(self, whose: str, seed: int, number: int) -> Iterator[Resource]:
        """Yield resources in which nothing is of any rule's concern."""
        rng = random.Random(f"unread {seed} {number}")  # noqa: S311 - a sample, no secret
        unread = self._population.described["unread"]
        for _ in range(draw(rng, unread["resources"])):
            template = unread["templates"][draw(rng, unread["shares"])]
            day = self._population.as_of - dt.timedelta(days=draw(rng, unread["days_ago"]))
            yield {
                **template["resource"],
                "id": new_id(rng),
                template["patient"]: {"reference": whose},
                template["date"]: f"{day}T10:00:00Z",
            }


def write_fhir(graph: Guideline, size: int, seed: int, output: Path) -> None:
    """Write FHIR NDJSON, one bundle of one patient a line."""
    fhir = FhirPopulation(graph, Population(graph))
    with output.open("w", encoding="utf-8") as file:
        for number in range(size):
            _write_line(file, fhir.bundle(seed, number))


def write_bulk(graph: Guideline, size: int, seed: int, output: Path) -> None:
    """Write a folder with one NDJSON file for each type of resource."""
    fhir = FhirPopulation(graph, Population(graph))
    output.mkdir(parents=True, exist_ok=True)
    files: dict[str, IO[str]] = {}
    with ExitStack() as stack:
        for number in range(size):
            for resource in fhir.resources(seed, number):
                kind = resource["resourceType"]
                if kind not in files:
                    files[kind] = stack.enter_context((output / f"{kind}.ndjson").open("w", encoding="utf-8"))
                _write_line(files[kind], resource)


def write_rdf(graph: Guideline, size: int, seed: int, output: Path) -> None:
    """Write N-Triples, patient by patient."""
    with output.open("wb") as file:
        for record in Population(graph).patients(seed, range(size)):
            serialize(record.triples, file, RdfFormat.N_TRIPLES)


def _write_line(file: IO[str], resource: Resource) -> None:
    file.write(json.dumps(resource, separators=(",", ":")) + "\n")


FORMS = {"fhir": write_fhir, "rdf": write_rdf, "bulk": write_bulk}


@click.command(help=__doc__)
@click.argument("size", type=click.IntRange(min=1))
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--form", type=click.Choice(list(FORMS)), default="fhir", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A file; for bulk a folder.")
def main(size: int, seed: int, form: str, output: Path) -> None:
    """Write a population in one form."""
    FORMS[form](load(), size, seed, output)


if __name__ == "__main__":
    sys.exit(main())

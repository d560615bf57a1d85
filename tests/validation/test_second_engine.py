"""Shapes and reports are plain SHACL: other engines find in every case what the reference engine finds.

The reference is pySHACL over Oxigraph. Beside it: Apache Jena and rudof, which share no code with it, and pySHACL over
rdflib's own store and SPARQL engine. What is worked out before is plain SHACL too: pySHACL's SPARQL rules give the
same case. npm's shacl-engine 1.1.2 cannot judge these shapes: it reads one sh:sparql of a shape and no more, and
refuses `$this` in GROUP BY ("Tried to bind variable ?this in a GROUP BY operator").
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyshacl
import pytest
import rdflib
from pyoxigraph import RdfFormat, serialize
from rdflib import SH

from kg_service.knowledge.bridge import to_rdflib
from kg_service.knowledge.shacl import read_results
from kg_service.validation.case import CaseMaker
from kg_service.validation.reference import ReferenceEngine

from .conftest import Case, library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyoxigraph import Store

    from kg_service import KnowledgeGraph
    from kg_service.knowledge.shacl import Result
    from kg_service.validation.validator import Validator

JUDGE = Path(__file__).with_name("JenaShacl.java")
DERIVATIONS = rdflib.URIRef("https://w3id.org/guideline-kg/derivation/facts")
MALFORMED = Case(
    name="malformed",
    as_of=dt.date(2024, 12, 1),
    turtle="""
        ex:p a patient:Patient ; patient:sex patient:Female , patient:Male ;
          patient:birthDate "1950"^^xsd:gYear , "1850-03-04"^^xsd:date ;
          patient:deathDate "2023"^^xsd:gYear , "2024"^^xsd:gYear ;
          patient:menopausalStatus patient:Premenopausal , patient:Postmenopausal .
        ex:q a patient:Patient .
        ex:negative a patient:Administration ; patient:subject ex:p ; patient:agent concept:romosozumab ;
          patient:start "2024-06-01"^^xsd:date ; patient:dose -210.50 ; patient:unit unit:mg , unit:ug ;
          patient:status patient:Done , patient:Stopped .
        ex:many a patient:Order ; patient:subject ex:p , ex:q ; patient:agent concept:romosozumab ;
          patient:start "1849"^^xsd:gYear ; patient:end "1848"^^xsd:gYear ; patient:dose 1 , 2 ;
          patient:every 0 , 1001.5 ; patient:route concept:oral , concept:subcutaneous .
        ex:late a patient:Administration ; patient:subject ex:p ; patient:agent concept:romosozumab ;
          patient:start "2025-02-01"^^xsd:date ; patient:status patient:Done .
        ex:bare-condition a patient:Condition ; patient:subject ex:p .
        ex:bare-allergy a patient:Allergy ; patient:subject ex:p .
        ex:bare-observation a patient:Observation ; patient:subject ex:p .
        ex:huge a patient:Observation ; patient:subject ex:p ; patient:observable concept:t-score ;
          patient:value 99.0 , 9 ; patient:lowLimit 1 , 2 ; patient:highLimit 1 , 2 .
        ex:twofold a patient:Observation , patient:Condition ; patient:subject ex:p ;
          patient:effective "2023-02-28"^^xsd:date ; patient:onset "2022"^^xsd:gYear .
        """,
    dropped=(),
    expect={},
    why="The library's patients are well-formed; this one breaks every shape of records.",
)
LIBRARY = library()
CASES = {case.name: case for case in (*LIBRARY, MALFORMED)}


def some(number: int) -> list[Case]:
    """About so many cases, from all over the library."""
    return LIBRARY[:: max(1, len(LIBRARY) // number)]


@pytest.fixture(scope="module")
def prepare(guideline: KnowledgeGraph, validator: Validator) -> Callable[[str], Store]:
    """Makes the graph of a case, which engines judge."""
    return lambda name: validator.make_case(CASES[name].records(guideline)[0], CASES[name].as_of)


@pytest.fixture(scope="module")
def expected(prepare: Callable[[str], Store], validator: Validator) -> Callable[[str], set[Result]]:
    """What the reference engine finds in a case."""
    engine = ReferenceEngine(validator.catalogue, validator.make_case)
    return functools.cache(lambda name: comparable(engine.results(prepare(name))))


def comparable(results: Iterable[Result]) -> set[Result]:
    """Results, each once (engines differ: SHACL wants one for each solution of a query, pySHACL drops copies).

    A path that is an expression is a blank node, whose name means nothing.
    """
    return {replace(r, path=r.path if ":" in r.path else bool(r.path) * "an expression") for r in results}


def differences(
    expected: Callable[[str], set[Result]], found: dict[str, set[Result]]
) -> dict[str, tuple[set[Result], set[Result]]]:
    """Case by case, what only the reference has found and what only the other engine has."""
    return {name: (expected(name) - f, f - expected(name)) for name, f in found.items() if expected(name) != f}


def test_the_malformed_record_breaks_every_shape_of_records(
    expected: Callable[[str], set[Result]], validator: Validator
) -> None:
    """Of rules, `test_cases` shows that each finds something: engines do not agree on nothing."""
    shapes = validator.catalogue.graph
    judging = {str(shape) for predicate in (SH.sparql, SH.path) for shape in shapes.subjects(predicate)}
    of_rules = {s.value for rule in validator.catalogue.rules for s in (rule.iri, rule.missing_data_shape)}
    assert judging - of_rules == {result.shape for result in expected(MALFORMED.name)} - of_rules


def jena() -> list[str]:
    """The command that runs Jena."""
    java, folder = shutil.which("java"), os.environ.get("KG_SERVICE_JENA")
    if java is None or shutil.which("javac") is None:
        pytest.skip("no Java development kit on this machine")
    if not folder or not any(Path(folder).glob("jena-shacl-*.jar")):
        pytest.skip("KG_SERVICE_JENA names no folder with the jars of Apache Jena: see CONTRIBUTING.md")
    return [java, "-cp", str(Path(folder) / "*"), str(JUDGE)]


def test_jena_finds_the_same(
    expected: Callable[[str], set[Result]], prepare: Callable[[str], Store], validator: Validator, tmp_path: Path
) -> None:
    command = jena()
    files = {name: tmp_path / f"{number}.nt" for number, name in enumerate(CASES)}
    for name, file in files.items():
        serialize((quad.triple for quad in prepare(name)), file, format=RdfFormat.N_TRIPLES)
    shapes = tmp_path / "shapes.ttl"
    validator.catalogue.graph.serialize(shapes, format="turtle")
    run = subprocess.run([*command, str(shapes), str(tmp_path)], capture_output=True, text=True, check=False)
    if "class file has wrong version" in run.stderr:
        pytest.skip("Apache Jena 5 needs Java 17")
    assert run.returncode == 0, run.stderr
    reports = {name: rdflib.Graph().parse(f"{file}.report", format="nt") for name, file in files.items()}
    assert differences(expected, {name: comparable(read_results(report)) for name, report in reports.items()}) == {}


def test_rudof_finds_the_same(
    expected: Callable[[str], set[Result]], prepare: Callable[[str], Store], validator: Validator
) -> None:
    pyrudof = pytest.importorskip("pyrudof", reason="pyrudof is not installed: pip install pyrudof")
    engine = pyrudof.Rudof(pyrudof.RudofConfig())
    engine.read_shacl(validator.catalogue.graph.serialize(format="turtle"))
    found = {}
    for name in (*(case.name for case in some(100)), MALFORMED.name):
        text = serialize((quad.triple for quad in prepare(name)), format=RdfFormat.N_TRIPLES)
        engine.reset_data()
        engine.read_data(text.decode(), pyrudof.RDFFormat.NTriples)
        engine.validate_shacl()
        text = engine.serialize_shacl_validation_results(pyrudof.ResultShaclValidationFormat.NTriples)
        report = rdflib.Graph().parse(data=text, format="nt")
        for triple in list(report.triples((None, SH.resultMessage, None))):
            if triple[2].language is None:  # rudof's own words, beside the shape's
                report.remove(triple)
        found[name] = comparable(read_results(report))
    assert differences(expected, found) == {}


def test_rdflibs_own_sparql_engine_finds_the_same(
    expected: Callable[[str], set[Result]], prepare: Callable[[str], Store], validator: Validator
) -> None:
    """On a few cases: one takes seconds."""
    found = {}
    for case in (*some(4), MALFORMED):
        _, report, _ = pyshacl.validate(to_rdflib(prepare(case.name)), shacl_graph=validator.catalogue.graph)
        found[case.name] = comparable(read_results(report))
    assert differences(expected, found) == {}


def test_derivations_are_sparql_rules_of_shacl(
    guideline: KnowledgeGraph, prepare: Callable[[str], Store], validator: Validator
) -> None:
    read = CaseMaker(guideline, validator.catalogue)
    read._derivations = ()
    shapes = to_rdflib(validator.catalogue.shapes)
    for target, rule in set(shapes.subject_objects(SH.rule)):  # targets are classes, no shapes: their rules move
        shapes.remove((target, SH.rule, rule))
        shapes.add((DERIVATIONS, SH.rule, rule))
    for case in some(5):
        bare = to_rdflib(read(case.records(guideline)[0], case.as_of))
        worked_out = pyshacl.shacl_rules(bare, shacl_graph=shapes, advanced=True)
        assert facts(worked_out) == facts(to_rdflib(prepare(case.name))) != facts(bare)


def facts(graph: rdflib.Graph) -> set[tuple[object, ...]]:
    """Triples of a graph, numbers by value: 210.0 is 210."""
    return {(s, p, o.toPython(), getattr(o, "datatype", None)) for s, p, o, *_ in graph}

"""Shapes and reports are plain SHACL: other engines find in every case what the reference engine finds.

The reference is pySHACL over Oxigraph. Beside it: Apache Jena and rudof, which share no code with it, and pySHACL over
rdflib's own store and SPARQL engine. What is worked out before is plain SHACL too: pySHACL's SPARQL rules give the
same case. npm's shacl-engine 1.1.2 cannot judge these shapes: it reads one sh:sparql of a shape and no more, and
refuses `$this` in GROUP BY ("Tried to bind variable ?this in a GROUP BY operator").
"""

from __future__ import annotations

import datetime as dt
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
from kg_service.validation.case import CaseMaker
from kg_service.validation.engine import _results

from .conftest import Case, library

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyoxigraph import Store

    from kg_service import KnowledgeGraph
    from kg_service.validation.engine import Result
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
CASES = [*LIBRARY, MALFORMED]


@pytest.fixture(scope="module")
def prepared(guideline: KnowledgeGraph, validator: Validator) -> dict[str, Store]:
    """Every case as the graph that engines judge."""
    return {case.name: validator.make_case(case.records(guideline)[0], case.as_of) for case in CASES}


@pytest.fixture(scope="module")
def expected(prepared: dict[str, Store], validator: Validator) -> dict[str, set[Result]]:
    """What the reference engine finds."""
    return {name: comparable(validator.engine.results(case)) for name, case in prepared.items()}


def test_every_shape_finds_something(expected: dict[str, set[Result]], validator: Validator) -> None:
    """Else engines could agree on nothing."""
    shapes = validator.catalogue.graph
    judging = {str(shape) for predicate in (SH.sparql, SH.path) for shape in shapes.subjects(predicate)}
    assert judging - {result.shape for results in expected.values() for result in results} == set()


def comparable(results: Iterable[Result]) -> set[Result]:
    """Results, each once (engines differ: SHACL wants one for each solution of a query, pySHACL drops copies).

    A path that is an expression is a blank node, whose name means nothing.
    """
    return {replace(r, path=r.path if ":" in r.path else bool(r.path) * "an expression") for r in results}


def differences(expected: dict[str, set[Result]], found: dict[str, set[Result]]) -> dict[str, tuple[object, object]]:
    """Case by case, what only the reference has found and what only the other engine has."""
    return {name: (expected[name] - f, f - expected[name]) for name, f in found.items() if expected[name] != f}


def jena() -> list[str]:
    """The command that runs Jena."""
    java, folder = shutil.which("java"), os.environ.get("KG_SERVICE_JENA")
    if java is None or shutil.which("javac") is None:
        pytest.skip("no Java development kit on this machine")
    if not folder or not any(Path(folder).glob("jena-shacl-*.jar")):
        pytest.skip("KG_SERVICE_JENA names no folder with the jars of Apache Jena: see CONTRIBUTING.md")
    return [java, "-cp", str(Path(folder) / "*"), str(JUDGE)]


def test_jena_finds_the_same(
    expected: dict[str, set[Result]], prepared: dict[str, Store], validator: Validator, tmp_path: Path
) -> None:
    command = jena()
    files = {name: tmp_path / f"{number}.nt" for number, name in enumerate(prepared)}
    for name, file in files.items():
        serialize((quad.triple for quad in prepared[name]), file, format=RdfFormat.N_TRIPLES)
    shapes = tmp_path / "shapes.ttl"
    validator.catalogue.graph.serialize(shapes, format="turtle")
    run = subprocess.run([*command, str(shapes), str(tmp_path)], capture_output=True, text=True, check=False)
    if "class file has wrong version" in run.stderr:
        pytest.skip("Apache Jena 5 needs Java 17")
    assert run.returncode == 0, run.stderr
    reports = {name: rdflib.Graph().parse(f"{file}.report", format="nt") for name, file in files.items()}
    assert differences(expected, {name: comparable(_results(report)) for name, report in reports.items()}) == {}


def test_rudof_finds_the_same(
    expected: dict[str, set[Result]], prepared: dict[str, Store], validator: Validator
) -> None:
    pyrudof = pytest.importorskip("pyrudof", reason="pyrudof is not installed: pip install pyrudof")
    engine = pyrudof.Rudof(pyrudof.RudofConfig())
    engine.read_shacl(validator.catalogue.graph.serialize(format="turtle"))
    found = {}
    for name, case in prepared.items():
        engine.reset_data()
        engine.read_data(
            serialize((q.triple for q in case), format=RdfFormat.N_TRIPLES).decode(), pyrudof.RDFFormat.NTriples
        )
        engine.validate_shacl()
        text = engine.serialize_shacl_validation_results(pyrudof.ResultShaclValidationFormat.NTriples)
        report = rdflib.Graph().parse(data=text, format="nt")
        for triple in list(report.triples((None, SH.resultMessage, None))):
            if triple[2].language is None:  # rudof's own words, beside the shape's
                report.remove(triple)
        found[name] = comparable(_results(report))
    assert differences(expected, found) == {}


def test_rdflibs_own_sparql_engine_finds_the_same(
    expected: dict[str, set[Result]], prepared: dict[str, Store], validator: Validator
) -> None:
    """On every tenth case: it is ten times slower."""
    sample = [*list(prepared)[::10], MALFORMED.name]
    found = {name: comparable(validator.engine.results(to_rdflib(prepared[name]))) for name in sample}
    assert differences(expected, found) == {}


def test_derivations_are_sparql_rules_of_shacl(
    guideline: KnowledgeGraph, prepared: dict[str, Store], validator: Validator
) -> None:
    read = CaseMaker(guideline, validator.catalogue)
    read._derivations = ()
    shapes = to_rdflib(validator.catalogue._store)
    for target, rule in set(shapes.subject_objects(SH.rule)):  # targets are classes, no shapes: their rules move
        shapes.remove((target, SH.rule, rule))
        shapes.add((DERIVATIONS, SH.rule, rule))
    for case in LIBRARY[:: max(1, len(LIBRARY) // 3)]:
        bare = to_rdflib(read(case.records(guideline)[0], case.as_of))
        worked_out = pyshacl.shacl_rules(bare, shacl_graph=shapes, advanced=True)
        assert facts(worked_out) == facts(to_rdflib(prepared[case.name])) != facts(bare)


def facts(graph: rdflib.Graph) -> set[tuple[object, ...]]:
    """Triples of a graph, numbers by value: 210.0 is 210."""
    return {(s, p, o.toPython(), getattr(o, "datatype", None)) for s, p, o, *_ in graph}

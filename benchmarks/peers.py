"""SHACL engines behind one interface, each handed a patient in the form it likes best.

*Alone* an engine gets the record and its calendar, merged with the part of the guideline that rules reach, and works
out the derivations (SHACL rules) itself. *Given the case* it gets them worked out before, by this project: for engines
that cannot run SHACL rules, and to see what the shapes alone cost.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyshacl
import rdflib
from pyoxigraph import Quad, RdfFormat, Store, serialize
from pyshacl.graph_abstraction import OxigraphDataGraph
from rdflib import SH

from kg_service.knowledge.bridge import to_rdflib
from kg_service.knowledge.shacl import read_results
from kg_service.validation.reference import ReferenceEngine

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg_service.knowledge.shacl import Result
    from kg_service.patients.record import PatientRecord
    from kg_service.validation.validator import Validator

ALONE, GIVEN = "alone", "given the case"
DERIVATIONS = rdflib.URIRef("https://w3id.org/guideline-kg/derivation/facts")
JUDGE = Path(__file__).parents[1] / "tests" / "validation" / "JenaShacl.java"
Found = frozenset[tuple[str, str, str]]


@dataclass(frozen=True)
class Peer:
    """An engine: makes its input of a record, judges that (which is timed), and reads what it reports."""

    name: str
    form: str
    prepare: Callable[[PatientRecord], Any]
    judge: Callable[[Any], Any]
    read: Callable[[Any], Iterable[Result]]


def peers(validator: Validator, as_of: dt.date) -> Iterator[Peer]:
    """Yield the compiled engine first, then every peer that is installed."""
    shapes = validator.catalogue.graph
    with_rules = _rules_moved(shapes)
    given = ReferenceEngine(validator.catalogue, validator.make_case)

    def bare(record: PatientRecord) -> Store:
        case = Store()
        case.extend(Quad(*t) for t in (*validator.make_case.background, *validator.make_case.recorded(record, as_of)))
        return case

    def worked_out(record: PatientRecord) -> Store:
        return validator.make_case(record, as_of)

    def pyshacl_alone(data: object) -> rdflib.Graph:
        _, report, _ = pyshacl.validate(data, shacl_graph=with_rules, advanced=True, inplace=True)
        return report

    def pyshacl_given(data: object) -> rdflib.Graph:
        return pyshacl.validate(data, shacl_graph=shapes, inplace=True)[1]

    yield Peer("compiled", ALONE, lambda record: record, lambda record: validator.engine(record, as_of)[1], iter)
    yield Peer("pySHACL over Oxigraph", ALONE, lambda record: _InOxigraph(bare(record)), pyshacl_alone, read_results)
    yield Peer("pySHACL over Oxigraph", GIVEN, worked_out, given.results, iter)
    yield Peer("pySHACL on rdflib", ALONE, lambda record: to_rdflib(bare(record)), pyshacl_alone, read_results)
    yield Peer("pySHACL on rdflib", GIVEN, lambda record: to_rdflib(worked_out(record)), pyshacl_given, read_results)
    yield from _rudof(shapes, worked_out)


def jena(shapes: rdflib.Graph, cases: Sequence[Store]) -> tuple[float, list[Found]] | None:
    """Return Jena's milliseconds a patient, on the mean, and what it finds in each case; None where there is no Jena.

    Java's start is taken off: the time of one case from the time of all.
    """
    folder = os.environ.get("KG_SERVICE_JENA")
    if not folder or not shutil.which("javac"):
        return None
    with tempfile.TemporaryDirectory() as place:
        Path(place, "shapes.ttl").write_text(shapes.serialize(format="turtle"), encoding="utf-8")
        sets = {"one": cases[:1], "all": cases}
        seconds = {}
        for name, some in sets.items():
            Path(place, name).mkdir()
            for number, case in enumerate(some):
                serialize((q.triple for q in case), Path(place, name, f"{number}.nt"), format=RdfFormat.N_TRIPLES)
            command = ["java", "-cp", f"{folder}/*", str(JUDGE), f"{place}/shapes.ttl", f"{place}/{name}"]
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds[name] = time.perf_counter() - start
        reports = [Path(place, "all", f"{number}.nt.report") for number in range(len(cases))]
        found = [pairs(read_results(rdflib.Graph().parse(report, format="nt"))) for report in reports]
    return (seconds["all"] - seconds["one"]) * 1000 / (len(cases) - 1), found


def pairs(results: Iterable[Result]) -> Found:
    """Return what verdicts rest on: which shape reported what about whom."""
    return frozenset((result.shape, result.focus, result.value) for result in results)


def _rudof(shapes: rdflib.Graph, worked_out: Callable[[PatientRecord], Store]) -> Iterator[Peer]:
    try:
        import pyrudof
    except ImportError:
        return
    engine = pyrudof.Rudof(pyrudof.RudofConfig())
    engine.read_shacl(shapes.serialize(format="turtle"))

    def judge(data: str) -> None:
        engine.reset_data()
        engine.read_data(data, pyrudof.RDFFormat.NTriples)
        engine.validate_shacl()

    def read(_: None) -> Iterator[Result]:
        text = engine.serialize_shacl_validation_results(pyrudof.ResultShaclValidationFormat.NTriples)
        return read_results(rdflib.Graph().parse(data=text, format="nt"))

    def as_text(record: PatientRecord) -> str:
        return serialize((quad.triple for quad in worked_out(record)), format=RdfFormat.N_TRIPLES).decode()

    yield Peer("rudof", GIVEN, as_text, judge, read)


def _rules_moved(shapes: rdflib.Graph) -> rdflib.Graph:
    """Return the shapes with the rules of target classes, where pySHACL does not look, on a node shape of the same."""
    moved = rdflib.Graph() + shapes
    for target, rule in set(moved.subject_objects(SH.rule)):
        moved.remove((target, SH.rule, rule))
        moved.add((DERIVATIONS, SH.rule, rule))
    return moved


class _InOxigraph(OxigraphDataGraph):
    """An Oxigraph store for pySHACL. It asks with each result whether the graph is empty: no need to count it."""

    def __bool__(self) -> bool:
        return True

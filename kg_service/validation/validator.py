"""Validation as one thing to call: records in, verdicts out, patient by patient."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from kg_service.validation.case import CaseMaker
from kg_service.validation.catalogue import Catalogue
from kg_service.validation.compiled import CompiledEngine
from kg_service.validation.grounds import grounds_of
from kg_service.validation.verdicts import Judge

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from pyoxigraph import NamedNode

    from kg_service.knowledge import KnowledgeGraph
    from kg_service.patients.record import PatientRecord
    from kg_service.validation.engine import Engine
    from kg_service.validation.verdicts import PatientVerdicts


COMPILED, REFERENCE = "compiled", "reference"
ENGINES = (COMPILED, REFERENCE)
"""The names of the engines: queries compiled to Python, and pySHACL over an Oxigraph store. They find the same."""


class Validator:
    """Holds patient records against the rules of a release; made once, used for any number of patients."""

    def __init__(self, graph: KnowledgeGraph, engine: str = COMPILED) -> None:
        """Read the rules of the release of `graph`; ReleaseError when they cannot be used by one of ENGINES."""
        self.graph = graph
        self.catalogue = Catalogue(graph.release)
        self.make_case = CaseMaker(graph, self.catalogue)
        self._engine = engine
        self._judge = lru_cache(maxsize=64)(self._make_judge)

    @cached_property
    def engine(self) -> Engine:
        """The engine, made when the first patient is judged."""
        if self._engine == REFERENCE:
            from kg_service.validation.reference import ReferenceEngine  # noqa: PLC0415 - 0.3 s that most runs save

            return ReferenceEngine(self.catalogue, self.make_case)
        return CompiledEngine(self.catalogue, self.make_case)

    def __call__(
        self, records: Iterable[PatientRecord], as_of: dt.date, jurisdictions: Sequence[NamedNode] = ()
    ) -> Iterator[PatientVerdicts]:
        """Yield the verdicts on each patient as of a day, for the given jurisdictions (none: all rules)."""
        judge = self._judge(tuple(jurisdictions))
        for record in records:
            yield judge(record, *self.engine(record, as_of))

    def _make_judge(self, jurisdictions: tuple[NamedNode, ...]) -> Judge:
        rules = [(rule, grounds_of(rule, self.graph, jurisdictions)) for rule in self.catalogue.rules]
        return Judge(rules, self.graph.labels)

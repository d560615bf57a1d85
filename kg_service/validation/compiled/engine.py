"""The compiled engine: a patient's facts, what is worked out from them, and what the shapes report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.errors import ReleaseError
from kg_service.validation.compiled.codegen import compile_construct
from kg_service.validation.compiled.expressions import Names
from kg_service.validation.compiled.facts import Facts
from kg_service.validation.compiled.shapes import read_shapes

if TYPE_CHECKING:
    import datetime as dt

    from kg_service.knowledge.shacl import Result
    from kg_service.patients.record import PatientRecord
    from kg_service.validation.case import CaseMaker
    from kg_service.validation.catalogue import Catalogue


class CompiledEngine:
    """All rules as Python functions, made once; a patient takes a few milliseconds."""

    def __init__(self, catalogue: Catalogue, make_case: CaseMaker) -> None:
        """Compile the shapes of `catalogue`; ReleaseError for a feature that is not supported."""
        self._make_case = make_case
        guideline = Facts(make_case.background)
        names = Names(catalogue.namespaces)
        self._derivations = []
        for step in catalogue.steps:
            try:
                self._derivations.append(compile_construct(step.text, names, guideline))
            except ReleaseError as error:
                raise ReleaseError(f"shapes/: the derivation {step.name} cannot be compiled. {error}") from error
        self._shapes = read_shapes(catalogue.shapes, guideline)

    def __call__(self, record: PatientRecord, as_of: dt.date) -> tuple[Facts, list[Result]]:
        """Return the case of a patient and all validation results, sorted."""
        facts = Facts(self._make_case.recorded(record, as_of))
        patient = record.patient.value
        for derive in self._derivations:
            for subject, predicate, obj in list(derive(facts, patient)):
                facts.add(subject, predicate, obj)
        return facts, sorted({result for shape in self._shapes for result in shape.results(facts)})

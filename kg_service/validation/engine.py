"""SHACL engines behind one small interface: a case goes in, validation results come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from kg_service.knowledge.shacl import Result
    from kg_service.patients.record import PatientRecord


class Case(Protocol):
    """A judged patient's facts: recorded and worked out."""

    def texts(self, subject: str, predicate: str) -> Sequence[str]:
        """Return the IRIs and lexical forms that a node has for a predicate."""
        ...

    def nodes(self, predicate: str, obj: str) -> Sequence[str]:
        """Return the nodes that have an IRI for a predicate."""
        ...


class Engine(Protocol):
    """Judges patients by the shapes of a catalogue."""

    def __call__(self, record: PatientRecord, as_of: dt.date) -> tuple[Case, Sequence[Result]]:
        """Return the case of a patient as of a day, and all validation results, sorted."""
        ...

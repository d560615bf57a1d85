"""SHACL engines behind one small interface: a case goes in, validation results come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyoxigraph import Store


@dataclass(frozen=True, slots=True, order=True)
class Result:
    """One sh:ValidationResult (https://www.w3.org/TR/shacl/#results-validation-result); absent parts are empty."""

    shape: str
    focus: str
    value: str
    path: str
    message: str
    severity: str
    component: str


class Engine(Protocol):
    """Judges a case by the shapes of a catalogue."""

    def results(self, case: Store) -> list[Result]:
        """Return all validation results, sorted."""
        ...

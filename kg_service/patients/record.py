"""What a reader makes of one patient's record: facts, and an honest account of what it did not understand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyoxigraph import NamedNode, Triple


TOO_MANY = "Too many records name no patient, and may be of any in the input: give each its patient."
"""Why nobody is judged: more records than are read with everybody's own could be anybody's."""


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """Something not understood, left out, or matched by words only: where, and why, in a plain sentence."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something of the wrong form, for which the record cannot be judged: where, what, and how to mend it."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """One patient: facts in the patient vocabulary (ontology/patient.ttl, first part), remarks and faults.

    `path` of a remark or fault is a FHIRPath expression or an IRI; `resource_id` is such as `Patient/7`, or the IRI.
    """

    patient: NamedNode
    resource_id: str
    triples: tuple[Triple, ...]
    not_understood: tuple[Remark, ...] = ()
    faults: tuple[Fault, ...] = ()

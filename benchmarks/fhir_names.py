"""How resources of FHIR go by: their types, ids and full URLs, and how others refer to them."""

from __future__ import annotations

import re
from typing import Any

RESOURCE_TYPES = {
    "Patient": "Patient", "Condition": "Condition", "Absence": "Condition", "FamilyHistory": "FamilyMemberHistory",
    "Observation": "Observation", "Allergy": "AllergyIntolerance", "Order": "MedicationRequest",
    "Use": "MedicationStatement", "Administration": "MedicationAdministration",
}  # fmt: skip
"""The type of resource that each class of the patient vocabulary is written as."""

URN = "urn:uuid:"


def as_bundle(resources: list[dict[str, Any]], whose: str) -> dict[str, Any]:
    """Return a collection bundle; where `whose` names the patient by urn:uuid, every entry has such a full URL."""
    if whose.startswith(URN):
        entries = [{"fullUrl": URN + resource["id"], "resource": resource} for resource in resources]
    else:
        entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def id_of(iri: str) -> str:
    """Return what an IRI ends in: the id of its resource."""
    return re.split("[/:#]", iri)[-1]


def reference_to(patient: str) -> str:
    """Return how resources refer to the patient with this IRI."""
    return patient if patient.startswith(URN) else f"Patient/{id_of(patient)}"

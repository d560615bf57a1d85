"""Tells FHIR R4 from its neighbours by what only they have, so that nothing is half understood.

See https://hl7.org/fhir/R4/diff.html (from STU3) and https://hl7.org/fhir/R5/diff.html (from R4).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kg_service.errors import WrongRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

NEWER, OLDER = "R5", "STU3 or older"

TYPES = {
    **dict.fromkeys(
        (
            "ActorDefinition", "ArtifactAssessment", "BiologicallyDerivedProductDispense",
            "DeviceAssociation", "DeviceDispense", "DeviceUsage", "EncounterHistory", "FormularyItem", "GenomicStudy",
            "ImagingSelection", "InventoryItem", "InventoryReport", "MedicationUsage", "NutritionIntake", "Permission",
            "Requirements", "TestPlan", "Transport",
        ),
        NEWER,
    ),
    **dict.fromkeys(
        (
            "BodySite", "Conformance", "DataElement", "DeviceComponent", "DeviceUseRequest", "DiagnosticOrder",
            "EligibilityRequest", "EligibilityResponse", "ExpansionProfile", "ImagingManifest", "MedicationOrder",
            "OrderResponse", "ProcedureRequest", "ProcessRequest", "ProcessResponse", "ReferralRequest", "Sequence",
            "ServiceDefinition",
        ),
        OLDER,
    ),
}  # fmt: skip


class Mark(NamedTuple):
    """A member that shows another version: by being there at all, or by being of this JSON type."""

    name: str
    version: str
    of_type: type = object


MEDICATION = Mark("medication", NEWER)
MARKS = {
    "Patient": (Mark("animal", OLDER),),
    "Condition": (
        Mark("clinicalStatus", OLDER, str),
        Mark("verificationStatus", OLDER, str),
        Mark("assertedDate", OLDER),
        Mark("context", OLDER),
        Mark("participant", NEWER),
    ),
    "AllergyIntolerance": (
        Mark("clinicalStatus", OLDER, str),
        Mark("verificationStatus", OLDER, str),
        Mark("assertedDate", OLDER),
        Mark("type", NEWER, dict),
        Mark("participant", NEWER),
    ),
    "FamilyMemberHistory": (Mark("definition", OLDER), Mark("notDone", OLDER), Mark("participant", NEWER)),
    "Observation": (
        Mark("context", OLDER),
        Mark("related", OLDER),
        Mark("interpretation", OLDER, dict),
        Mark("triggeredBy", NEWER),
        Mark("bodyStructure", NEWER),
    ),
    "RiskAssessment": (Mark("context", OLDER), Mark("reason", NEWER, list)),
    "Procedure": (
        Mark("context", OLDER),
        Mark("notDone", OLDER),
        Mark("occurrenceDateTime", NEWER),
        Mark("occurrencePeriod", NEWER),
        Mark("recorded", NEWER),
    ),
    "MedicationRequest": (MEDICATION, Mark("context", OLDER), Mark("definition", OLDER), Mark("reason", NEWER)),
    "MedicationStatement": (MEDICATION, Mark("taken", OLDER), Mark("adherence", NEWER), Mark("reason", NEWER)),
    "MedicationAdministration": (
        MEDICATION,
        Mark("notGiven", OLDER),
        Mark("prescription", OLDER),
        Mark("occurenceDateTime", NEWER),  # the spelling of R5
        Mark("occurencePeriod", NEWER),
        Mark("occurrenceDateTime", NEWER),
        Mark("occurrencePeriod", NEWER),
    ),
    "MedicationDispense": (MEDICATION, Mark("notDone", OLDER), Mark("recorded", NEWER)),
}
CANONICAL = re.compile(
    r"http://hl7\.org/fhir/(?P<path>\d\.\d)/StructureDefinition/"
    r"|http://hl7\.org/fhir/StructureDefinition/[^/|]*\|(?P<tag>\d\.\d)"
)
"""The profiles of FHIR itself; guides built on it have versions of their own."""

RELEASES = {"5": NEWER, "3": OLDER, "1": OLDER, "0": OLDER}


def refuse_other_versions(resource: Mapping[str, object], kind: str, path: str) -> None:
    """Raise WrongRecord, naming the place and the cure, when a resource of type `kind` is no FHIR R4."""
    if kind in TYPES:
        _refuse(TYPES[kind], kind, path)
    for mark in MARKS.get(kind, ()):
        value = resource.get(mark.name)
        if value is not None and isinstance(value, mark.of_type):
            _refuse(mark.version, f"{kind}.{mark.name}", f"{path}.{mark.name}")
    meta = resource.get("meta")
    if isinstance(meta, dict):
        _refuse_stated(meta, f"{path}.meta")


def _refuse_stated(meta: Mapping[str, object], path: str) -> None:
    """Look at the version that a resource says it is of."""
    stated = meta.get("fhirVersion")
    if isinstance(stated, str) and stated[:1] in RELEASES:
        _refuse(RELEASES[stated[:1]], "meta.fhirVersion", f"{path}.fhirVersion")
    profiles = meta.get("profile")
    for place, profile in enumerate(profiles if isinstance(profiles, list) else []):
        match = CANONICAL.match(profile) if isinstance(profile, str) else None
        release = (match["path"] or match["tag"])[0] if match else ""
        if release in RELEASES:
            _refuse(RELEASES[release], "meta.profile", f"{path}.profile[{place}]")


def _refuse(version: str, what: str, path: str) -> None:
    raise WrongRecord(f"{path}: {what} as it stands here is FHIR {version}. Convert the data to FHIR R4 (4.0.1).", path)

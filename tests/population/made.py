"""Small made-up populations: patients of whom some break a rule, as bundles, as lines of a bulk export, as RDF."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Json = dict[str, Any]

AS_OF = "2026-01-31"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
ROMOSOZUMAB = {"coding": [{"system": RXNORM, "code": "2123126"}]}
DOSES = (210, 105, 210, 70)


def resources(number: int) -> Iterator[Json]:
    """Yield a patient and one to three doses, which are wrong for some."""
    yield {
        "resourceType": "Patient",
        "id": f"p{number}",
        "gender": "female",
        "birthDate": f"19{40 + number % 30}-03-04",
    }
    for month in range(1, number % 3 + 2):
        yield {
            "resourceType": "MedicationAdministration",
            "id": f"d{number}-{month}",
            "status": "completed",
            "subject": {"reference": f"Patient/p{number}"},
            "medicationCodeableConcept": ROMOSOZUMAB,
            "effectiveDateTime": f"2025-{month:02}-01",
            "dosage": {"dose": {"value": DOSES[number % len(DOSES)], "system": UCUM, "code": "mg"}},
        }


def bundle(number: int) -> Json:
    entries = [{"resource": resource} for resource in resources(number)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def lines(values: Iterable[Json | str]) -> bytes:
    return b"".join((value if isinstance(value, str) else json.dumps(value)).encode() + b"\n" for value in values)


def bundles(path: Path, count: int) -> Path:
    """Write NDJSON with a bundle for each patient."""
    path.write_bytes(lines(map(bundle, range(count))))
    return path


def export(folder: Path, count: int) -> Path:
    """Write a bulk export: a file for each type of resource."""
    folder.mkdir()
    everything = [resource for number in range(count) for resource in resources(number)]
    for kind in {resource["resourceType"] for resource in everything}:
        of_kind = [resource for resource in everything if resource["resourceType"] == kind]
        (folder / f"{kind}.ndjson").write_bytes(lines(of_kind))
    return folder

"""The forms in which a validation report is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg_service.errors import NotAcceptable
from kg_service.validation.reports import document, fhir, junit, rows, shacl, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg_service.validation.report import Report


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """One form of the report: its short name, media type and writer."""

    name: str
    media_type: str
    write: Callable[[Report], str]


FORMATS = (
    ReportFormat("table", "text/plain", text.write),
    ReportFormat("json", "application/json", document.write),
    ReportFormat("ndjson", "application/x-ndjson", document.write_lines),
    ReportFormat("turtle", "text/turtle", shacl.write_turtle),
    ReportFormat("jsonld", "application/ld+json", shacl.write_jsonld),
    ReportFormat("fhir", "application/fhir+json", fhir.write),
    ReportFormat("csv", "text/csv", rows.write),
    ReportFormat("junit", "application/xml", junit.write),
)
"""SHACL report graphs as Turtle and JSON-LD, FHIR R4 OperationOutcome, JUnit XML, and this project's own forms."""


def write(report: Report, form: str) -> str:
    """Write the report in the form of this short name or media type; NotAcceptable when there is none."""
    for known in FORMATS:
        if form in {known.name, known.media_type}:
            return known.write(report)
    raise NotAcceptable(f"A validation report cannot be written as {form}.", [known.name for known in FORMATS])

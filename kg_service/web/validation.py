"""Validation over HTTP: patient records in the body, a report back. Nothing of a record is kept, logged or cached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request

from kg_service.errors import FaultyRecord, ParameterError, UnsupportedMedia
from kg_service.guideline import as_day
from kg_service.patients.records import MEDIA_TYPES
from kg_service.patients.sources import media_type_of
from kg_service.validation.reports import FORMATS, write
from kg_service.web.context import service
from kg_service.web.negotiation import HTML, HTML_OFFER, Offer, choose
from kg_service.web.openapi import Parameter, operation
from kg_service.web.protocol import FORM, body_text, once, parse_parameters, refuse_encoding, refuse_unknown
from kg_service.web.responses import send

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from kg_service.patients.record import PatientRecord
    from kg_service.validation.report import Report

blueprint = Blueprint("validation", __name__)

MAX_RECORDS = 16 * 1024 * 1024
"""Longest body of records read, in bytes; a longer one is answered with 413."""

_RECORD, _AS_OF, _JURISDICTION = "record", "as_of", "jurisdiction"
_OFFERS = (Offer("application/json"), *(Offer(f.media_type) for f in FORMATS if f.name != "json"), HTML_OFFER)
_ANSWERS = [offer.media_type for offer in _OFFERS]
_PARAMETERS = (
    Parameter(_AS_OF, "The day of judgement; today when left out.", {"type": "string", "format": "date"}),
    Parameter(
        _JURISDICTION,
        "Check the rules of this place only; may be repeated.",
        {"type": "array", "items": {"type": "string"}},
    ),
)
_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": [_RECORD],
    "properties": {_RECORD: {"type": "string"}, **{parameter.name: parameter.schema for parameter in _PARAMETERS}},
}
_BODIES: dict[str, Any] = {FORM: _FORM_SCHEMA, **{media_type: {"type": "string"} for media_type in MEDIA_TYPES}}


@dataclass(frozen=True)
class _Asked:
    """What a request asks: records, their media type, the day, and the names of jurisdictions."""

    data: bytes = b""
    media_type: str = ""
    as_of: str = ""
    jurisdictions: Sequence[str] = field(default_factory=tuple)


@blueprint.get("/validate")
@operation(HTML)
def form() -> Response:
    """Show a form for one record."""
    return send(render_template("validate.html", asked=_Asked(), report=None, record=""), HTML)


@blueprint.post("/validate")
@operation(*_ANSWERS, parameters=_PARAMETERS, bodies=_BODIES)
def validate() -> Response:
    """Hold the patient records in the body against the rules."""
    request.max_content_length = request.max_form_memory_size = MAX_RECORDS
    media_type = choose(_OFFERS)
    asked = _asked()
    report = _report(asked)
    if media_type == HTML:
        page = render_template("validate.html", asked=asked, report=report, record=asked.data.decode(errors="replace"))
        response = send(page, HTML)
    else:
        response = send(write(report, media_type), media_type)
    response.headers["Query-Digest"] = report.query_digest
    response.headers["Cache-Control"] = "no-store"
    return response


def _asked() -> _Asked:
    refuse_encoding(request)
    if request.mimetype == FORM:
        given = read_form([parameter.name for parameter in _PARAMETERS])
        data = "".join(given.pop(_RECORD, [])).encode()
        return _with(given, data, media_type_of(data))
    return _with(parse_parameters(request.query_string), request.get_data(cache=False), request.mimetype)


def read_form(known: Sequence[str]) -> dict[str, list[str]]:
    """Return the fields of a form: 'record' and *known*.

    Raises UnsupportedMedia or ParameterError for other fields. Neither quotes one: it may be a record sent as a form by
    mistake, as programs do that are not told its media type.
    """
    given = dict(parse_parameters(body_text(request).encode()))
    fields = [_RECORD, *known]
    if given.keys() <= set(fields):
        return given
    if _RECORD in given:
        raise ParameterError(f"The form has a field that is not known here. Fields: {', '.join(fields)}.")
    raise UnsupportedMedia(
        f"The body is sent as a form ({FORM}) and has no field '{_RECORD}'. Give a record its own Content-Type: "
        f"{', '.join(MEDIA_TYPES)}."
    )


def _with(given: Mapping[str, list[str]], data: bytes, media_type: str) -> _Asked:
    refuse_unknown(given, [parameter.name for parameter in _PARAMETERS])
    day = once({_AS_OF: given.get(_AS_OF, [])}).get(_AS_OF, "")
    places = tuple(value for value in given.get(_JURISDICTION, []) if value.strip())
    return _Asked(data, media_type, day, places)


def _report(asked: _Asked) -> Report:
    """Judge the records; FaultyRecord when not one of them is of the right form."""
    guideline = service().graph
    day: dt.date = as_day(asked.as_of or None)
    guideline.jurisdictions(asked.jurisdictions)  # an unknown one is told of before records are read
    records: list[PatientRecord] = guideline.records.from_bytes(asked.data, asked.media_type)
    report = guideline.validate(records, as_of=day, jurisdiction=asked.jurisdictions)
    if all(patient.faults for patient in report.patients):
        raise FaultyRecord([fault for patient in report.patients for fault in patient.faults])
    return report

"""Why, over HTTP: of a triple, of a row of a named question, of a verdict on a record sent in the body."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
from flask import Blueprint, Response, render_template, request

from kg_service.errors import ParameterError
from kg_service.patients.records import MEDIA_TYPES
from kg_service.patients.sources import media_type_of
from kg_service.provenance.as_text import readable
from kg_service.provenance.explanation import MEDIA_TYPES as FORMS
from kg_service.web.context import service
from kg_service.web.negotiation import HTML, HTML_OFFER, Offer, choose
from kg_service.web.openapi import Parameter, operation
from kg_service.web.pages import show
from kg_service.web.protocol import FORM, once, parse_parameters, refuse_encoding, refuse_unknown
from kg_service.web.responses import send
from kg_service.web.validation import MAX_RECORDS, read_form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg_service.knowledge.labels import Labels, Term
    from kg_service.provenance.derivation import Derivation
    from kg_service.provenance.explainer import Which
    from kg_service.provenance.explanation import Explanation, Part
    from kg_service.provenance.rules import Fact

blueprint = Blueprint("explain", __name__)

_OFFERS = (*(Offer(media_type) for media_type in FORMS.values()), HTML_OFFER)
_ANSWERS = [offer.media_type for offer in _OFFERS]
_TEXT: dict[str, Any] = {"type": "string"}
_ROW_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_TRIPLE = ("subject", "predicate", "object")
_QUESTION, _ROW, _COLUMN = "question", "row", "where."
_RECORD, _RULE, _AS_OF, _PATIENT = "record", "rule", "as_of", "patient"
_OF_A_TRIPLE_OR_ROW = (
    *(Parameter(name, f"The {name} of a triple: an IRI, CURIE, identifier or label.", _TEXT) for name in _TRIPLE),
    Parameter(_QUESTION, "The named question of a row; its own parameters are given beside it.", _TEXT),
    Parameter(_ROW, "Which row of the answer, by its number.", {"type": "integer", "minimum": 1, "default": 1}),
    Parameter(f"{_COLUMN}COLUMN", "Which row, by a value of this column, for one or several columns.", _TEXT),
)
_OF_A_VERDICT = (
    Parameter(_RULE, "The rule, as /validate names it.", _TEXT, required=True),
    Parameter(_AS_OF, "The day of judgement; today when left out.", {"type": "string", "format": "date"}),
    Parameter(_PATIENT, "Which patient, where the record holds several.", _TEXT),
)
_BODIES: dict[str, Any] = {
    FORM: {
        "type": "object",
        "required": [_RECORD, _RULE],
        "properties": {_RECORD: _TEXT, **{parameter.name: parameter.schema for parameter in _OF_A_VERDICT}},
    },
    **dict.fromkeys(MEDIA_TYPES, _TEXT),
}


@blueprint.get("/explain")
@operation(*_ANSWERS, parameters=_OF_A_TRIPLE_OR_ROW)
def explain() -> Response:
    """Tell why a triple holds, or why a row of a named question came or did not."""
    media_type = choose(_OFFERS)
    given = once(parse_parameters(request.query_string))
    if not given and media_type == HTML:
        return send(_page(None, {}), HTML)
    found = _of_row(given) if _QUESTION in given else _of_triple(given)
    return _sent(found, media_type, given)


@blueprint.post("/explain")
@operation(*_ANSWERS, parameters=_OF_A_VERDICT, bodies=_BODIES)
def explain_verdict() -> Response:
    """Tell why a rule judged the patient in the body as it did; nothing of the record is kept."""
    request.max_content_length = request.max_form_memory_size = MAX_RECORDS
    media_type = choose(_OFFERS)
    given, data, read_as = _body()
    refuse_unknown(given, [parameter.name for parameter in _OF_A_VERDICT])
    if _RULE not in given:
        raise ParameterError("Name the rule whose verdict is to be explained: rule=NAME.")
    guideline = service().graph
    records = guideline.records.from_bytes(data, read_as)
    as_of, patient = given.get(_AS_OF), given.get(_PATIENT, "")
    found = guideline.explain.verdict(records, given[_RULE], as_of=as_of, patient=patient)
    response = _sent(found, media_type, {})
    response.headers["Cache-Control"] = "no-store"
    return response


def _of_triple(given: Mapping[str, str]) -> Explanation:
    refuse_unknown(given, [*_TRIPLE, _QUESTION])
    if missing := [name for name in _TRIPLE if name not in given]:
        raise ParameterError(f"A triple needs a {missing[0]}; a row needs a question: give the one or the other.")
    return service().graph.explain.triple(*(given[name] for name in _TRIPLE))


def _of_row(given: Mapping[str, str]) -> Explanation:
    values = {name.removeprefix(_COLUMN): value for name, value in given.items() if name.startswith(_COLUMN)}
    own = {
        name: value for name, value in given.items() if name not in {_QUESTION, _ROW} and not name.startswith(_COLUMN)
    }
    which: Which = values or _number(given.get(_ROW, "1"))
    return service().graph.explain.row(given[_QUESTION], which, **own)


def _number(text: str) -> int:
    if not _ROW_NUMBER.fullmatch(text):
        raise ParameterError(f"{text!r} is no number of a row: write it like 1.")
    return int(text)


def _body() -> tuple[dict[str, str], bytes, str]:
    """Return parameters, records, and the media type of these."""
    refuse_encoding(request)
    if request.mimetype == FORM:
        given = once(read_form([parameter.name for parameter in _OF_A_VERDICT]))
        data = given.pop(_RECORD, "").encode()
        return given, data, media_type_of(data)
    return once(parse_parameters(request.query_string)), request.get_data(cache=False), request.mimetype


def _sent(found: Explanation, media_type: str, given: Mapping[str, str]) -> Response:
    response = send(_page(found, given) if media_type == HTML else found.serialize(media_type), media_type)
    if "query_digest" in found.record:
        response.headers["Query-Digest"] = found.record["query_digest"]
    return response


def _page(found: Explanation | None, given: Mapping[str, str]) -> str:
    labels = service().graph.labels
    parts = [_part(part, labels) for part in found.parts] if found else []
    return render_template("explain.html", found=found, parts=parts, given=given)


def _part(part: Part, labels: Labels) -> dict[str, Any]:
    """Return a part as its template shows it."""
    seen: set[Fact] = set()
    return {
        "says": part.says,
        "row": [(name, show(term)) for name, term in part.row.items() if term is not None],
        "nodes": [_node(derivation, seen) for derivation in part.derivations],
        "obstacles": [
            (
                [readable(condition, labels) for condition in obstacle.conditions],
                [[(name, show(term)) for name, term in row.items() if term is not None] for row in obstacle.values],
            )
            for obstacle in part.obstacles
        ],
    }


def _steps(derivation: Derivation, seen: set[Fact]) -> list[dict[str, Any]]:
    seen.add(derivation.fact)
    return [_node(step, seen, derivation.chain) for step in derivation.steps]


def _node(derivation: Derivation, seen: set[Fact], chain: Sequence[Term] = ()) -> dict[str, Any]:
    """Return a triple as the template shows it, with what it was derived from (once), or where it stands."""
    subject, predicate, obj = derivation.fact
    listed = chain if isinstance(obj, ox.BlankNode) else ()
    origin = derivation.origin
    return {
        "terms": [show(subject), show(predicate), *map(show, listed or (derivation.day or obj,))],
        "rule": derivation.rule,
        "steps": [] if derivation.fact in seen else _steps(derivation, seen),
        "record": origin.record,
        "places": [show(node) for node in (*origin.statements, *origin.sources)] or [show(origin.graph)],
    }

"""The audit over HTTP: of everything, or of what concerns one source. No document is taken here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import BadRequest

from kg_service.errors import ParameterError
from kg_service.knowledge.condense import condense
from kg_service.knowledge.names import nearest
from kg_service.provenance.checks import Level
from kg_service.web.context import service
from kg_service.web.negotiation import HTML, HTML_OFFER, JSON, JSON_OFFER, Offer, choose
from kg_service.web.openapi import Parameter, operation
from kg_service.web.pages import Table, show
from kg_service.web.protocol import parse_parameters
from kg_service.web.responses import send

if TYPE_CHECKING:
    from kg_service.knowledge.labels import Term
    from kg_service.provenance.audit import Audit, Section

blueprint = Blueprint("audit", __name__)

_SOURCE = "source"
_CSV, _TURTLE = "text/csv", "text/turtle"
_OFFERS = (JSON_OFFER, Offer(_CSV), Offer(_TURTLE), HTML_OFFER)


@blueprint.get("/audit")
@operation(
    JSON,
    _CSV,
    _TURTLE,
    HTML,
    parameters=(Parameter(_SOURCE, "Only what concerns this source.", {"type": "string"}),),
)
def audit() -> Response:
    """Show what supports the statements, what does not, where sources disagree, and what is wrong in the graph."""
    media_type = choose(_OFFERS)
    source = _source()
    found = service().graph.audit(source or None)
    return send(_page(found, source) if media_type == HTML else found.serialize(media_type), media_type)


def _source() -> str:
    """Return the source asked for; a form sends a blank one as empty text."""
    given = parse_parameters(request.query_string)
    for name in given.keys() - {_SOURCE}:
        raise ParameterError(f"There is no parameter {name!r} here.", nearest(name, [_SOURCE]))
    named = [value for value in given.get(_SOURCE, []) if value.strip()]
    if len(named) > 1:
        raise BadRequest(f"The parameter '{_SOURCE}' is given {len(named)} times; give it once.")
    return named[0] if named else ""


def _page(found: Audit, source: str) -> str:
    return render_template(
        "audit.html",
        source=source,
        counts=[(level.label, found.counts[level]) for level in reversed(Level) if level],
        sections=[(section, _table(section)) for section in found.sections],
    )


def _table(section: Section) -> Table:
    rows: list[list[list[Term]]]
    columns, rows = condense(list(section.columns), [finding.cells for finding in section.findings])
    return Table(columns, [[[show(term) for term in cell] for cell in row] for row in rows], len(section.findings))

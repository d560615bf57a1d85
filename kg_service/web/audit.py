"""The audit over HTTP: of everything, or of what concerns one source. No document is taken here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from kg_service.provenance.checks import Level
from kg_service.web.context import service
from kg_service.web.negotiation import HTML, HTML_OFFER, JSON, JSON_OFFER, Offer, choose
from kg_service.web.openapi import Parameter, operation
from kg_service.web.pages import table
from kg_service.web.protocol import once, parse_parameters, refuse_unknown
from kg_service.web.responses import send

if TYPE_CHECKING:
    from kg_service.provenance.audit import Audit

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
    given = parse_parameters(request.query_string)
    refuse_unknown(given, [_SOURCE])
    source = once(given).get(_SOURCE, "")
    found = service().graph.audit(source or None)
    return send(_page(found, source) if media_type == HTML else found.serialize(media_type), media_type)


def _page(found: Audit, source: str) -> str:
    return render_template(
        "audit.html",
        source=source,
        counts=[(level.label, found.counts[level]) for level in reversed(Level) if level],
        sections=[(one, table(list(one.columns), [row.cells for row in one.findings])) for one in found.sections],
    )

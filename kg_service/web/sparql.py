"""The SPARQL endpoint (SPARQL 1.1 Protocol, query side) and, without a query, its description of itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.sansio.utils import get_current_url

from kg_service.web.context import service
from kg_service.web.description import describe_service
from kg_service.web.negotiation import HTML
from kg_service.web.openapi import Parameter, operation
from kg_service.web.pages import result_table
from kg_service.web.protocol import DIRECT, FORM, ProtocolQuery, from_body, from_url
from kg_service.web.responses import KINDS, media_types, send_answer, send_graph

blueprint = Blueprint("sparql", __name__)

_TEXT = {"type": "string"}
_IRIS = {"type": "array", "items": {"type": "string", "format": "iri"}}
_DATASET = (
    Parameter("default-graph-uri", "A loaded graph that the default graph is to hold; may be repeated.", _IRIS),
    Parameter("named-graph-uri", "A loaded graph that GRAPH is to see; may be repeated.", _IRIS),
)
_QUERY = Parameter("query", "One SPARQL 1.1 query; without it the endpoint describes itself.", _TEXT)
_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["query"],
    "properties": {"query": _TEXT, **{parameter.name: parameter.schema for parameter in _DATASET}},
}
_ANSWERS = (*media_types(KINDS), HTML)
_base_iri = lru_cache(maxsize=64)(get_current_url)  # it takes as long as a small query, and there are few


@blueprint.get("/sparql")
@operation(*_ANSWERS, parameters=(_QUERY, *_DATASET))
def get_query() -> Response:
    """Answer the SPARQL query in the parameter 'query'; without one, describe the endpoint."""
    asked = from_url(request)
    return _describe() if asked is None else _answer(asked)


@blueprint.post("/sparql")
@operation(*_ANSWERS, parameters=_DATASET, bodies={FORM: _FORM_SCHEMA, DIRECT: _TEXT})
def post_query() -> Response:
    """Answer the SPARQL query in the body, sent as a form or as it is."""
    return _answer(from_body(request))


def _answer(asked: ProtocolQuery) -> Response:
    answer = service().graph.sparql(
        asked.text,
        default_graphs=asked.default_graphs,
        named_graphs=asked.named_graphs,
        base_iri=_base_iri(request.scheme, request.host, request.root_path, request.path),
    )
    return send_answer(
        answer,
        asked.text,
        lambda: render_template("answer.html", asked=asked, answer=answer, table=result_table(answer)),
    )


def _describe() -> Response:
    known = service()
    endpoint = url_for("sparql.get_query", _external=True)
    sketch = describe_service(endpoint, media_types(KINDS), known.size, known.graph_sizes)
    return send_graph(
        sketch,
        lambda: render_template("sparql.html", endpoint=endpoint, size=known.size, sizes=known.graph_sizes),
    )

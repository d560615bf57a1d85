"""The reading side of the Graph Store HTTP Protocol (https://www.w3.org/TR/sparql11-http-rdf-update/).

A graph is named in the URL (``?graph=IRI``) or is the default one (``?default``): the union of all named
graphs, as it is for queries. Nothing can be written, so every other method is answered with 405.
"""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from kg_service.errors import UnknownName
from kg_service.knowledge.names import nearest
from kg_service.web.context import service
from kg_service.web.openapi import Parameter, operation
from kg_service.web.protocol import parse_parameters
from kg_service.web.responses import media_types, send_graph

blueprint = Blueprint("graph_store", __name__)

_WHOLE = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_PARAMETERS = (
    Parameter("graph", "IRI of a loaded graph.", {"type": "string", "format": "iri"}),
    Parameter("default", "Given without a value: the default graph.", {"type": "string", "maxLength": 0}),
)


@blueprint.get("/graphs")
@operation(*media_types(["graph"]), parameters=_PARAMETERS)
def get_graph() -> Response:
    """Return all triples of one named graph, or of the default graph."""
    parameters = parse_parameters(request.query_string)
    named, default = parameters.get("graph", []), "default" in parameters
    if len(named) + default != 1:
        raise BadRequest("Name one graph: ?graph=IRI, or ?default for the union of all.")
    if default:
        return send_graph(service().graph.sparql(_WHOLE).triples)
    return send_graph(service().graph.sparql(_WHOLE, default_graphs=[_loaded(named[0])]).triples)


def _loaded(iri: str) -> str:
    names = list(service().graph_sizes)
    if iri not in names:
        raise UnknownName(
            f"No graph of that name is loaded; see {request.host_url}sparql for all.", nearest(iri, names)
        )
    return iri

"""A page and an RDF document for each entity of the graph, a nanopublication for each statement, and lists of them."""

from __future__ import annotations

import pyoxigraph as ox
from flask import Blueprint, Response, jsonify, render_template

from kg_service.errors import UnknownName
from kg_service.knowledge.names import nearest
from kg_service.provenance.nanopub import TRIG
from kg_service.web.context import service
from kg_service.web.facts import facts_about, facts_naming, headline, listed
from kg_service.web.negotiation import HTML, HTML_OFFER, JSON, JSON_OFFER, Offer, choose
from kg_service.web.openapi import operation
from kg_service.web.pages import DOORS, show
from kg_service.web.responses import media_types, offers_for, send, send_graph

blueprint = Blueprint("entities", __name__)


def _add_door(door: str) -> None:
    own = [Offer(TRIG)] if door == "statements" else []

    @operation(*media_types(["graph"]), *(offer.media_type for offer in own), HTML)
    def entity(identifier: str) -> Response:
        iri = _find(door, identifier)
        if choose([*offers_for("graph"), *own, HTML_OFFER]) == TRIG:
            return send(service().graph.nanopub(iri.value).serialize(), TRIG)
        return send_graph(service().graph.describe(iri.value), lambda: _page(iri))

    entity.__doc__ = f"Tell what the graph says of and about one of the {door}."
    blueprint.add_url_rule(f"/{door}/<identifier>", endpoint=door, view_func=entity)


def _add_list(door: str) -> None:
    @operation(JSON, HTML)
    def entities() -> Response:
        found = listed(door)
        if choose([JSON_OFFER, HTML_OFFER]) == HTML:
            return send(render_template("list.html", title=door.capitalize(), entities=found), HTML)
        return jsonify({door: [{"iri": node.value, "label": shown.text, "says": says} for node, shown, says in found]})

    entities.__doc__ = f"List the {door}."
    blueprint.add_url_rule(f"/{door}", endpoint=f"all_{door}", view_func=entities)


for _door in DOORS:
    _add_door(_door)
    _add_list(_door)


def _find(door: str, identifier: str) -> ox.NamedNode:
    namespace, subjects = DOORS[door], service().subjects
    if namespace + identifier not in subjects:
        known = sorted(iri.removeprefix(namespace) for iri in subjects if iri.startswith(namespace))
        raise UnknownName(f"There is nothing of this name under /{door}.", nearest(identifier, known))
    return ox.NamedNode(namespace + identifier)


def _page(iri: ox.NamedNode) -> str:
    return render_template(
        "entity.html",
        iri=iri.value,
        title=show(iri).text,
        headline=headline(iri),
        facts=facts_about(iri),
        mentions=facts_naming(iri),
    )

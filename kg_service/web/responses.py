"""Sends answers and RDF documents in the representation that the client prefers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyoxigraph as ox
from flask import Response

from kg_service.knowledge.formats import formats_for
from kg_service.web.context import service
from kg_service.web.negotiation import HTML, HTML_OFFER, Offer, choose
from kg_service.web.rdf import PREFIXES

if TYPE_CHECKING:
    from kg_service.knowledge.answer import Answer
    from kg_service.knowledge.formats import Kind

KINDS: Sequence[Kind] = ("select", "ask", "graph")

IRI_SIGNS = ":/?#[]@!$&'()*+,;=%-._~"
"""What may stand in an IRI beside letters and digits; the rest is percent-encoded in a header."""

HEADER = re.compile(r"^#\+.*", re.MULTILINE)
CHANGING = re.compile("NOW|RAND|UUID|BNODE", re.IGNORECASE)
"""Functions that answer otherwise each time; what holds one of these words, even by chance, is not kept."""

Page = Callable[[], str]
"""Renders the HTML form of an answer."""


@cache
def offers_for(kind: Kind) -> Sequence[Offer]:
    """Return what an answer of *kind* can be sent as, the default first."""
    return tuple(Offer(form.media_type, form.aliases) for form in formats_for(kind))


def media_types(kinds: Iterable[Kind]) -> list[str]:
    """Return all media types of answers of these kinds, each once."""
    return list(dict.fromkeys(offer.media_type for kind in kinds for offer in offers_for(kind)))


def send_answer(answer: Answer, query: str, page: Page) -> Response:
    """Send the answer to a query in a type that is valid for its kind, whatever else the client lists."""
    media_type = choose([*offers_for(answer.kind), HTML_OFFER])
    response = send(page() if media_type == HTML else answer.serialize(media_type), media_type)
    response.headers["Query-Digest"] = answer.record["query_digest"]
    for iri in answer.missing_graphs:
        response.headers.add("Graph-Missing", f"<{quote(iri, safe=IRI_SIGNS)}>")
    if CHANGING.search(HEADER.sub("", query)):
        response.headers["Cache-Control"] = "no-store"
    return response


def send_graph(triples: Iterable[ox.Triple], page: Page | None = None) -> Response:
    """Send an RDF document; a browser gets the page where there is one."""
    media_type = choose([*offers_for("graph"), *([HTML_OFFER] if page else [])])
    if media_type == HTML and page:
        return send(page(), HTML)
    return send(write_graph(triples, media_type), media_type)


def write_graph(triples: Iterable[ox.Triple], media_type: str) -> bytes:
    """Serialise triples, shortened by the prefixes of the release."""
    prefixes = {**service().graph.prefixes, **PREFIXES}
    return ox.serialize(triples, format=ox.RdfFormat.from_media_type(media_type), prefixes=prefixes) or b""


def send(body: str | bytes, media_type: str) -> Response:
    """Send a body as it is, in UTF-8."""
    return Response(body, content_type=f"{media_type}; charset=utf-8")

"""Sends answers and RDF documents in the representation that the client prefers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pyoxigraph as ox
from flask import Response

from kg_service.knowledge.answer import Answer
from kg_service.knowledge.formats import formats_for
from kg_service.web.negotiation import HTML, HTML_OFFER, Offer, choose
from kg_service.web.rdf import PREFIXES

Page = Callable[[], str]
"""Renders the HTML form of an answer."""


def offers_for(kind: str) -> list[Offer]:
    """Return what an answer of *kind* (select, ask, graph) can be sent as, the default first."""
    return [Offer(form.media_type, tuple(form.aliases)) for form in formats_for(kind)]


def media_types(kinds: Iterable[str]) -> list[str]:
    """Return all media types of answers of these kinds, each once."""
    return list(dict.fromkeys(offer.media_type for kind in kinds for offer in offers_for(kind)))


def send_answer(answer: Answer, page: Page) -> Response:
    """Send an answer in a type that is valid for its kind, whatever else the client lists."""
    media_type = choose([*offers_for(answer.kind), HTML_OFFER])
    return send(page() if media_type == HTML else answer.serialize(media_type), media_type)


def send_graph(triples: Iterable[ox.Triple], page: Page | None = None) -> Response:
    """Send an RDF document; a browser gets the page where there is one."""
    media_type = choose([*offers_for("graph"), *([HTML_OFFER] if page else [])])
    if media_type == HTML and page:
        return send(page(), HTML)
    return send(write_graph(triples, media_type), media_type)


def write_graph(triples: Iterable[ox.Triple], media_type: str) -> bytes:
    """Serialise triples with the prefixes of this package."""
    form = ox.RdfFormat.from_media_type(media_type)
    body = ox.serialize(triples, format=form, prefixes=dict(PREFIXES))
    assert body is not None  # noqa: S101 - None only when writing to a file
    return body


def send(body: str | bytes, media_type: str) -> Response:
    """Send a body as it is, in UTF-8."""
    return Response(body, content_type=f"{media_type}; charset=utf-8")


def offered(offers: Sequence[Offer]) -> list[str]:
    """Return the media types of offers."""
    return [offer.media_type for offer in offers]

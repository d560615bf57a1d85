"""Helps the pages: readable text and links for terms of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pyoxigraph as ox
from flask import url_for

from kg_service.web.context import service

BASE = "https://w3id.org/guideline-kg/"
DOORS: Mapping[str, str] = {
    "statements": "statement/",
    "sources": "source/",
    "concepts": "concept/",
    "conflicts": "conflict/",
}
"""Path of the pages of one kind of entity here, and where their IRIs stand under BASE."""


class Shown(NamedTuple):
    """A term as a page shows it: text, and where a click leads (None: nowhere)."""

    text: str
    href: str | None = None


def href(iri: str) -> str | None:
    """Return the page of an entity of the graph, the address itself of what lives elsewhere, or None."""
    for door, prefix in DOORS.items():
        identifier = iri.removeprefix(BASE + prefix)
        if identifier not in {iri, ""} and "/" not in identifier:
            return url_for("entities.entity", door=door, identifier=identifier)
    if iri.startswith(BASE):
        return url_for("sparql.get_query", query=f"DESCRIBE <{iri}>")
    return iri if iri.startswith(("https://", "http://")) else None


def show(term: ox.NamedNode | ox.BlankNode | ox.Literal) -> Shown:
    """Return the readable form of a term."""
    if isinstance(term, ox.NamedNode):
        return Shown(service().graph.labels()[term.value], href(term.value))
    return Shown(term.value)

"""Helps the pages: readable text and links for the terms of the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox
from flask import url_for
from markupsafe import Markup, escape

from kg_service.knowledge.condense import condense
from kg_service.knowledge.namespaces import BASE
from kg_service.web.context import service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg_service.knowledge import Answer
    from kg_service.knowledge.labels import Term

DOORS: Mapping[str, str] = {
    "statements": f"{BASE}statement/",
    "sources": f"{BASE}source/",
    "concepts": f"{BASE}concept/",
    "conflicts": f"{BASE}conflict/",
}
"""Where the pages of a kind of entity stand here, and the namespace of their IRIs."""


class Shown(NamedTuple):
    """A value as a page shows it: its text, and where a click leads (None: nowhere)."""

    text: str
    href: str | None = None


@dataclass(frozen=True)
class Table:
    """A result as a page shows it: condensed rows of cells, each a list of values, and how many rows there were."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Sequence[Shown]]]
    count: int


def ticks(text: str) -> Markup:
    """Return the text as HTML, with what stands between backticks as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # an odd backtick is one
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(pieces))


def door_of(iri: str) -> str | None:
    """Return the kind of entity of which a page of its own is here, or None."""
    return next((door for door, namespace in DOORS.items() if iri.startswith(namespace) and iri != namespace), None)


def href(iri: str) -> str | None:
    """Return the page of an entity of the graph, the address itself of what lives elsewhere, or None."""
    if door := door_of(iri):
        return url_for(f"entities.{door}", identifier=iri.removeprefix(DOORS[door]))
    if iri.startswith(BASE):
        return url_for("sparql.get_query", query=f"DESCRIBE <{iri}>")
    return iri if iri.startswith(("https://", "http://")) else None


def show(term: Term | None) -> Shown:
    """Return the readable form of a term; nothing for what is unbound."""
    return Shown(service().graph.labels.shown(term), href(term.value) if isinstance(term, ox.NamedNode) else None)


def result_table(answer: Answer) -> Table:
    """Return an answer of any kind as a table."""
    if answer.kind == "ask":
        return Table(["answer"], [[[Shown("yes" if answer.boolean else "no")]]], 1)
    return table(answer.variables, answer.terms)


def table(columns: Sequence[str], rows: Sequence[Sequence[Term | None]]) -> Table:
    """Return rows of terms as a table."""
    shown: list[list[list[Term]]]
    kept, shown = condense(columns, rows)
    return Table(kept, [[[show(term) for term in cell] for cell in row] for row in shown], len(rows))

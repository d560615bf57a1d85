"""Reads what a server answers, numbers and truth values written as the store in process writes them."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from pyoxigraph import QueryResultsFormat, QuerySolutions, RdfFormat, parse, parse_query_results

from kg_service.errors import StoreError
from kg_service.knowledge.namespaces import XSD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pyoxigraph import QueryBoolean, Triple

    from kg_service.knowledge.remote.connection import Content

ROWS = "application/sparql-results+json"
TRIPLES = "application/n-triples, text/turtle;q=0.9"
SYNTAX = {
    "application/n-triples": RdfFormat.N_TRIPLES,
    "text/plain": RdfFormat.N_TRIPLES,
    "text/turtle": RdfFormat.TURTLE,
}
"""By media type, how triples are read; nothing else is, least of all JSON-LD, which can point elsewhere."""


def _decimal(text: str) -> str:
    return f"{Decimal(text).normalize() + 0:f}"  # + 0: no negative zero


CANONICAL: Mapping[str, Callable[[str], str]] = {
    XSD + "decimal": _decimal,
    XSD + "integer": lambda text: str(int(text)),
    XSD + "boolean": lambda text: {"1": "true", "0": "false"}.get(text, text),
}
"""Datatypes whose values have several spellings, of which servers keep one or another: 14, 14.0, 014."""


def rows(content: Content) -> QuerySolutions | QueryBoolean:
    """Return an answer to SELECT or ASK; StoreError when it is none."""
    try:
        answer = json.loads(content.body)
        for row in answer.get("results", {}).get("bindings", ()):
            for term in row.values():
                _spell(term)
        return parse_query_results(json.dumps(answer), format=QueryResultsFormat.JSON)
    except (ValueError, AttributeError, TypeError, SyntaxError) as error:
        raise _unreadable() from error


def triples(content: Content) -> Iterable[Triple]:
    """Return an answer to CONSTRUCT or DESCRIBE; StoreError when it is none."""
    form = SYNTAX.get(content.media_type)
    if form is None:
        raise _unreadable()
    try:
        return [quad.triple for quad in parse(content.body, format=form)]
    except SyntaxError as error:
        raise _unreadable() from error


def _spell(term: dict[str, Any]) -> None:
    spell = CANONICAL.get(term.get("datatype", ""))
    if spell:
        try:
            term["value"] = spell(term["value"])
        except (ValueError, InvalidOperation):
            return  # ill-typed: it stays its text


def _unreadable() -> StoreError:
    return StoreError(
        "The store's answer cannot be read as what it was asked for: is its URL that of a SPARQL endpoint?"
    )

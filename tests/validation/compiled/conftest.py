"""Compiled queries beside Oxigraph's own answers to the same queries."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from pyoxigraph import Quad, QuerySolutions, RdfFormat, Store, Triple, parse

from kg_service.validation.compiled.codegen import compile_select
from kg_service.validation.compiled.expressions import Names
from kg_service.validation.compiled.facts import Facts
from kg_service.validation.compiled.values import Found, term

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIXES = {"": "https://example.org/", "xsd": "http://www.w3.org/2001/XMLSchema#"}
PROLOGUE = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())
NAMES = Names(PREFIXES)
SHOWN = re.compile(r"(?<=SELECT )\$this|(?<=SELECT DISTINCT )\$this")
GROUPED = re.compile(r"(?<=GROUP BY )\$this")

Rows = set[tuple[Found, ...]]


def read(turtle: str) -> list[Triple]:
    """The triples of a Turtle text that may use the prefixes."""
    return [quad.triple for quad in parse(PROLOGUE + turtle, format=RdfFormat.TURTLE)]


def compiled(query: str, triples: Iterable[Triple], this: str = ":a", guideline: Iterable[Triple] = ()) -> Rows:
    """The rows of the compiled query."""
    run, _ = compile_select(query, NAMES, Facts(guideline))
    return set(run(Facts(triples), PREFIXES[""] + this[1:]))


def by_oxigraph(query: str, triples: Iterable[Triple], this: str = ":a", guideline: Iterable[Triple] = ()) -> Rows:
    """The rows of Oxigraph's answer, where `$this` is a constant in every scope.

    Terms are read as the compiled engine reads them: numbers that are computed have their canonical form.
    """
    store = Store()
    store.extend(Quad(*triple) for triple in (*triples, *guideline))
    found = store.query(PROLOGUE + fixed(query, this))
    assert isinstance(found, QuerySolutions)
    return {tuple(None if one is None else term(one) for one in row) for row in found}


def fixed(query: str, this: str) -> str:
    """The query with `$this` replaced; first in a SELECT or GROUP BY it becomes a name for the constant."""
    numbers = itertools.count()
    text = GROUPED.sub('("" AS ?group)', query)
    text = SHOWN.sub(lambda _: f"({this} AS ?this{next(numbers) or ''})", text)
    return text.replace("$this", this)

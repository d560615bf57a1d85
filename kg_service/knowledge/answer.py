"""What a question returns: rows, a yes or no, or triples, in whatever form the caller needs."""

from __future__ import annotations

import datetime as dt
import html
import re
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from pyoxigraph import (
    Literal,
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse_query_results,
    serialize,
)

from kg_service.errors import NotAcceptable
from kg_service.knowledge.condense import condense
from kg_service.knowledge.formats import find_format, formats_for
from kg_service.knowledge.limits import Limits
from kg_service.knowledge.namespaces import XSD
from kg_service.knowledge.table import to_frame, to_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from kg_service.knowledge.engine import Result
    from kg_service.knowledge.formats import Kind
    from kg_service.knowledge.labels import Labels, Term

Value: TypeAlias = str | int | float | Decimal | bool | dt.date | dt.datetime | None

NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]|<oxprefix:[ />]")
"""What Oxigraph writes as XML all the same: characters beyond XML 1.0, and elements without a name."""

TRIPLE = ["subject", "predicate", "object"]
UNLIMITED = Limits()


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text]


PYTHON: Mapping[str, Callable[[str], Value]] = {
    XSD + "integer": int,
    XSD + "int": int,
    XSD + "long": int,
    XSD + "nonNegativeInteger": int,
    XSD + "positiveInteger": int,
    XSD + "decimal": Decimal,
    XSD + "double": float,
    XSD + "float": float,
    XSD + "boolean": _boolean,
    XSD + "date": dt.date.fromisoformat,
    XSD + "dateTime": dt.datetime.fromisoformat,
}
"""Datatypes that become Python values; a literal of another datatype, or ill-typed, stays its text."""


class Answer:
    """The answer to one query, read out as often as wanted.

    `digest` names the release that gave it; `missing_graphs` are those it was asked of that are not loaded. `record`
    is what a replay needs: `graph_digest`, `query_digest` (SHA-256 of the query sent to the store), `parameters` and,
    for a named question, `question`.
    """

    def __init__(
        self,
        result: Result,
        *,
        record: dict[str, Any],
        labels: Labels,
        prefixes: Mapping[str, str],
        missing_graphs: Sequence[str] = (),
        limits: Limits = UNLIMITED,
    ) -> None:
        """Read `result` to its end; rows are kept as results JSON, from which every other form is made.

        Raises AnswerTooLarge beyond the limits.
        """
        self.record = record
        self.digest: str = record["graph_digest"]
        self.missing_graphs = tuple(missing_graphs)
        self._labels = labels
        self._prefixes = prefixes
        self._json = b""
        self.triples: list[Triple] = []
        self.kind: Kind = "graph"
        if isinstance(result, QuerySolutions | QueryBoolean):
            self.kind = "select" if isinstance(result, QuerySolutions) else "ask"
            self._json = limits.as_json(result)
        else:
            self.triples = limits.as_set(result)

    @cached_property
    def boolean(self) -> bool:
        """The answer to ASK; otherwise whether there is any row or triple."""
        if self.kind == "ask":
            return bool(self._results())
        return bool(self.terms)

    @cached_property
    def variables(self) -> list[str]:
        """The columns, in the query's order; subject, predicate and object for triples; none for ASK."""
        if self.kind == "graph":
            return TRIPLE
        results = self._results()
        return [v.value for v in results.variables] if isinstance(results, QuerySolutions) else []

    @cached_property
    def terms(self) -> list[list[Term | None]]:
        """The rows as RDF terms, in the order of `variables`."""
        if self.kind == "graph":
            return [[t.subject, t.predicate, t.object] for t in self.triples]
        results = self._results()
        return [list(row) for row in results] if isinstance(results, QuerySolutions) else []

    @cached_property
    def rows(self) -> list[dict[str, Value]]:
        """The rows with full IRIs, and numbers, truth values and dates as Python values; None where unbound."""
        return [dict(zip(self.variables, map(to_python, row), strict=True)) for row in self.terms]

    def readable(self) -> list[dict[str, str]]:
        """Return the rows for people: identifiers and labels in place of IRIs, empty where unbound."""
        return [dict(zip(self.variables, map(self._labels.shown, row), strict=True)) for row in self.terms]

    def condensed(self) -> tuple[list[str], list[list[list[Term]]]]:
        """Return columns and rows made shorter for people: see condense."""
        return condense(self.variables, self.terms)

    def serialize(self, media_type: str) -> bytes:
        """Write the answer in a format by its media type or short name (formats.py), UTF-8.

        Raises NotAcceptable, with the list, when an answer of this kind, or this very one, has no such form.
        """
        chosen = find_format(media_type, self.kind)
        try:
            return self._written(chosen.writer)
        except (OSError, ValueError) as error:  # OSError: JSON-LD has no form for a triple as object
            others = [form.media_type for form in formats_for(self.kind) if form != chosen]
            raise NotAcceptable(f"This answer cannot be written as {media_type}: {error}.", others) from error

    def to_table(self, width: int | None = None) -> str:
        """Lay the rows out as text, at most `width` characters wide where that is given."""
        if self.kind == "ask":
            return "yes" if self.boolean else "no"
        return to_table(self.variables, [[self._labels.shown(term) for term in row] for row in self.terms], width)

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a pandas frame: labels in place of IRIs, numbers as numbers.

        Raises KgServiceError when pandas is not installed.
        """
        return to_frame([[self._in_frame(term) for term in row] for row in self.terms], self.variables)

    def __repr__(self) -> str:
        """Say of what kind and size it is; `to_table` shows what is in it."""
        size = f"yes={self.boolean}" if self.kind == "ask" else f"{len(self.terms)} rows of {', '.join(self.variables)}"
        return f"<Answer {self.kind}: {size}>"

    def _repr_html_(self) -> str:
        """Show the answer as a table in a notebook."""
        if self.kind == "ask":
            return f"<p>{self.to_table()}</p>"
        columns, condensed = self.condensed()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
        rows = ("".join(f"<td>{', '.join(map(self._html, cell))}</td>" for cell in row) for row in condensed)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _html(self, term: Term) -> str:
        shown = html.escape(self._labels.shown(term))
        if isinstance(term, NamedNode) and term.value.startswith(("http://", "https://")):
            return f'<a href="{html.escape(term.value)}">{shown}</a>'
        return shown

    def _in_frame(self, term: Term | None) -> Value:
        if not isinstance(term, Literal):
            return None if term is None else self._labels.shown(term)
        value = to_python(term)
        return float(value) if isinstance(value, Decimal) else value

    def _written(self, writer: QueryResultsFormat | RdfFormat) -> bytes:
        if isinstance(writer, RdfFormat):
            content = serialize(self.triples, format=writer, prefixes=dict(self._prefixes)) or b""
        elif writer == QueryResultsFormat.JSON:
            return self._json
        else:
            content = self._results().serialize(format=writer) or b""
        if writer in {RdfFormat.RDF_XML, QueryResultsFormat.XML} and NOT_XML.search(content):
            raise ValueError("XML has no form for control characters, nor for properties that do not end in a name")
        return content

    def _results(self) -> QuerySolutions | QueryBoolean:
        return parse_query_results(self._json, format=QueryResultsFormat.JSON)


def to_python(term: Term | None) -> Value:
    """Return the Python value of a term: IRIs and texts as str, numbers, truth values and dates as such."""
    if isinstance(term, NamedNode):
        return term.value
    if not isinstance(term, Literal):
        return None if term is None else str(term)
    try:
        return PYTHON.get(term.datatype.value, str)(term.value)
    except (ValueError, KeyError, InvalidOperation):
        return term.value

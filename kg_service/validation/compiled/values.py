"""RDF terms as compiled queries use them.

An IRI or blank node is a Python text, a literal a Value, and None stands for what is unbound or in error: SPARQL treats
the two alike wherever a value is used (https://www.w3.org/TR/sparql11-query/#evaluation). Literals are read as Oxigraph
does, which is the store of the reference engine.
"""

from __future__ import annotations

import math
import re
import struct
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

from pyoxigraph import BlankNode, NamedNode, Quad, Store
from pyoxigraph import Literal as RdfLiteral

from kg_service.knowledge.namespaces import XSD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INTEGER, DECIMAL, DOUBLE, BOOLEAN, STRING, DATE, DATE_TIME, YEAR, YEAR_MONTH, FLOAT = (
    XSD + name
    for name in (
        "integer", "decimal", "double", "boolean", "string", "date", "dateTime", "gYear", "gYearMonth", "float",
    )
)  # fmt: skip
DERIVED_INTEGERS = frozenset(
    XSD + name
    for name in (
        "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
        "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
    )
)  # fmt: skip
RDF_LANGUAGE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
CACHED = 16_384  # literals read lately: dates, numbers and statuses recur from patient to patient


DATED, ZONE = r"\d{4}-\d\d-\d\d", r"(?:Z|[+-]\d\d:\d\d)?"
NUMERAL = r"[+-]?(?:\d+\.?\d*|\.\d+)"
LEXICAL = {
    datatype: re.compile(pattern, re.ASCII)
    for datatype, pattern in {
        INTEGER: r"[+-]?\d+",
        DECIMAL: NUMERAL,
        DOUBLE: rf"{NUMERAL}(?:[eE][+-]?\d+)?|[+-]?(?i:inf)|(?i:nan)",
        BOOLEAN: "true|false|1|0",
        DATE: DATED + ZONE,
        DATE_TIME: rf"{DATED}T\d\d:\d\d:\d\d(?:\.\d{{1,6}})?{ZONE}",
        YEAR: r"\d{4}",
        YEAR_MONTH: r"\d{4}-\d\d",
    }.items()
}
LEXICAL[FLOAT] = LEXICAL[DOUBLE]
LARGEST = 2**63  # integers are those of 64 bits
EXACT = Context(prec=60)


class Single(float):
    """A float of 32 bits."""

    def __new__(cls, of: float | Decimal | str) -> Self:
        """Round to 32 bits; what is too large is infinite."""
        try:
            return super().__new__(cls, struct.unpack("f", struct.pack("f", float(of)))[0])
        except OverflowError:
            return super().__new__(cls, math.copysign(math.inf, float(of)))


class Day(datetime):
    """A date, as the moment when it begins."""


class Year(datetime):
    """A year, as the moment when it begins."""


class YearMonth(datetime):
    """A month of a year, as the moment when it begins."""


class Value(NamedTuple):
    """A literal; `python` is what it counts as when compared (None: only equal to itself)."""

    lexical: str
    datatype: str
    language: str | None
    python: Any


Term: TypeAlias = "str | Value"
Found: TypeAlias = "Term | None"


def literal(lexical: str, datatype: str, language: str | None = None) -> Value:
    """Return a literal by its parts, in the form in which a store that holds values gives it back."""
    if datatype == STRING or language:  # a text may tell of somebody: none is kept
        return Value(lexical, datatype, language, None if language else lexical)
    return _typed(lexical, datatype)


@lru_cache(maxsize=CACHED)
def _typed(lexical: str, datatype: str) -> Value:
    found = _python(lexical, datatype)
    if found is None:
        return Value(lexical, datatype, None, None)
    return Value(
        _canonical(found, lexical, datatype),
        INTEGER if isinstance(found, int) and datatype != BOOLEAN else datatype,
        None,
        found,
    )


def term(given: object) -> Term:
    """Return a term of pyoxigraph as one of this module."""
    if given.__class__ is NamedNode:
        return given.value
    if isinstance(given, RdfLiteral):
        return literal(given.value, given.datatype.value, given.language)
    assert isinstance(given, BlankNode)  # noqa: S101 - narrows the type: nothing else is in a case
    return f"_:{given.value}"


def _python(lexical: str, datatype: str) -> object:
    """Return what a literal counts as; None when it is ill-typed, or of a type whose order is not known here."""
    kind = INTEGER if datatype in DERIVED_INTEGERS else datatype
    if kind not in LEXICAL or not LEXICAL[kind].fullmatch(lexical):
        return None
    try:
        return READERS[kind](lexical)
    except (ValueError, InvalidOperation):
        return None


def _integer(lexical: str) -> int | None:
    found = int(lexical)
    return found if -LARGEST <= found < LARGEST else None


READERS: Mapping[str, Callable[[str], object]] = {
    INTEGER: _integer,
    DECIMAL: lambda lexical: Decimal(lexical) or Decimal(),  # no decimal is a negative zero
    DOUBLE: float,
    FLOAT: Single,
    BOOLEAN: frozenset({"true", "1"}).__contains__,
    DATE: lambda lexical: Day.fromisoformat(f"{lexical[:10]}T00:00:00{lexical[10:]}"),
    DATE_TIME: datetime.fromisoformat,
    YEAR: lambda lexical: Year(int(lexical), 1, 1),
    YEAR_MONTH: lambda lexical: YearMonth.fromisoformat(f"{lexical}-01"),
}


def _canonical(found: object, lexical: str, datatype: str) -> str:
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int):
        return str(found)
    if isinstance(found, Decimal):
        return f"{found.normalize(EXACT):f}"
    if isinstance(found, Day | Year | YearMonth) and not found.tzinfo:
        return lexical
    return _stored(lexical, datatype)


def _stored(lexical: str, datatype: str) -> str:
    """Return the form in which the store gives back a literal of a rarer kind."""
    node = NamedNode(datatype)
    store = Store()
    store.add(Quad(node, node, RdfLiteral(lexical, datatype=node)))
    (stored,) = store.quads_for_pattern(None, None, None)
    assert isinstance(stored.object, RdfLiteral)  # noqa: S101 - narrows the type
    return stored.object.value


TRUE, FALSE = literal("true", BOOLEAN), literal("false", BOOLEAN)


def text(of: str) -> Value:
    """Return a plain string literal."""
    return literal(of, STRING)


def number(of: Decimal | float) -> Value:
    """Return a computed number as a literal."""
    if isinstance(of, float):  # not kept: 0.0 and -0.0 are one key
        return literal(str(of), FLOAT if isinstance(of, Single) else DOUBLE)
    return _exact(of)


@lru_cache(maxsize=CACHED, typed=True)
def _exact(of: Decimal | int) -> Value:
    if isinstance(of, int):
        return literal(str(of), INTEGER)
    return literal(f"{of:f}", DECIMAL)

"""SPARQL's operators, functions and aggregates on the terms of compiled queries, as Oxigraph works them out.

A comparison gives True, False or, in error, None (https://www.w3.org/TR/sparql11-query/#SparqlOps).
"""

from __future__ import annotations

import math
import operator
from datetime import timedelta, timezone
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode

from kg_service.validation.compiled.values import (
    CACHED,
    EXACT,
    INTEGER,
    LARGEST,
    RDF_LANGUAGE,
    STRING,
    Found,
    Single,
    Term,
    Value,
    literal,
    number,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

SMALLEST = Decimal("1e-18")  # decimals have 18 digits after the point
UNZONED = (timezone(timedelta(hours=14)), timezone(timedelta(hours=-14)))  # where a day begins first and last


def truth(of: Found) -> bool | None:
    """Return the effective boolean value (https://www.w3.org/TR/sparql11-query/#ebv)."""
    if not isinstance(of, Value) or of.python is None:
        return None
    if isinstance(of.python, bool | str | int | Decimal | float):
        return bool(of.python) and of.python == of.python
    return None


def shown(of: Found) -> Value | None:
    """STR: the text of an IRI or literal."""
    if of is None or (isinstance(of, str) and of.startswith("_:")):
        return None
    return text(of if isinstance(of, str) else of.lexical)


def iri(of: Found) -> str | None:
    """IRI: an IRI by its text; in error where the text is none, or a relative one."""
    if isinstance(of, Value):
        return _iri(of.lexical) if of.datatype == STRING else None
    return None if of and of.startswith("_:") else of


@lru_cache(maxsize=CACHED)
def _iri(lexical: str) -> str | None:
    try:
        return NamedNode(lexical).value
    except ValueError:
        return None


def concatenated(*parts: Found) -> Value | None:
    """CONCAT: string literals one after the other; in error where one is none."""
    texts, languages = [], set()
    for part in parts:
        if not isinstance(part, Value) or not (part.datatype == STRING or part.language):
            return None
        texts.append(part.lexical)
        languages.add(part.language)
    joined = "".join(texts)
    language = languages.pop() if len(languages) == 1 else None
    return literal(joined, RDF_LANGUAGE, language) if language else text(joined)


def coalesced(*parts: Found) -> Found:
    """COALESCE over values that are already worked out: none of them can be told from an error."""
    return next((part for part in parts if part is not None), None)


def same(one: Found, other: Found) -> bool | None:
    """Return whether two terms are equal: `=`."""
    if one is None or other is None:
        return None
    if not isinstance(one, Value) or not isinstance(other, Value):
        return one == other
    if one == other:
        return True
    if one.python is None or other.python is None:
        return False if one.language or other.language else None
    a, b = one.python, other.python
    if type(a) is not type(b):
        if type(a) not in NUMERIC or type(b) not in NUMERIC:
            return False
        a, b = _aligned(a, b)
    return bool(a == b)


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Found, Found], bool | None]:
    def ordered(one: Found, other: Found) -> bool | None:
        if one.__class__ is not Value or other.__class__ is not Value:
            return compare(0, 0) if one is not None and one == other else None
        a, b = one[3], other[3]
        if a.__class__ is not b.__class__ and not (a.__class__ in EXACT_TYPES and b.__class__ in EXACT_TYPES):
            if a.__class__ not in NUMERIC or b.__class__ not in NUMERIC:
                return None
            a, b = _aligned(a, b)
        if a.__class__ in UNORDERED:
            return compare(one[0], other[0]) if one == other or (one[2] and one[2] == other[2]) else None
        try:
            return compare(a, b)
        except TypeError:
            return _across_zones(compare, a, b)

    return ordered


def _across_zones(compare: Callable[[Any, Any], bool], a: datetime, b: datetime) -> bool | None:
    """Compare a moment of a time zone with one of none: only if it is the same wherever that one is."""
    pairs = [(a.replace(tzinfo=a.tzinfo or zone), b.replace(tzinfo=b.tzinfo or zone)) for zone in UNZONED]
    if all(one < other for one, other in pairs):
        return compare(0, 1)
    return compare(1, 0) if all(one > other for one, other in pairs) else None


less, greater, at_most, at_least = map(_ordering, (operator.lt, operator.gt, operator.le, operator.ge))


UNORDERED = frozenset({type(None), bool})  # unless they are texts of one language
EXACT_TYPES = frozenset({int, Decimal})  # Python compares and reckons with both as they are
NUMERIC = EXACT_TYPES | {float, Single}


def _aligned(*of: Any) -> tuple[Any, Any]:  # noqa: ANN401 - numbers
    """Return two numbers as ones of the same type."""
    kinds = {*map(type, of)}
    one, other = map(float if float in kinds else Single if Single in kinds else Decimal, of)
    return one, other


def _arithmetic(
    apply: Callable[[Any, Any], Any],
) -> Callable[[Found, Found], Value | None]:
    def worked_out(one: Found, other: Found) -> Value | None:
        if one.__class__ is not Value or other.__class__ is not Value:
            return None
        a, b = one[3], other[3]
        if type(a) not in EXACT_TYPES or type(b) not in EXACT_TYPES:
            if type(a) not in NUMERIC or type(b) not in NUMERIC:
                return None
            if type(a) is not type(b):
                a, b = _aligned(a, b)
        try:
            found = apply(a, b)
        except (ZeroDivisionError, InvalidOperation):
            return None
        if type(a) is Single:
            found = Single(found)
        if type(found) is Decimal:
            found = found.quantize(SMALLEST, rounding=ROUND_DOWN, context=EXACT)
        return number(found) if type(found) is not int or -LARGEST <= found < LARGEST else None

    return worked_out


def _divide(one: Any, other: Any) -> Any:  # noqa: ANN401 - numbers of one type
    if isinstance(one, float):
        return one / other if other else one * math.copysign(math.inf, other) if one else math.nan
    return EXACT.divide(Decimal(one), Decimal(other))


added, subtracted, multiplied, divided = map(_arithmetic, (operator.add, operator.sub, operator.mul, _divide))


def total(of: list[Found]) -> Value | None:
    """SUM: in error where something is no number."""
    found: Value | None = literal("0", INTEGER)
    for one in of:
        found = added(found, one)
    return found


def least(of: list[Found]) -> Found:
    """MIN, in the order of ORDER BY (https://www.w3.org/TR/sparql11-query/#modOrderBy)."""
    return _extreme(of, _precedes)


def most(of: list[Found]) -> Found:
    """MAX, in the order of ORDER BY."""
    return _extreme(of, lambda one, other: _precedes(other, one))


def _extreme(of: list[Found], beats: Callable[[Term, Term], bool]) -> Found:
    found = of[0] if of else None
    for one in of[1:]:
        if one is None or found is None:
            return None
        found = one if beats(one, found) else found
    return found


def _precedes(one: Term, other: Term) -> bool:
    """Tell whether a term comes before another: blank nodes, IRIs, literals; those without an order by their parts."""
    if isinstance(one, Value) and isinstance(other, Value):
        found = less(one, other)
        parts = (one.lexical, one.datatype, one.language or "") < (other.lexical, other.datatype, other.language or "")
        return parts if found is None else found
    return (isinstance(one, Value), not str(one).startswith("_:"), str(one)) < (
        isinstance(other, Value),
        not str(other).startswith("_:"),
        str(other),
    )

"""RDF terms and SPARQL's operators on them, as compiled queries use them.

An IRI or blank node is a Python text, a literal a Value, and None stands for what is unbound or in error: SPARQL treats
the two alike wherever a value is used (https://www.w3.org/TR/sparql11-query/#evaluation). A comparison gives True, False
or, in error, None.
"""

from __future__ import annotations

import operator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from pyoxigraph import BlankNode, NamedNode
from pyoxigraph import Literal as RdfLiteral

from kg_service.knowledge.namespaces import XSD

if TYPE_CHECKING:
    from collections.abc import Callable

INTEGER, DECIMAL, DOUBLE, BOOLEAN, STRING = (
    XSD + name for name in ("integer", "decimal", "double", "boolean", "string")
)
DERIVED_INTEGERS = frozenset(
    XSD + name
    for name in (
        "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
        "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
    )
)  # fmt: skip
CACHED = 65_536  # literals read lately: dates, numbers and statuses recur from patient to patient


class Value(NamedTuple):
    """A literal; `python` is what it counts as when compared (None: only equal to itself)."""

    lexical: str
    datatype: str
    language: str | None
    python: Any


Term: TypeAlias = "str | Value"
Found: TypeAlias = "Term | None"


@lru_cache(maxsize=CACHED)
def literal(lexical: str, datatype: str, language: str | None = None) -> Value:
    """Return a literal by its parts; numbers and truth values in canonical form, as a store that holds values has them."""
    found = None if language else _python(lexical, datatype)
    return Value(_canonical(found, lexical), datatype, language, found)


def term(given: object) -> Term:
    """Return a term of pyoxigraph as one of this module."""
    if isinstance(given, NamedNode):
        return given.value
    if isinstance(given, RdfLiteral):
        return literal(given.value, given.datatype.value, given.language)
    assert isinstance(given, BlankNode)  # noqa: S101 - narrows the type: nothing else is in a case
    return f"_:{given.value}"


def _python(lexical: str, datatype: str) -> object:
    """Return what a literal counts as; None when it is ill-typed, or of a type whose order is not known here."""
    try:
        if datatype == STRING:
            return lexical
        if datatype == INTEGER or datatype in DERIVED_INTEGERS:
            return int(lexical)
        if datatype == DECIMAL:
            return Decimal(lexical)
        if datatype in {DOUBLE, XSD + "float"}:
            return float(lexical)
        if datatype == BOOLEAN:
            return {"true": True, "1": True, "false": False, "0": False}[lexical]
        if datatype == XSD + "date":
            return date.fromisoformat(lexical)
        if datatype == XSD + "dateTime":
            return datetime.fromisoformat(lexical)
    except (ValueError, InvalidOperation, KeyError):
        return None
    return None


def _canonical(found: object, lexical: str) -> str:
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int):
        return str(found)
    return f"{found.normalize():f}" if isinstance(found, Decimal) and found.is_finite() else lexical


TRUE, FALSE = literal("true", BOOLEAN), literal("false", BOOLEAN)


def text(of: str) -> Value:
    """Return a plain string literal."""
    return literal(of, STRING)


@lru_cache(maxsize=CACHED, typed=True)
def number(of: int | Decimal | float) -> Value:
    """Return a computed number as a literal."""
    return literal(str(of), INTEGER if isinstance(of, int) else DECIMAL if isinstance(of, Decimal) else DOUBLE)


def truth(of: Found) -> bool | None:
    """Return the effective boolean value (https://www.w3.org/TR/sparql11-query/#ebv)."""
    if not isinstance(of, Value) or of.python is None:
        return None
    if isinstance(of.python, bool | str | int | Decimal | float):
        return bool(of.python) and of.python == of.python  # noqa: PLR0124 - NaN is false
    return None


def shown(of: Found) -> Value | None:
    """STR: the text of an IRI or literal."""
    if of is None or (isinstance(of, str) and of.startswith("_:")):
        return None
    return text(of if isinstance(of, str) else of.lexical)


def iri(of: Found) -> str | None:
    """IRI: an IRI by its text."""
    if isinstance(of, Value):
        return of.lexical if of.datatype == STRING else None
    return of


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


RDF_LANGUAGE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"


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
    if _kind(one.python) is not _kind(other.python):
        return False
    try:
        return bool(one.python == other.python)
    except TypeError:
        return None


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Found, Found], bool | None]:
    def ordered(one: Found, other: Found) -> bool | None:
        if one.__class__ is not Value or other.__class__ is not Value:
            return None
        a, b = one[3], other[3]
        if a.__class__ is not b.__class__ and _kind(a) is not _kind(b):
            return None
        try:
            return compare(a, b)
        except TypeError:  # without order, or a date-time with a time zone beside one without
            return None

    return ordered


less, greater, at_most, at_least = map(_ordering, (operator.lt, operator.gt, operator.le, operator.ge))


NUMERIC = frozenset({int, Decimal, float})


def _kind(of: object) -> type:
    """Return the type within which values have an order; all numbers are of one."""
    kind = type(of)
    return float if kind in {int, Decimal} else kind


def _arithmetic(
    apply: Callable[[Any, Any], Any],
) -> Callable[[Found, Found], Value | None]:
    def worked_out(one: Found, other: Found) -> Value | None:
        if one.__class__ is not Value or other.__class__ is not Value:
            return None
        a, b = one[3], other[3]
        if not (type(a) is int is type(b)):
            if type(a) not in NUMERIC or type(b) not in NUMERIC:
                return None
            if type(a) is not type(b):
                a, b = (float(a), float(b)) if float in {type(a), type(b)} else (Decimal(a), Decimal(b))
        try:
            return number(apply(a, b))
        except (ZeroDivisionError, InvalidOperation):
            return None

    return worked_out


def _divide(one: Any, other: Any) -> Any:  # noqa: ANN401 - numbers of one type
    return Decimal(one) / Decimal(other) if isinstance(one, int) else one / other


added, subtracted, multiplied, divided = map(_arithmetic, (operator.add, operator.sub, operator.mul, _divide))


def total(of: list[Found]) -> Value | None:
    """SUM: in error where something is no number."""
    found: Value | None = literal("0", INTEGER)
    for one in of:
        found = added(found, one)
    return found


def least(of: list[Found]) -> Found:
    """MIN of values with an order."""
    return _extreme(of, less)


def most(of: list[Found]) -> Found:
    """MAX of values with an order."""
    return _extreme(of, greater)


def _extreme(of: list[Found], beats: Callable[[Found, Found], bool | None]) -> Found:
    found = of[0] if of else None
    for one in of[1:]:
        wins = beats(one, found)
        if wins is None:
            return None
        found = one if wins else found
    return found

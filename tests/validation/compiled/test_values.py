"""Terms compare, compute and convert as they do in Oxigraph: every pair of a list of awkward ones."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from kg_service.validation.compiled.values import Value, literal, term

from .conftest import PREFIXES, by_oxigraph, compiled, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service.validation.compiled.values import Found

NUMBERS = (
    "0", "-0.0", "0.0", "-0.0e0", "1", "-1", "2", "01",
    '"+5"^^xsd:integer', '"1"^^xsd:int', '"5"^^xsd:nonNegativeInteger',
    '"9223372036854775807"^^xsd:integer', '"9223372036854775808"^^xsd:integer', "1.0", "2.50", "0.1", "0.2",
    '"1."^^xsd:decimal', '".5"^^xsd:decimal', "1.0e0", "2.5e0", "0e0", '"INF"^^xsd:double', '"-INF"^^xsd:double',
    '"1.5"^^xsd:float', '"0.1"^^xsd:float', "0.1e0", "1.6e0", '"1.6"^^xsd:float', "1.6",
)  # fmt: skip
DATES = tuple(
    f'"{text}"^^xsd:{name}'
    for text, name in (
        ("2024-01-31", "date"), ("2024-02-01", "date"), ("2024-02-01Z", "date"), ("2024-02-03Z", "date"),
        ("2024-02-01+14:00", "date"), ("2024-02-01-10:00", "date"), ("2024-02-01+00:00", "date"),
        ("2024-02-01T00:00:00", "dateTime"), ("2024-02-01T00:00:00.50", "dateTime"),
        ("2024-02-01T23:00:00Z", "dateTime"),
        ("2024-02-01T10:00:00-05:00", "dateTime"), ("2024", "gYear"), ("2025", "gYear"), ("2024-02", "gYearMonth"),
    )
)  # fmt: skip
ILL_TYPED = tuple(
    f'"{text}"^^xsd:{name}'
    for text, name in (
        ("bad", "integer"), ("worse", "integer"), ("1_000", "integer"), (" 5", "integer"), ("1e3", "decimal"),
        ("yes", "boolean"), ("20240201", "date"), ("2024-W05-4", "date"), ("2023-02-30", "date"),
        ("2024-02-01", "dateTime"), ("24", "gYear"), ("2024-13", "gYearMonth"),
    )
)  # fmt: skip
OTHERS = (
    ":a", ":b", '""', '"x"', '"y"', '"1"', '"https://example.org/a"', '"x"@en', '"y"@en', '"x"@de', "true", "false",
    '"1"^^xsd:boolean', '"z"^^:unknown', '"y"^^:unknown',
)  # fmt: skip
TERMS = (*NUMBERS, *DATES, *ILL_TYPED, *OTHERS)
OF_TWO = (
    "?x = ?y", "?x != ?y", "?x < ?y", "?x > ?y", "?x <= ?y", "?x >= ?y", "?x && ?y", "?x || ?y", "?x IN (?y, :a)",
    "?x NOT IN (?y, 1)", "IF(?x, ?y, 0)", "COALESCE(?x + 1, ?y)", "CONCAT(?x, ?y)", "STR(?x) = STR(?y)", "?x + ?y",
    "?x * ?y", "IF(?x = 0, 0, ?x / ?y)",  # Oxigraph finds 0 divided by a decimal in error
)  # fmt: skip
OF_ONE = (
    "! ?x", "- ?x", "?x - 1", "?x - 0.5", "STR(?x)", "IRI(?x)", "CONCAT(?x)", "CONCAT(STR(?x), '!')", "?x = ?z",
    "BOUND(?x)",
)  # fmt: skip


def differences(query: str, terms: Sequence[str]) -> list[str]:
    """The rows that only one engine finds, on a graph with `:a :p` each of the terms; zero has no sign."""
    facts = read(f":a :p {', '.join(terms)} .")
    both = (compiled(query, facts), by_oxigraph(query, facts))
    ours, theirs = ({tuple(map(plain, row)) for row in rows} for rows in both)
    return [*(f"ours: {row}" for row in ours - theirs), *(f"Oxigraph's: {row}" for row in theirs - ours)]


def plain(of: Found) -> object:
    if not isinstance(of, Value):
        return of
    return "0" if of.lexical == "-0" else of.lexical, of.datatype, of.language


@pytest.mark.parametrize("expression", OF_TWO)
def test_two_terms(expression: str) -> None:
    assert differences(f"SELECT $this ?x ?y ({expression} AS ?v) WHERE {{ $this :p ?x ; :p ?y }}", TERMS) == []


@pytest.mark.parametrize("expression", OF_ONE)
def test_one_term(expression: str) -> None:
    assert differences(f"SELECT $this ?x ({expression} AS ?v) WHERE {{ $this :p ?x }}", TERMS) == []


@pytest.mark.parametrize("aggregate", ["MIN", "MAX", "SUM", "COUNT"])
def test_aggregates_of_two_terms(aggregate: str) -> None:
    query = f"SELECT $this ({aggregate}(?x) AS ?v) WHERE {{ $this :p ?x }} GROUP BY $this"
    pairs = itertools.combinations(("1", "-1", "2.5", "0e0", *DATES[::3], *ILL_TYPED[:3], *OTHERS), 2)
    assert [found for pair in pairs for found in differences(query, pair)] == []


def test_subtraction_of_dates_is_in_error() -> None:
    """The standard leaves it open; Oxigraph gives a duration. No rule may lean on it."""
    facts = read(':a :p "2024-01-31"^^xsd:date .')
    assert compiled("SELECT $this (?x - ?x AS ?v) WHERE { $this :p ?x }", facts) == {(PREFIXES[""] + "a", None)}


@pytest.mark.parametrize("written", TERMS)
def test_a_literal_is_what_a_store_gives_back(written: str) -> None:
    (read_back,) = by_oxigraph("SELECT ?x WHERE { :a :p ?x }", read(f":a :p {written} ."))
    (triple,) = read(f":a :p {written} .")
    assert read_back == (term(triple.object),)


def test_literals_of_long_standing_types_keep_their_datatype() -> None:
    assert literal("x", PREFIXES["xsd"] + "string").datatype == PREFIXES["xsd"] + "string"
    assert literal("5", PREFIXES["xsd"] + "int").datatype == PREFIXES["xsd"] + "integer"
    assert literal("bad", PREFIXES["xsd"] + "int").datatype == PREFIXES["xsd"] + "int"

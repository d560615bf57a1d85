"""Whatever query is compiled has the rows that Oxigraph finds: thousands of random ones on random small graphs.

Rows are compared as sets, as validation results are. Terms are compared as they come out of a store: numbers that are
computed in canonical form, in which the standard leaves a choice.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from decimal import Decimal

from kg_service.errors import ReleaseError
from kg_service.validation.compiled.values import Value

from .conftest import Rows, by_oxigraph, compiled, read
from .grammar import NODES, OF_GUIDELINE, OWN, Grammar, graph

COUNTED_TWICE = re.compile(r"(?:COUNT|SUM)\(.*\(:\w\|:\w\)")
"""A triple found by both of two alternatives (`|`) is two solutions; Oxigraph gives one. Only sums can tell."""
QUERIES = 1_500
"""How many queries are tried; by hand, 240,000 were."""


def sample(seed: int) -> tuple[str, str, str, str]:
    """A query, facts, facts of the guideline, and what `$this` is."""
    choose = random.Random(seed)  # noqa: S311 - a sample, no secret
    depth = seed % 4
    query = Grammar(choose).select(depth)
    return query, graph(choose, OWN, ":C", 14), graph(choose, OF_GUIDELINE, ":G", 6), choose.choice(NODES)


def by_value(rows: Rows) -> set[tuple[object, ...]]:
    """The rows, with numbers of all types as one type."""
    numbers = (int, float, Decimal)
    return {
        tuple(float(one.python) if isinstance(one, Value) and isinstance(one.python, numbers) else one for one in row)
        for row in rows
    }


def outcome(seed: int) -> str:
    """What became of a query: malformed, refused (and why), or compared; AssertionError where rows differ."""
    query, facts, guideline, this = sample(seed)
    try:
        expected = by_oxigraph(query, read(facts), this, read(guideline))
    except SyntaxError:
        return "malformed"
    try:
        found = compiled(query, read(facts), this, read(guideline))
    except ReleaseError as error:
        return f"refused: {error}"
    if COUNTED_TWICE.search(query):  # by the standard, not by Oxigraph
        return "counted"
    if "MIN(" in query or "MAX(" in query:  # of equal numbers either may be shown
        found, expected = by_value(found), by_value(expected)
    assert found == expected, (seed, query)
    return "compared, with rows" if expected else "compared"


def test_random_queries() -> None:
    outcomes = Counter(outcome(seed).partition(":")[0] for seed in range(QUERIES))
    assert outcomes["compared, with rows"] > QUERIES // 5
    assert outcomes["refused"] < QUERIES // 6

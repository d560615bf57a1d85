"""Why a row did not come: the fewest conditions of the query without which it would have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations, islice
from typing import TYPE_CHECKING

from pyoxigraph import Literal

from kg_service.provenance.conditions import pieces
from kg_service.provenance.query import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyoxigraph import Store

    from kg_service.provenance.query import Row, SelectQuery

MOST_TOGETHER = 2
"""How many conditions are left out together, in every combination: three of thirty would be thousands of queries."""

MOST_VALUES = 3
"""How many solutions are shown that would come without a condition."""

MOST_LOOKED_AT = 1000
"""Among how many solutions different ones are looked for."""

VARIABLE = re.compile(r"[?$](\w+)")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Conditions that keep a row away, all of them together, and the values that fail them."""

    conditions: tuple[str, ...]
    values: tuple[Row, ...]


def obstacles(query: SelectQuery, wanted: Mapping[str, Iterable[str]], store: Store) -> list[Obstacle]:
    """Return every smallest set of conditions without which a solution with the wanted values comes.

    `wanted` gives for some variables the texts or IRIs, one of which must be the value. Where more than two conditions
    fail together, one set is told: of the conditions in their order, those that do not go with the ones before them.
    """
    relaxed = _Relaxed(query, wanted, store)
    for size in range(1, MOST_TOGETHER + 1):
        if found := [each for left_out in combinations(relaxed.conditions, size) if (each := relaxed(left_out))]:
            return found
    one = relaxed(relaxed.failing())
    return [one] if one else []


def matching(wanted: Mapping[str, Iterable[str]]) -> str:
    """Return the FILTER clauses that hold where each variable has one of its wanted texts or IRIs."""
    return " ".join(
        f"FILTER(STR(?{name}) IN ({', '.join(str(Literal(text)) for text in texts)}))" for name, texts in wanted.items()
    )


class _Relaxed:
    """A query without some of its conditions."""

    def __init__(self, query: SelectQuery, wanted: Mapping[str, Iterable[str]], store: Store) -> None:
        self._query = query
        self._wanted = matching(wanted)
        self._store = store
        self._parts = pieces(query.where)
        self.conditions = [place for place, piece in enumerate(self._parts) if piece.kind and not self._holds(place)]

    def __call__(self, left_out: Iterable[int]) -> Obstacle | None:
        """Return the conditions left out as an obstacle, when solutions come without them."""
        texts = tuple(self._parts[place].text for place in left_out)
        looked_at = islice(self._solutions(left_out), MOST_LOOKED_AT)
        solutions = list(islice(_distinct(looked_at, VARIABLE.findall(" ".join(texts))), MOST_VALUES))
        return Obstacle(texts, tuple(row for row in solutions if row)) if solutions else None

    def failing(self) -> list[int]:
        """Return the conditions that do not go with those before them."""
        failing = list(self.conditions)
        for place in self.conditions:
            without = [other for other in failing if other != place]
            if any(True for _ in self._solutions(without)):
                failing = without
        return failing

    def _solutions(self, left_out: Iterable[int]) -> Iterator[Row]:
        where = " ".join(piece.text for place, piece in enumerate(self._parts) if place not in left_out)
        return run(self._query.whole(where, self._wanted), self._store, union=self._query.union)

    def _holds(self, place: int) -> bool:
        """Tell whether a condition on a thing that the query names is met, so that it keeps nothing away."""
        piece = self._parts[place]
        if piece.kind != "triple" or piece.text.startswith(("?", "$", "[", "_:")):
            return False
        text = f"{self._query.prologue}SELECT * {{ {piece.text} }}"
        return any(True for _ in run(text, self._store, union=self._query.union))


def _distinct(solutions: Iterable[Row], names: Iterable[str]) -> Iterator[Row]:
    """Yield the values of some variables, each combination once."""
    order = list(dict.fromkeys(names))
    seen: list[Row] = []
    for solution in solutions:
        row = {name: solution[name] for name in order if solution.get(name)}
        if row not in seen:
            seen.append(row)
            yield row

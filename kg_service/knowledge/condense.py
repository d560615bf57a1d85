"""An answer made shorter for people, without loss: the one way for terminal, notebook and page."""

from __future__ import annotations

import re
from itertools import compress, groupby
from typing import TYPE_CHECKING, TypeVar

from pyoxigraph import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")
NUMBER = re.compile(r"[-+]?[0-9]*\.?[0-9]+")


def condense(columns: Sequence[str], rows: Iterable[Sequence[T | None]]) -> tuple[list[str], list[list[list[T]]]]:
    """Leave out columns without any value, and let neighbours that differ in their first cell only share a row.

    Rows of numbers stay by themselves: a count that two things share would be read as that of both together. A cell of
    the result is the list of its values: none, one, or in the first column those of all rows that share it.
    """
    shared = list(_shared(list(rows)))
    used = [any(row[i] for row in shared) for i in range(len(columns))]
    if not any(used):
        return list(columns), shared
    return list(compress(columns, used)), [list(compress(row, used)) for row in shared]


def _shared(rows: Iterable[Sequence[T | None]]) -> Iterable[list[list[T]]]:
    """Join neighbours; rows of one column, of numbers, and those whose first cell is empty, stay by themselves."""
    for rest, neighbours in groupby(rows, key=lambda row: row[1:]):
        group = list(neighbours)
        tail = [[value] if value else [] for value in rest]
        firsts = [[row[0]] if row[0] else [] for row in group if row]
        if any(rest) and all(firsts) and not all(NUMBER.fullmatch(_text(value)) for value in rest if value):
            yield [[value for first in firsts for value in first], *tail]
        else:
            yield from ([first, *tail] for first in firsts)


def _text(value: object) -> str:
    return value.value if isinstance(value, Literal) else str(value)

"""Rows as text for people: cells that wrap, records where columns cannot fit."""

from __future__ import annotations

import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING

from kg_service.errors import KgServiceError
from kg_service.knowledge.condense import condense

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

GAP = "  "
NARROWEST = 10  # a column with longer cells is not made narrower than this
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet take a text for a formula
LONGEST_WORD = 20  # words up to this length are not broken


def to_table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> str:
    """Lay out `rows` under `columns`; cells wrap so that no line is longer than `width` (None: never wrap).

    What is laid out is condensed: see there.
    """
    columns, condensed = condense(columns, ([clean(cell) for cell in row] for row in rows))
    cells = [[", ".join(cell) for cell in row] for row in condensed]
    widths = _widths(columns, cells, width)
    if widths is None:
        return _records(columns, cells, width or 0)
    lines = [_line(columns, widths), _line(["-" * w for w in widths], widths)]
    for row in cells:
        wrapped = [textwrap.wrap(cell, w) or [""] for cell, w in zip(row, widths, strict=True)]
        lines += [_line(part, widths) for part in zip_longest(*wrapped, fillvalue="")]
    return "\n".join(lines)


def to_frame(rows: Iterable[Sequence[object]], columns: Sequence[str]) -> pd.DataFrame:
    """Return rows as a pandas frame; KgServiceError when pandas is not installed."""
    try:
        import pandas as pd  # noqa: PLC0415 - optional, and 0.5 s to import
    except ImportError as error:
        raise KgServiceError("pandas is not installed: pip install 'guideline-kg[pandas]'") from error
    return pd.DataFrame(rows, columns=list(columns))


def harmless(cell: str) -> str:
    """Return the cell as CSV can hold it: what a spreadsheet would run as a formula begins with an apostrophe."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def clean(cell: str) -> str:
    """Return the cell on one line, without characters that would steer a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in cell).split())


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)).rstrip()


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[int] | None:
    """Return each column's width, the widest columns narrowed first; None when they cannot all fit."""
    natural = (
        [max(map(len, column)) for column in zip(columns, *rows, strict=True)] if rows else list(map(len, columns))
    )
    natural = [max(1, w) for w in natural]
    if width is None:
        return natural
    least = [
        min(n, max(len(head), NARROWEST, _longest_word(row[i] for row in rows)))
        for i, (head, n) in enumerate(zip(columns, natural, strict=True))
    ]
    room = width - len(GAP) * (len(columns) - 1)
    if sum(least) > room:
        return None
    widths = [min(n, room) for n in natural]
    while sum(widths) > room:
        widest = max((i for i, w in enumerate(widths) if w > least[i]), key=lambda i: widths[i])
        widths[widest] -= 1
    return widths


def _longest_word(cells: Iterable[str]) -> int:
    return min(LONGEST_WORD, max((len(word) for cell in cells for word in cell.split()), default=0))


def _records(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Lay out each row as a block of `name  value` lines, leaving out what is empty."""
    names = max(map(len, columns))
    room = max(NARROWEST, width - names - len(GAP))
    lines = []
    for number, row in enumerate(rows, start=1):
        lines.append(f"[{number}]")
        for name, cell in zip(columns, row, strict=True):
            for label, part in zip_longest([name], textwrap.wrap(cell, room), fillvalue=""):
                if part:
                    lines.append(f"{label.ljust(names)}{GAP}{part}")
    return "\n".join(lines)

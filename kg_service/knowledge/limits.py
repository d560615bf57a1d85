"""How large an answer may become; by default, as large as it likes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import QueryResultsFormat, QuerySolutions, parse_query_results

from kg_service.errors import AnswerTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import ReadableBuffer
    from pyoxigraph import QueryBoolean, Triple

MEGABYTE = 1024 * 1024
SHORTEST_ROW = 3  # bytes in results JSON: an empty row and a comma


@dataclass(frozen=True, slots=True)
class Limits:
    """Most rows (or triples) and most bytes of an answer; beyond them there is AnswerTooLarge, never a part."""

    rows: int | None = None
    size: int | None = None

    def as_json(self, result: QuerySolutions | QueryBoolean) -> bytes:
        """Return the result as results JSON; what is too large is given up while it is written."""
        content = _Bounded(self)
        result.serialize(content, format=QueryResultsFormat.JSON)
        written = content.getvalue()
        if self.rows is not None and len(written) > self.rows * SHORTEST_ROW:
            self._count(parse_query_results(written, format=QueryResultsFormat.JSON))
        return written

    def as_set(self, triples: Iterable[Triple]) -> list[Triple]:
        """Return the triples, each once."""
        if self.rows is None:
            return list(dict.fromkeys(triples))
        found: dict[Triple, None] = {}
        for triple in triples:
            found[triple] = None
            if len(found) > self.rows:
                raise self._too_many()
        return list(found)

    def check_size(self, size: int) -> None:
        """Raise AnswerTooLarge for more bytes than may be sent."""
        if self.size is not None and size > self.size:
            raise AnswerTooLarge(
                f"The answer has more than {self.size / MEGABYTE:g} MB, the most that is sent. {_CURE}",
                limit="size",
                bytes=self.size,
            )

    def _count(self, rows: object) -> None:
        if isinstance(rows, QuerySolutions) and any(True for _ in islice(rows, self.rows, None)):
            raise self._too_many()

    def _too_many(self) -> AnswerTooLarge:
        return AnswerTooLarge(
            f"The answer has more than {self.rows:,} rows, the most that are sent. {_CURE}",
            limit="rows",
            rows=self.rows,
        )


_CURE = "Ask for less, or page through it with ORDER BY, LIMIT and OFFSET."


class _Bounded(io.BytesIO):
    """Bytes that do not grow beyond the limit."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits

    def write(self, written: ReadableBuffer) -> int:
        count = super().write(written)
        self._limits.check_size(self.tell())
        return count

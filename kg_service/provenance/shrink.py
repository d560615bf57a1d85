"""Delta debugging (Zeller, Hildebrandt 2002): from what suffices to a smallest part that still does."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def shrunk(items: Sequence[T], suffices: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return a part of `items`, in their order, that suffices and of which nothing can be left out.

    `items` must suffice. Ever smaller pieces are left out, as long as the rest suffices.
    """
    kept = list(items)
    size = max(1, len(kept) // 2)
    while True:
        before = len(kept)
        start = 0
        while start < len(kept):
            rest = kept[:start] + kept[start + size :]
            if suffices(rest):
                kept = rest
            else:
                start += size
        if size == 1 and len(kept) == before:
            return kept
        size = max(1, size // 2)

"""Names as people type them: folded for comparison, and the nearest ones offered when none fits."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

OFFERED = 5
FEW = 16


def fold(name: str) -> str:
    """Return `name` without difference of case and white space."""
    return " ".join(name.split()).casefold()


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return up to five known names close to `name`, or with a word of it; all when there are none and only a few."""
    by_folded = {fold(k): k for k in known}
    close = difflib.get_close_matches(fold(name), by_folded, n=OFFERED, cutoff=0.6)
    if not close:
        words = set(fold(name).split())
        close = sorted((one for one in by_folded if words & set(one.split())), key=len)[:OFFERED]
    if not close and len(by_folded) <= FEW:
        close = sorted(by_folded)
    return [by_folded[folded] for folded in close]

"""How names stand in texts: what comes before and after them, and the cues in them. All texts are folded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_WHOLE = 3
"""A longer cue may be only the beginning of a word."""

PARTS = re.compile(r"[,;/+\[\]()]|\band\b|\bwith\b")
STRENGTH = re.compile(r"[\s\d.,:%-]*(?:(?:mg|mcg|g|ml|hr|unt|actuat)\b[\s\d.,:%-]*)*")
WORD = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W\d_]+")
TAG = re.compile(r"\s*\([^()]*\)$")


def opens(text: str, start: int) -> bool:
    """Tell whether nothing but a strength stands before `start` in its part of the text."""
    return STRENGTH.fullmatch(PARTS.split(text[:start])[-1]) is not None


def closes(text: str, end: int, form_words: frozenset[str]) -> bool:
    """Tell whether nothing but words of form, strength and route stands after `end` in its part of the text."""
    after = PARTS.search(text, end)
    words = WORD.findall(text, end, after.start() if after else len(text))
    return form_words.issuperset(word.replace(".", "") for word in words)  # "s.c." is "sc"


def without_tag(text: str) -> str:
    """Return a text without what stands in brackets at its end, as in "disease (disorder)"."""
    return TAG.sub("", text)


def cue_pattern(cues: Iterable[str]) -> re.Pattern[str]:
    """Return the pattern that gives, for every beginning of a word, the longest cue there as its first group."""
    longest_first = sorted(cues, key=lambda cue: (-len(cue), cue))
    either = "|".join(re.escape(cue) + ("" if len(cue) > LONGEST_WHOLE else r"(?!\w)") for cue in longest_first)
    return re.compile(rf"(?<!\w)(?=({either or '(?!)'}))")

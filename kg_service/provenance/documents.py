"""A document as plain text: read where it lies, kept nowhere, and split into passages with their digests.

The digest of a passage is the SHA-256 of its text without list bullet, with its citation numerals, after Unicode NFC
and with every run of white space folded to one space.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from kg_service.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

BULLET = re.compile(r"^\s*[•◦▪‣●○*\u2013-]\s+")
LONGEST = 20  # lines with text that one passage may run over


class Passage(NamedTuple):
    """A line of a document that holds text, or several that belong together: first line (from 1), words, digest."""

    line: int
    words: str
    digest: str


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, without byte order mark; DocumentError when it cannot be read as such."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}. Give a file of plain text.") from error
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path} is not UTF-8 at byte {error.start}: save it as plain text in UTF-8.") from error


def fold(text: str) -> str:
    """Return the text in Unicode NFC, every run of white space as one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def digest(text: str) -> str:
    """Return the digest of a passage without list bullet, as `gkg:textDigest` has it."""
    return f"sha256:{hashlib.sha256(fold(text).encode()).hexdigest()}"


def split(text: str, known: Collection[str] = ()) -> Iterator[Passage]:
    """Yield the passages of a text: its lines, joined where several together have a known digest."""
    numbered = ((number, fold(BULLET.sub("", line, count=1))) for number, line in enumerate(text.splitlines(), start=1))
    lines = [(number, words) for number, words in numbered if words]
    start = 0
    while start < len(lines):
        following = [words for _, words in lines[start : start + LONGEST]]
        length = _known_length(following, known)
        words = " ".join(following[:length])
        yield Passage(lines[start][0], words, digest(words))
        start += length


def _known_length(lines: Sequence[str], known: Collection[str]) -> int:
    """Return how many of the lines, from the first on, make a known passage; 1 when none do."""
    lengths = range(1, len(lines) + 1)
    return next((length for length in lengths if digest(" ".join(lines[:length])) in known), 1)

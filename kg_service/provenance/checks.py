"""The checks of the audit: SPARQL files whose headers say what they find, how grave it is, and what columns hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from kg_service.errors import ReleaseError
from kg_service.knowledge.questions import Question, read_header, read_question

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kg_service.knowledge.release import Release


class Level(IntEnum):
    """How grave a finding is; a measurement only counts."""

    MEASUREMENT = 0
    NOTE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The word for it, as headers and reports have it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its query, the level of all its findings, and what each column holds, in the query's order."""

    question: Question
    level: Level
    columns: Mapping[str, str]


def read_checks(release: Release) -> list[Check]:
    """Read all checks of the release, the gravest first, measurements last.

    Raises ReleaseError, with the file's name and the cure, when a header is incomplete.
    """
    checks = [_read(path, release.name_of(path)) for path in release.audit_queries]
    return sorted(checks, key=lambda check: (-check.level, check.question.name))


def _read(path: Path, place: str) -> Check:
    question = read_question(path, place)
    header = read_header(question.text, place)
    levels = {level.label: level for level in Level}
    if header.get("level") not in levels:
        raise ReleaseError(f"{place}: the header's level must be one of {', '.join(levels)}.")
    columns = header.get("columns")
    if not isinstance(columns, dict):
        raise ReleaseError(f"{place}: the header lacks columns: give each column's name and what it holds.")
    return Check(question, levels[header["level"]], {str(name): str(text) for name, text in columns.items()})

"""Property paths as trees (https://www.w3.org/TR/sparql11-query/#propertypaths)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from kg_service.errors import ReleaseError
from kg_service.knowledge.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service.knowledge.tokens import Token
    from kg_service.validation.compiled.expressions import Names

STEPS = {"?": (0, 1), "*": (0, None), "+": (1, None)}


class Link(NamedTuple):
    """One predicate."""

    predicate: str


class Inverse(NamedTuple):
    """A path walked from its end to its start."""

    path: Path


class Sequence_(NamedTuple):  # noqa: N801 - Sequence is Python's
    """Paths one after the other."""

    paths: tuple[Path, ...]


class Either(NamedTuple):
    """One of several predicates."""

    predicates: tuple[str, ...]


class Repeated(NamedTuple):
    """A predicate walked `least` to `most` times (None: any number)."""

    predicate: str
    least: int
    most: int | None


Path: TypeAlias = "Link | Inverse | Sequence_ | Either | Repeated"


def read_path(written: str, names: Names) -> Path:
    """Return the tree of a path; ReleaseError for what is not supported in it."""
    return _Parser([*tokens(written)], names).alternatives()


class _Parser:
    def __init__(self, found: Sequence[Token], names: Names) -> None:
        self._found = found
        self._names = names
        self._at = 0

    def alternatives(self) -> Path:
        found = [self._sequence()]
        while self._next == "|":
            self._at += 1
            found.append(self._sequence())
        if len(found) == 1:
            return found[0]
        return either(found)

    def _sequence(self) -> Path:
        found = [self._element()]
        while self._next == "/":
            self._at += 1
            found.append(self._element())
        return found[0] if len(found) == 1 else Sequence_(tuple(found))

    def _element(self) -> Path:
        if self._next == "^":
            self._at += 1
            return Inverse(self._element())
        if self._next == "!":
            raise ReleaseError("A negated path (!) is not supported: name the predicates that are meant.")
        if self._next == "(":
            self._at += 1
            found = self.alternatives()
            self._at += 1
        else:
            found = Link(self._names.iri(self._found[self._at]))
            self._at += 1
        if self._next in STEPS:
            self._at += 1
            return repeated(found, *STEPS[self._found[self._at - 1].text])
        return found

    @property
    def _next(self) -> str:
        return self._found[self._at].text if self._at < len(self._found) else ""


def either(paths: Sequence[Path]) -> Either:
    """Return alternatives of single predicates; ReleaseError for others."""
    links = [path.predicate for path in paths if isinstance(path, Link)]
    if len(links) != len(paths):
        raise ReleaseError("Alternatives (|) of anything but single predicates are not supported: write UNION.")
    return Either(tuple(links))


def repeated(path: Path, least: int, most: int | None) -> Repeated:
    """Return a repetition of one predicate; ReleaseError for that of another path."""
    if not isinstance(path, Link):
        raise ReleaseError("Only a single predicate may be repeated (?, *, +) in a path: rewrite the path.")
    return Repeated(path.predicate, least, most)

"""Triples indexed for compiled queries: by predicate and subject, and by predicate and object."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg_service.validation.compiled.values import Term, term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyoxigraph import Triple

Index = defaultdict[str, defaultdict[Term, list[Term]]]
NOTHING: Mapping[Term, list[Term]] = {}


def _lists() -> defaultdict[Term, list[Term]]:
    return defaultdict(list)


class Facts:
    """A set of triples; `objects[predicate][subject]` and `subjects[predicate][object]` list what goes with it."""

    __slots__ = ("objects", "subjects")

    def __init__(self, triples: Iterable[Triple] = ()) -> None:
        """Index triples of pyoxigraph."""
        self.objects: Index = defaultdict(_lists)
        self.subjects: Index = defaultdict(_lists)
        for subject, predicate, obj in triples:
            self.add(term(subject), predicate.value, term(obj))

    def add(self, subject: Term, predicate: str, obj: Term) -> None:
        """Add a triple, once."""
        objects = self.objects[predicate][subject]
        if obj not in objects:
            objects.append(obj)
            self.subjects[predicate][obj].append(subject)

    def texts(self, subject: str, predicate: str) -> list[str]:
        """Return the IRIs and lexical forms that a node has for a predicate."""
        found = self.objects.get(predicate, NOTHING).get(subject, ())
        return [one if isinstance(one, str) else one.lexical for one in found]

    def nodes(self, predicate: str, obj: str) -> list[str]:
        """Return the nodes that have an IRI for a predicate."""
        return [one for one in self.subjects.get(predicate, NOTHING).get(obj, ()) if isinstance(one, str)]


def reached(index: Mapping[Term, list[Term]], start: Term, *, least: int, most: int | None) -> Iterator[Term]:
    """Yield each node that lies `least` (0 or 1) to `most` (1; None: any number of) steps from `start`, once."""
    seen = {start} if not least else set[Term]()
    if not least:
        yield start
    pending = [start]
    steps = 0
    while pending and (most is None or steps < most):
        steps += 1
        found = [node for one in pending for node in index.get(one, ())]
        pending = [node for node in dict.fromkeys(found) if node not in seen]
        seen.update(pending)
        yield from pending

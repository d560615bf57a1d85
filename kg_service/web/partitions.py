"""Counts classes and properties, and notes which properties the members of each class bear (VoID's partitions)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg_service.knowledge.namespaces import TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Partitions:
    """Numbers of triples by property and of members by class, and the properties of each class's members."""

    properties: Mapping[ox.NamedNode, int]
    members: Mapping[ox.NamedNode, int]
    usage: Mapping[ox.NamedNode, set[ox.NamedNode]]

    @property
    def namespaces(self) -> list[str]:
        """Namespaces of the classes and properties in use, in order."""
        return sorted({_namespace(term.value) for term in (*self.properties, *self.members)})


def count(triples: Iterable[ox.Triple]) -> Partitions:
    """Count the partitions of a set of triples."""
    known = list(triples)
    classes: dict[object, list[ox.NamedNode]] = defaultdict(list)
    for triple in known:
        if triple.predicate == TYPE and isinstance(triple.object, ox.NamedNode):
            classes[triple.subject].append(triple.object)
    usage: dict[ox.NamedNode, set[ox.NamedNode]] = defaultdict(set)
    for triple in known:
        for cls in classes.get(triple.subject, ()):
            usage[cls].add(triple.predicate)
    return Partitions(
        properties=Counter(triple.predicate for triple in known),
        members=Counter(cls for own in classes.values() for cls in own),
        usage=usage,
    )


def _namespace(iri: str) -> str:
    cut = max(iri.rfind("#"), iri.rfind("/"))
    return iri[: cut + 1]

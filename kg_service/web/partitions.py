"""Counts which classes bear which properties, and with what at their other end (the partitions of VoID)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg_service.web.rdf import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Usage:
    """How members of one class use one property."""

    triples: int
    object_classes: Mapping[ox.NamedNode, int]
    datatypes: Mapping[ox.NamedNode, int]


@dataclass(frozen=True)
class Partitions:
    """Numbers of triples by property, of members by class, and the usage of properties by class."""

    properties: Mapping[ox.NamedNode, int]
    members: Mapping[ox.NamedNode, int]
    usage: Mapping[ox.NamedNode, Mapping[ox.NamedNode, Usage]]

    @property
    def namespaces(self) -> list[str]:
        """Namespaces of the classes and properties in use, in order."""
        return sorted({_namespace(term.value) for term in (*self.properties, *self.members)})


class _Tally:
    def __init__(self) -> None:
        self.triples = 0
        self.object_classes: Counter[ox.NamedNode] = Counter()
        self.datatypes: Counter[ox.NamedNode] = Counter()

    def usage(self) -> Usage:
        return Usage(self.triples, self.object_classes, self.datatypes)


def count(triples: Iterable[ox.Triple]) -> Partitions:
    """Count the partitions of a set of triples."""
    known = list(triples)
    classes: dict[object, list[ox.NamedNode]] = defaultdict(list)
    for triple in known:
        if triple.predicate == RDF_TYPE and isinstance(triple.object, ox.NamedNode):
            classes[triple.subject].append(triple.object)
    tallies: dict[ox.NamedNode, dict[ox.NamedNode, _Tally]] = defaultdict(lambda: defaultdict(_Tally))
    for triple in known:
        for cls in classes.get(triple.subject, ()):
            _add(tallies[cls][triple.predicate], triple, classes)
    return Partitions(
        properties=Counter(triple.predicate for triple in known),
        members=Counter(cls for own in classes.values() for cls in own),
        usage={cls: {term: tally.usage() for term, tally in own.items()} for cls, own in tallies.items()},
    )


def _add(tally: _Tally, triple: ox.Triple, classes: Mapping[object, list[ox.NamedNode]]) -> None:
    tally.triples += 1
    if isinstance(triple.object, ox.Literal):
        tally.datatypes[triple.object.datatype] += 1
    else:
        tally.object_classes.update(classes.get(triple.object, ()))


def _namespace(iri: str) -> str:
    cut = max(iri.rfind("#"), iri.rfind("/"))
    return iri[: cut + 1]

"""What a rule rests on: its statements with their modality, jurisdiction, source and citation, read from the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from kg_service.errors import ReleaseError
from kg_service.knowledge.namespaces import CORE, DCTERMS, IDENTIFIER, TITLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service.knowledge import KnowledgeGraph
    from kg_service.validation.catalogue import Rule

MODALITY, JURISDICTION, VERIFICATION, WITHIN, EVERYWHERE, LOCATOR, SECTION = (
    NamedNode(CORE + name)
    for name in ("modality", "jurisdiction", "verification", "within", "appliesEverywhere", "locator", "section")
)
SOURCE, DESCRIPTION, CITATION, ISSUED, CREATOR = (
    NamedNode(DCTERMS + name) for name in ("source", "description", "bibliographicCitation", "issued", "creator")
)


@dataclass(frozen=True, slots=True)
class Citation:
    """One statement and where it stands: all texts as people read them."""

    statement: str
    says: str
    source: str
    citation: str
    section: str
    verification: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """The statements of a rule; whether the rule applies in the jurisdictions asked for, and why not if it does not."""

    statements: tuple[str, ...]
    modality: str
    jurisdictions: tuple[str, ...]
    citations: tuple[Citation, ...]
    applies: bool
    elsewhere: str


def grounds_of(rule: Rule, graph: KnowledgeGraph, asked: Sequence[NamedNode] = ()) -> Grounds:
    """Return what `rule` rests on; `asked` are the jurisdictions to check for (none: all).

    A rule applies where one of its statements does: in a jurisdiction, in those inside it and around it, and everywhere
    if the statement names none or is international. Raises ReleaseError when the statements differ in modality.
    """
    reader = _Reader(graph)
    modalities = {text for node in rule.statements for text in reader.texts(node, MODALITY)}
    if len(modalities) != 1:
        raise ReleaseError(
            f"The statements of rule {rule.name} have modalities {sorted(modalities)}: make it one rule for each."
        )
    places = sorted({place for node in rule.statements for place in reader.nodes(node, JURISDICTION)}, key=str)
    named = tuple(graph.labels[place.value] for place in places)
    wanted = ", ".join(graph.labels[node.value] for node in asked)
    return Grounds(
        statements=tuple(sorted(reader.text(node, IDENTIFIER) for node in rule.statements)),
        modality=modalities.pop(),
        jurisdictions=named,
        citations=tuple(reader.citation(node) for node in rule.statements),
        applies=not asked or any(reader.reaches(place, node) for place in places for node in asked),
        elsewhere=f"A rule for {', '.join(named)}; checked for {wanted}.",
    )


class _Reader:
    def __init__(self, graph: KnowledgeGraph) -> None:
        self._store = graph.store
        self._labels = graph.labels

    def nodes(self, subject: NamedNode, predicate: NamedNode) -> list[NamedNode]:
        found = {quad.object for quad in self._store.quads_for_pattern(subject, predicate, None)}
        return sorted((node for node in found if isinstance(node, NamedNode)), key=str)

    def texts(self, subject: NamedNode, predicate: NamedNode) -> list[str]:
        found = {quad.object for quad in self._store.quads_for_pattern(subject, predicate, None)}
        return sorted(self._labels.shown(term) for term in found)

    def text(self, subject: NamedNode, predicate: NamedNode) -> str:
        return ", ".join(self.texts(subject, predicate))

    def reaches(self, place: NamedNode, asked: NamedNode) -> bool:
        everywhere = any(
            isinstance(quad.object, Literal) and quad.object.value == "true"
            for quad in self._store.quads_for_pattern(place, EVERYWHERE, None)
        )
        near = {place, *self.nodes(place, WITHIN)}
        return everywhere or asked in near or place in self.nodes(asked, WITHIN)

    def citation(self, statement: NamedNode) -> Citation:
        source = self.nodes(statement, SOURCE)[0]
        parts = (self.text(source, TITLE), self.text(source, CREATOR), self.text(source, CITATION))
        return Citation(
            statement=self.text(statement, IDENTIFIER),
            says=self.text(statement, DESCRIPTION),
            source=self.text(source, IDENTIFIER),
            citation=". ".join(part for part in (*parts, self.text(source, ISSUED)) if part),
            section=", ".join(self.text(place, SECTION) for place in self.nodes(statement, LOCATOR)),
            verification=self.text(statement, VERIFICATION),
        )

"""What a person's text may stand for, where no kind of thing is asked for: see `knowledge.resolve` for where one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from kg_service.errors import UnknownName
from kg_service.knowledge.names import fold, nearest
from kg_service.knowledge.namespaces import TYPE
from kg_service.knowledge.resolve import NAMING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_service.knowledge import KnowledgeGraph
    from kg_service.provenance.rules import Fact


def meanings(text: str, graph: KnowledgeGraph) -> list[str]:
    """Return the text itself, the IRI that it writes or shortens, and the IRIs of all that bears it as a name."""
    written = text.strip().removeprefix("<").removesuffix(">")
    prefix, _, local = written.partition(":")
    found = [text, graph.prefixes[prefix] + local if prefix in graph.prefixes else written]
    if written == "a":
        found.append(TYPE.value)
    folded = fold(text)
    for predicate in NAMING:
        found += (
            _value(quad.subject)
            for quad in graph.store.quads_for_pattern(None, predicate, None)
            if isinstance(quad.object, Literal) and fold(quad.object.value) == folded
        )
    return list(dict.fromkeys(found))


def find_fact(subject: str, predicate: str, obj: str, graph: KnowledgeGraph) -> Fact:
    """Return the triple of the graph that three texts stand for.

    Raises UnknownName for a subject or predicate that the graph does not know, with the nearest names; also, with what
    the graph says instead, when there is no such triple, and when there are several.
    """
    wanted = set(meanings(obj, graph))
    nodes, links = _subjects(subject, graph), _properties(predicate, graph)
    said: list[Fact] = [
        (quad.subject, quad.predicate, quad.object)
        for node in nodes
        for link in links
        for quad in graph.store.quads_for_pattern(node, link, None)
    ]
    found = list(dict.fromkeys(fact for fact in said if _value(fact[2]) in wanted))
    if len(found) == 1:
        return found[0]
    shown = sorted({graph.labels.shown(fact[2]) for fact in said})
    if found:
        raise UnknownName("Several triples are meant: give IRIs.", sorted(str(fact[2]) for fact in found))
    if shown:
        raise UnknownName(f"The graph holds no triple {subject} {predicate} {obj}.", nearest(obj, shown) or shown[:5])
    raise UnknownName(f"The graph holds no triple with subject {subject} and predicate {predicate}.")


def _nodes(text: str, graph: KnowledgeGraph) -> Iterator[NamedNode]:
    for value in meanings(text, graph):
        try:
            yield NamedNode(value)
        except ValueError:  # no IRI
            continue


def _subjects(text: str, graph: KnowledgeGraph) -> list[NamedNode]:
    known = [node for node in _nodes(text, graph) if any(graph.store.quads_for_pattern(node, None, None))]
    if known:
        return known
    named = (quad.object for link in NAMING for quad in graph.store.quads_for_pattern(None, link, None))
    names = {name.value for name in named if isinstance(name, Literal)}
    raise UnknownName(f"The subject {text!r} is the name of nothing in this graph.", nearest(text, names))


def _properties(text: str, graph: KnowledgeGraph) -> list[NamedNode]:
    used = {quad.predicate for quad in graph.store}
    known = [node for node in _nodes(text, graph) if node in used]
    if known:
        return known
    names = {name for node in used for name in (graph.labels[node.value], graph.labels.curie(node.value))}
    raise UnknownName(f"The predicate {text!r} is the name of no property in this graph.", nearest(text, names))


def _value(term: object) -> str:
    return term.value if isinstance(term, NamedNode | Literal) else str(term)

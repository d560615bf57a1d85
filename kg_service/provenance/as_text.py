"""An explanation as an indented tree: each triple under what it made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode

from kg_service.knowledge.table import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg_service.knowledge.labels import Labels, Term
    from kg_service.provenance.absence import Obstacle
    from kg_service.provenance.derivation import Derivation, Origin
    from kg_service.provenance.explanation import Explanation, Part
    from kg_service.provenance.query import Row
    from kg_service.provenance.rules import Fact
    from kg_service.validation.verdicts import Verdict

STEP = "  "
IRI = re.compile(r"<([^<>\s]+)>")


def as_text(explanation: Explanation) -> str:
    """Return the explanation as text, ending in a line break."""
    labels = explanation.graph.labels
    lines = [explanation.subject]
    if explanation.verdict:
        lines += _verdict(explanation.verdict)
    for part in explanation.parts:
        lines += ["", *_part(part, labels)]
    return "\n".join(clean(line) if not line.startswith(STEP) else line for line in lines) + "\n"


def _sentence(derivation: Derivation, labels: Labels, chain: Sequence[Term]) -> str:
    """Return a triple as people read it; `chain` are the members of the list that its object may be."""
    subject, predicate, obj = derivation.fact
    is_list = isinstance(obj, BlankNode)
    shown = f"({', '.join(map(labels.shown, chain))})" if is_list else labels.shown(derivation.day or obj)
    return clean(f"{labels.shown(subject)} | {labels.shown(predicate)} | {shown}")


def _place(origin: Origin, labels: Labels) -> str:
    """Return where an asserted triple stands: in statements of sources, in a graph, or in the patient's record."""
    if origin.record:
        return f"record: {clean(origin.record)}"
    sources = ", ".join(labels.shown(source) for source in origin.sources)
    if origin.statements:
        return f"{', '.join(labels.shown(node) for node in origin.statements)} ({sources})"
    return sources or labels.shown(origin.graph)


def readable(condition: str, labels: Labels) -> str:
    """Return a condition of a query with its IRIs shortened."""
    return IRI.sub(lambda iri: labels.curie(iri[1]), clean(condition))


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield f"{STEP}outcome: {verdict.outcome}. {verdict.message}"
    for citation in verdict.grounds.citations:
        yield f"{STEP}enforces {citation.statement}, {verdict.grounds.modality}: {citation.says}"
        yield f"{STEP * 2}{citation.citation} ({citation.source}, {citation.section}; {citation.verification})"


def _part(part: Part, labels: Labels) -> Iterator[str]:
    yield part.says
    width = max((len(name) for name, term in part.row.items() if term is not None), default=0)
    for name, term in part.row.items():
        if term is not None:
            yield f"{STEP}{name.ljust(width)}  {clean(labels.shown(term))}"
    seen: set[Fact] = set()
    for derivation in part.derivations:
        yield from _tree(derivation, labels, STEP, seen)
    for obstacle in part.obstacles:
        yield from _obstacle(obstacle, labels)


def _tree(
    derivation: Derivation, labels: Labels, indent: str, seen: set[Fact], chain: Sequence[Term] = ()
) -> Iterator[str]:
    """Yield the lines of a derivation; what was derived further up is not derived again."""
    line = indent + _sentence(derivation, labels, chain)
    if not derivation.rule:
        yield f"{line}  [{_place(derivation.origin, labels)}]"
    elif derivation.fact in seen:
        yield f"{line}  by {derivation.rule}, as above"
    else:
        seen.add(derivation.fact)
        yield f"{line}  by {derivation.rule}"
        for step in derivation.steps:
            yield from _tree(step, labels, indent + STEP, seen, derivation.chain)


def _obstacle(obstacle: Obstacle, labels: Labels) -> Iterator[str]:
    for condition in obstacle.conditions:
        yield f"{STEP}fails: {readable(condition, labels)}"
    for row in obstacle.values:
        yield f"{STEP * 2}with {_values(row, labels)}"


def _values(row: Row, labels: Labels) -> str:
    return ", ".join(f"{name} = {clean(labels.shown(term))}" for name, term in row.items() if term is not None)

"""Short readable texts in place of IRIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg_service.knowledge.namespaces import IDENTIFIER, PREF_LABEL, RDFS_LABEL, TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyoxigraph import Store

Term: TypeAlias = NamedNode | BlankNode | Literal | Triple

SHOWN_BY = (IDENTIFIER, PREF_LABEL, RDFS_LABEL, TITLE)
"""What has an identifier (statements, sources, conflicts) is shown by it; the rest by its label."""


class Labels:
    """Looks up the text for an IRI once, and remembers it."""

    def __init__(self, store: Store, prefixes: Mapping[str, str]) -> None:
        """Read from `store`; shorten what has no label with `prefixes`."""
        self._store = store
        self._namespaces = sorted(((ns, p) for p, ns in prefixes.items()), key=lambda pair: -len(pair[0]))
        self._known: dict[str, str] = {}

    def __getitem__(self, iri: str) -> str:
        """Return identifier, label, CURIE or the IRI itself: the first there is. English before other languages."""
        if iri not in self._known:
            self._known[iri] = self._stated(NamedNode(iri)) or self.curie(iri)
        return self._known[iri]

    def shown(self, term: Term | None) -> str:
        """Return how people read a term: the text for an IRI, a literal's own, nothing for what is unbound."""
        if isinstance(term, NamedNode):
            return self[term.value]
        if isinstance(term, Literal):
            return term.value
        return "" if term is None else str(term)

    def curie(self, iri: str) -> str:
        """Return `prefix:local` when a prefix of the release fits, else the IRI."""
        for namespace, prefix in self._namespaces:
            local = iri.removeprefix(namespace)
            if local != iri and local and "/" not in local and "#" not in local:
                return f"{prefix}:{local}"
        return iri

    def _stated(self, node: NamedNode) -> str | None:
        for predicate in SHOWN_BY:
            found = [q.object for q in self._store.quads_for_pattern(node, predicate, None)]
            texts = [o for o in found if isinstance(o, Literal)]
            if texts:
                return min(texts, key=lambda text: (text.language not in {"en", None}, text.value)).value
        return None

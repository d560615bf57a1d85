"""Which graphs a query chooses for itself (https://www.w3.org/TR/sparql11-query/#specifyingDataset)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service.knowledge.tokens import Token


class Clause(NamedTuple):
    """One FROM (NAMED): the IRI, whether the graph is named, and which tokens the clause consists of."""

    iri: str
    named: bool
    tokens: range


def dataset_clauses(found: Sequence[Token]) -> list[Clause]:
    """Return the clauses of a query; prefixed names written out, relative IRIs as they stand."""
    prefixes: dict[str, str] = {}
    clauses = []
    words = [token.text.upper() if token.kind == "word" else "" for token in found]
    if "FROM" not in words:
        return []
    for index, token in enumerate(found):
        named = words[max(index - 2, 0) : index] == ["FROM", "NAMED"]
        if words[index - 2 : index - 1] == ["PREFIX"] and token.kind == "iri":
            prefixes[found[index - 1].text] = token.text[1:-1]
        elif named or words[index - 1 : index] == ["FROM"]:
            place = range(index - 1 - named, index + 1)
            prefix, colon, local = token.text.partition(":")
            if token.kind == "iri":
                clauses.append(Clause(token.text[1:-1], named, place))
            elif token.kind == "name":
                clauses.append(Clause(prefixes.get(prefix + colon, prefix + colon) + local, named, place))
    return clauses

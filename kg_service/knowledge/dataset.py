"""Which graphs a query chooses for itself (https://www.w3.org/TR/sparql11-query/#specifyingDataset)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service.knowledge.tokens import Token


def graphs_named(found: Sequence[Token]) -> list[str]:
    """Return the IRIs after FROM and FROM NAMED, prefixed names written out; relative ones as they stand."""
    prefixes: dict[str, str] = {}
    named = []
    words = [token.text.upper() if token.kind == "word" else "" for token in found]
    for index, token in enumerate(found):
        if words[index - 2 : index - 1] == ["PREFIX"] and token.kind == "iri":
            prefixes[found[index - 1].text] = token.text[1:-1]
        elif words[index - 1 : index] == ["FROM"] or words[max(index - 2, 0) : index] == ["FROM", "NAMED"]:
            prefix, colon, local = token.text.partition(":")
            if token.kind == "iri":
                named.append(token.text[1:-1])
            elif token.kind == "name":
                named.append(prefixes.get(prefix + colon, prefix + colon) + local)
    return named

"""Parameters of a named question, bound as typed terms.

A parameter is a variable of the query (`?_after_iri`). Binding it replaces those tokens, and nothing else, by the
term's own N-Triples form, and then reads the result again to prove that only these tokens changed: whatever a value
holds, it stays one term.

Oxigraph's own substitutions are not used, because they pass over parts of a query without a word: BOUND(?_x) stays
false, BIND(?_x AS ?y) stays unbound, a sub-select that does not project the variable ignores it, and SELECT has to
project it. tests/knowledge/test_binding.py shows each case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.errors import ParameterError, ReleaseError
from kg_service.knowledge.tokens import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyoxigraph import Literal, NamedNode

CLAUSES = frozenset({"SELECT", "WHERE", "FROM", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})


def bind(query: str, values: Mapping[str, NamedNode | Literal]) -> str:
    """Return `query` with every variable named in `values` (no question mark) replaced by its term.

    A projected parameter stays a column that holds the value. Raises ReleaseError when the query assigns to a
    parameter (AS, VALUES), which would leave its value without meaning.
    """
    found = list(tokens(query))
    pieces = list(_replaced(found, {name: str(term) for name, term in values.items()}))
    bound = _joined(query, found, pieces)
    wanted = ([token] if piece == token.text else tokens(piece) for token, piece in zip(found, pieces, strict=True))
    if [token.text for token in tokens(bound)] != [token.text for piece in wanted for token in piece]:
        raise ParameterError("A parameter's value cannot be written as one SPARQL term: leave out control characters.")
    return bound


def _joined(query: str, found: list[Token], pieces: list[str]) -> str:
    """Put the pieces where the tokens stood; white space and comments between them stay."""
    parts: list[str] = []
    end = 0
    for token, piece in zip(found, pieces, strict=True):
        parts += [query[end : token.start], piece if piece == token.text else f" {piece} "]
        end = token.start + len(token.text)
    return "".join(parts) + query[end:]


def _replaced(found: list[Token], values: Mapping[str, str]) -> Iterator[str]:
    """Yield each token's new text, following which clause it stands in and how deep in parentheses."""
    clause = ""
    depth = 0
    for index, token in enumerate(found):
        if token.kind == "word" and token.text.upper() in CLAUSES:
            clause, depth = token.text.upper(), 0
        elif token.text in {"{", "}"}:
            clause = ""
        depth += (token.text == "(") - (token.text == ")")
        if token.kind == "variable" and token.text[1:] in values:
            yield _placed(found, index, clause, depth, values[token.text[1:]])
        elif _asks_if_bound(found, index) and found[index + 2].text[1:] in values:
            yield ""
        else:
            yield token.text


def _placed(found: list[Token], index: int, clause: str, depth: int, term: str) -> str:
    """Spell the term as the place demands."""
    variable = found[index].text
    if clause == "VALUES" or found[index - 1].text.upper() == "AS":
        raise ReleaseError(f"The query assigns to its parameter {variable}: give the result another name.")
    if clause == "SELECT" and depth == 0:
        return f"({term} AS {variable})"
    if clause in {"GROUP", "ORDER"} and depth == 0:
        return f"({term})"
    if _asks_if_bound(found, index - 2):
        return "true"
    return term


def _asks_if_bound(found: list[Token], index: int) -> bool:
    """Tell whether BOUND(variable) starts at `index`; with a value it becomes (true)."""
    call = found[max(index, 0) : index + 4]
    return [t.text.upper() for t in call[:2]] == ["BOUND", "("] and [t.kind for t in call[2:]] == [
        "variable",
        "sign",
    ]

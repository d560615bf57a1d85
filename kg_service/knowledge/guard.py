"""What is refused before a query is evaluated: reaching out, writing, and texts that would bring the process down."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from kg_service.errors import RefusedQuery
from kg_service.knowledge.tokens import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UPDATES = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"})
PROLOGUE = frozenset({"PREFIX", "BASE"})
BEFORE_A_GRAPH_NAME = frozenset({"GRAPH", "FROM", "NAMED", "DESCRIBE"})

# Oxigraph reads and optimises queries by recursion and the process dies when its stack is used up. On a stack of
# 2 MB that was seen from 250 nested EXISTS, 1,000 nested groups, 1,000 BIND clauses (4,000 keywords and signs) and
# 1,000 triple patterns. Long before, it takes long to put joins in order: 4 s for 128 patterns, minutes for 300.
MAX_DEPTH = 64
MAX_SIGNS = 2_000
MAX_JOINS = 150


def inspect(query: str) -> list[Token]:
    """Return the query's tokens, or raise RefusedQuery with the reason."""
    found = list(tokens(query))
    _refuse_unclear(found)
    _refuse_update(found)
    if "SERVICE" in query.upper():
        _refuse_service(found)
    if len(found) > MAX_DEPTH:  # fewer reach none of the limits
        _refuse_monsters(found)
    return found


def _refuse_unclear(found: Sequence[Token]) -> None:
    """Refuse what Oxigraph may read otherwise than is done here: behind it a call could hide."""
    for token in found:
        if token.kind == "unclear":
            raise RefusedQuery(
                f"{token.text} may be an IRI or a comparison: put a space after < where it means less than, "
                "or write the IRI in full, like <http://…>."
            )


def _refuse_update(found: Sequence[Token]) -> None:
    first = next((t.text.upper() for t in found if t.kind == "word" and t.text.upper() not in PROLOGUE), "")
    if first in UPDATES:
        raise RefusedQuery(
            f"{first} is SPARQL Update, and this graph is read-only: it answers SELECT, ASK, CONSTRUCT and DESCRIBE. "
            "The content is changed in the files of ontology/."
        )


def _refuse_service(found: Sequence[Token]) -> None:
    if any(_is_service(found, index) for index in range(len(found))):
        raise RefusedQuery(
            "SERVICE would send data to another server, and nothing leaves this one. "
            "Ask the other endpoint separately and join the answers on your side."
        )


def _is_service(found: Sequence[Token], index: int) -> bool:
    """Tell whether the token is, or begins with, the keyword.

    Oxigraph needs no space after a keyword: SERVICEex:a{} calls ex:a, and so does trueSERVICEex:a{}. A prefix of that
    spelling followed by a group is the keyword, unless GRAPH, FROM or DESCRIBE says that it is a name.
    """
    token = found[index]
    if token.kind in {"word", "broken"}:
        return "SERVICE" in token.text.upper()
    if token.kind != "name" or "SERVICE" not in token.text.partition(":")[0].upper():
        return False
    follower = found[index + 1].text if index + 1 < len(found) else ""
    before = found[index - 1].text.upper() if index else ""
    return follower == "{" and before not in BEFORE_A_GRAPH_NAME


def _refuse_monsters(found: Sequence[Token]) -> None:
    if any(depth > MAX_DEPTH for depth in _depths(found)):
        raise RefusedQuery(f"The query nests brackets more than {MAX_DEPTH} deep: write it flatter.")
    counted = list(_without_rows(found))
    signs = sum(token.kind in {"sign", "word"} and token.text not in {",", ";", "."} for token in counted)
    if signs > MAX_SIGNS:
        raise RefusedQuery(
            f"The query has {signs} keywords and operators, more than {MAX_SIGNS}: split it, or list values in VALUES."
        )
    joins = sum(_joins(counted))
    if joins > MAX_JOINS:
        raise RefusedQuery(
            f"The query has {joins} triple patterns, groups, steps of paths and members of lists, more than "
            f"{MAX_JOINS}: split it, or list values in VALUES."
        )


def _depths(found: Sequence[Token]) -> Iterator[int]:
    """Yield how many brackets are open after each bracket."""
    brackets = (token.text for token in found if token.kind == "sign")
    return accumulate((sign in {"{", "(", "[", "<<"}) - (sign in {"}", ")", "]", ">>"}) for sign in brackets)


def _without_rows(found: Sequence[Token]) -> Iterator[Token]:
    """Leave out the data after VALUES, which costs little however much it is."""
    in_values = False
    for token in found:
        if token.kind == "word":
            in_values = in_values or token.text.upper() == "VALUES"
        in_values = in_values and token.text != "}"
        if not in_values:
            yield token


def _joins(found: Sequence[Token]) -> Iterator[bool]:
    """Tell of each token whether it adds to what is joined or listed; arguments of functions do not."""
    brackets = [""]
    for before, token in pairwise([Token("sign", "", 0), *found]):
        if token.kind == "sign":
            yield token.text in {".", ";", "/", "{", "["} or (token.text == "," and brackets[-1] != "(")
            if token.text in {"{", "(", "["}:
                brackets.append(token.text)
            elif token.text in {"}", ")", "]"} and len(brackets) > 1:
                brackets.pop()
        elif brackets[-1] not in {"{", "["} and before.kind not in {"sign", "word"}:
            yield token.kind != "word"  # two terms side by side are members of a list

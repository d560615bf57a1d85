r"""A query as it is sent to a server: every server must read what was inspected here, and nothing else.

Four things could make another parser read the same text otherwise, and let a call hide from the guard:

- `\u` escapes: the standard (https://www.w3.org/TR/sparql11-query/#codepointEscape) has them replaced before anything
  is read, so that one in a comment or a string may end it. They are sent as the characters that they stand for.
- Comments: some servers read instructions in them. They are not sent.
- Functions by IRI, which servers have of their own, some of which reach out. Only casts are sent.
- FROM, which some servers add to the dataset that the request names. It is not sent; the request names the graphs.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from kg_service.errors import RefusedQuery
from kg_service.knowledge.namespaces import XSD
from kg_service.knowledge.tokens import Token

if TYPE_CHECKING:
    from kg_service.knowledge.engine import Query

ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
CODE = ("java:", "js:", "bif:", "sql:")
"""Schemes by which Jena and Virtuoso call code of theirs."""

START = Token("sign", "", 0)  # before the first
IN_STRINGS = {'"': r"\"", "'": r"\'", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
"""Characters that a string cannot hold as they are, in one of its four forms."""


def portable(query: Query) -> str:
    """Return the text to send; relative IRIs are resolved by a BASE in front.

    The query is one that Oxigraph reads. Raises RefusedQuery for a string that parsers could read in two ways.
    """
    _refuse_extensions(query)
    left_out = {index for clause in query.clauses for index in clause.tokens}
    parts = [f"BASE {NamedNode(query.base_iri)}\n"] if query.base_iri else []
    end = 0
    for index, token in enumerate(query.tokens):
        if token.start > end:
            parts.append(" ")
        parts.append(" " if index in left_out else _plain(token))
        end = token.start + len(token.text)
    return "".join(parts)


def _refuse_extensions(query: Query) -> None:
    """Refuse what has no meaning in SPARQL 1.1 itself, and a server may take for a call of its own code."""
    prefixes: dict[str, str] = {}
    for before, token in pairwise([START, *query.tokens]):
        if token.kind == "iri" and _plain(token)[1:].lower().startswith(CODE):
            raise RefusedQuery("IRIs that begin with java:, js:, bif: or sql: are calls of a server's own code.")
        if token.kind == "iri" and before.text.endswith(":"):
            prefixes[before.text] = _plain(token)[1:-1]
        if token.text == "(" and before.kind in {"iri", "name"} and not _written_out(before, prefixes).startswith(XSD):
            raise RefusedQuery(
                "The query calls a function by its IRI, or has a list after one. Servers have functions of their own, "
                "so only those of SPARQL 1.1 are passed on: write a list with rdf:first and rdf:rest."
            )


def _written_out(token: Token, prefixes: dict[str, str]) -> str:
    if token.kind == "iri":
        return _plain(token)[1:]
    prefix, colon, local = token.text.partition(":")
    return prefixes.get(prefix + colon, "") + local


def _plain(token: Token) -> str:
    if token.kind == "string":
        return ESCAPE.sub(_in_string, token.text)
    return ESCAPE.sub(_in_iri, token.text) if token.kind == "iri" else token.text


def _in_string(match: re.Match[str]) -> str:
    if match[3]:
        if match[3] == "\\" and match.string[match.end() :][:1] in {"u", "U"}:
            raise RefusedQuery(
                r"The query holds a string with a backslash before u, which servers read in two ways. "
                r"Write the u as its own string and put the two together with CONCAT."
            )
        return match[0]
    character = _character(match)
    return IN_STRINGS.get(character, character)


def _in_iri(match: re.Match[str]) -> str:
    return _character(match) if match[1] or match[2] else match[0]


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))

"""Trusty URIs: the hash of what a nanopublication holds, as part of its own URI (module RA).

Kuhn and Dumontier 2014, https://trustyuri.net/spec: the quads, sorted, with a space wherever the hash itself stands.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyoxigraph import Quad

    from kg_service.knowledge.labels import Term

MODULE = "RA"
DRAFT = MODULE + "A" * 43
"""Stands in the URIs of quads whose hash is still to be made."""

_Key = tuple[bool, bytes, str, str]


def artifact_code(quads: Iterable[Quad], code: str) -> str:
    """Return the artifact code of quads without blank nodes, whose own URIs hold `code`: the code itself if it is true.

    Spec: module RA. Raises ValueError for a blank node, which has to be given a URI before.
    """
    ordered = sorted({tuple(_key(term, code) for term in _terms(quad)) for quad in quads})
    lines = (_line(key) for keys in ordered for key in keys)
    digest = hashlib.sha256("".join(lines).encode()).digest()
    return MODULE + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _terms(quad: Quad) -> tuple[Term, ...]:
    return (quad.graph_name, quad.subject, quad.predicate, quad.object)  # type: ignore[return-value]  # all are named


def _key(term: Term, code: str) -> _Key:
    """Return what a term is sorted by: URIs first; literals by text, datatype (none before any) and language."""
    if isinstance(term, NamedNode):
        return (False, term.value.replace(code, " ").encode(), "", "")
    if not isinstance(term, Literal):
        raise ValueError(f"{term} has no URI, and a trusty URI has no form for it.")  # noqa: TRY004 - as a value
    datatype = "" if term.language else term.datatype.value
    return (True, term.value.encode(), datatype, term.language or "")


def _line(key: _Key) -> str:
    is_literal, text, datatype, language = key
    if not is_literal:
        return f"{text.decode()}\n"
    escaped = text.decode().replace("\\", "\\\\").replace("\n", "\\n")
    return f"@{language.lower()} {escaped}\n" if language else f"^{datatype} {escaped}\n"

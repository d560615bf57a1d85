"""From what a person types to the term it stands for."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg_service.errors import ParameterError, ReleaseError
from kg_service.knowledge.names import fold, nearest
from kg_service.knowledge.namespaces import (
    ALT_LABEL,
    CODE_SYSTEM,
    DENOTES,
    DENOTES_PRODUCT,
    HIDDEN_LABEL,
    IDENTIFIER,
    NOTATION,
    PREF_LABEL,
    RDFS_LABEL,
    SYSTEM_URI,
    TYPE,
    XSD_DATE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyoxigraph import Store

    from kg_service.knowledge.labels import Labels

NAMING = (IDENTIFIER, PREF_LABEL, RDFS_LABEL, NOTATION, ALT_LABEL, HIDDEN_LABEL)
"""What names a thing, best first: a label of one thing wins over a synonym of another."""

Subject: TypeAlias = NamedNode | BlankNode | Triple

INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


class Resolver:
    """Finds terms by IRI, CURIE, label or synonym in any case, identifier, or code (`System:code`)."""

    def __init__(self, store: Store, prefixes: Mapping[str, str], labels: Labels) -> None:
        """Look things up in `store`."""
        self._store = store
        self._prefixes = prefixes
        self._labels = labels

    def __call__(self, value: str, kind: str) -> NamedNode | Literal:
        """Return the term that `value` stands for.

        `kind` is text, integer, date, or the CURIE of a class that the result is a member of, asserted or inferred.
        Raises ParameterError when nothing of that kind is meant, with the nearest names, or when several things are.
        """
        try:
            return self._literal(value, kind) or self._member(value, kind)
        except ValueError as error:
            raise ParameterError("The value holds a lone surrogate, which is no character: leave it out.") from error

    def _literal(self, value: str, kind: str) -> Literal | None:
        if kind == "text":
            return Literal(value)
        if kind == "integer":
            if not INTEGER.fullmatch(value):
                raise ParameterError(f"{value!r} is not a whole number: write it like 12.")
            return Literal(int(value))
        if kind == "date":
            try:
                return Literal(dt.date.fromisoformat(value).isoformat(), datatype=XSD_DATE)
            except ValueError as error:
                raise ParameterError(f"{value!r} is not a date: write it like 2026-01-31.") from error
        return None

    def _member(self, value: str, kind: str) -> NamedNode:
        members = self._members(kind)
        for way in (self._by_name, self._by_iri, self._by_code):
            found = way(value, members)
            if len(found) == 1:
                return found.pop()
            if found:
                offers = sorted(self._labels.curie(node.value) for node in found)
                raise ParameterError(f"{value!r} stands for several things: say which.", offers)
        what = self._labels[self._class(kind).value]
        names = {name for node in members for name in self._names(node)}
        offers = nearest(value, names) or nearest(value, (self._labels[node.value] for node in members))
        raise ParameterError(f"{value!r} is the name of no {what} in this graph.", offers)

    def _members(self, kind: str) -> set[NamedNode]:
        quads = self._store.quads_for_pattern(None, TYPE, self._class(kind))
        return {q.subject for q in quads if isinstance(q.subject, NamedNode)}

    def _class(self, kind: str) -> NamedNode:
        prefix, _, local = kind.partition(":")
        if prefix not in self._prefixes:
            raise ReleaseError(f"Kind {kind} of a parameter has a prefix that no ontology file declares. Declare it.")
        return NamedNode(self._prefixes[prefix] + local)

    def _names(self, node: NamedNode) -> list[str]:
        found = [q.object for p in NAMING for q in self._store.quads_for_pattern(node, p, None)]
        return [o.value for o in found if isinstance(o, Literal)]

    def _by_name(self, value: str, members: set[NamedNode] | None) -> set[NamedNode]:
        """Return the members (None: whatever there is) that bear the name, by the best kind of name."""
        folded = fold(value)
        for predicate in NAMING:
            found = {
                q.subject
                for q in self._store.quads_for_pattern(None, predicate, None)
                if isinstance(q.subject, NamedNode)
                and (members is None or q.subject in members)
                and isinstance(q.object, Literal)
                and fold(q.object.value) == folded
            }
            if found:
                return found
        return set()

    def _by_iri(self, value: str, members: set[NamedNode]) -> set[NamedNode]:
        iri = value.strip().removeprefix("<").removesuffix(">")
        prefix, _, local = iri.partition(":")
        if prefix in self._prefixes:
            iri = self._prefixes[prefix] + local
        return {node for node in members if node.value == iri}

    def _by_code(self, value: str, members: set[NamedNode]) -> set[NamedNode]:
        """Return the members that a code denotes, or else the ones it denotes a product of.

        A code stands alone, or is `System:code`, or `system|code` as in FHIR; a system has names and URIs. Some systems
        write their own name into each code (ABOK:47); it need not be said twice.
        """
        before, bar, after = value.rpartition("|") if "|" in value else value.partition(":")
        system, code = before.strip(), after.strip()
        systems = self._by_name(system, None) | self._by_uri(system) if code else set()
        spellings = {fold(code), fold(value)} if bar else {fold(value)}
        codes = {
            coded.subject
            for coded in self._store.quads_for_pattern(None, NOTATION, None)
            if isinstance(coded.object, Literal) and fold(coded.object.value) in spellings
            for stated in self._store.quads_for_pattern(coded.subject, CODE_SYSTEM, None)
            if stated.object in systems or not bar
        }
        return self._members_at(codes, DENOTES, members) or self._members_at(codes, DENOTES_PRODUCT, members)

    def _by_uri(self, uri: str) -> set[NamedNode]:
        """Return the code systems that a URI is of; several parts of one system may share it."""
        quads = self._store.quads_for_pattern(None, SYSTEM_URI, Literal(uri))
        return {quad.subject for quad in quads if isinstance(quad.subject, NamedNode)}

    def _members_at(self, codes: set[Subject], link: NamedNode, members: set[NamedNode]) -> set[NamedNode]:
        """Return the members that a link leads to from any of the codes."""
        found = {quad.object for code in codes for quad in self._store.quads_for_pattern(code, link, None)}
        return {node for node in found if isinstance(node, NamedNode) and node in members}

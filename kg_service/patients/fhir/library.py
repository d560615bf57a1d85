"""Follows references (https://hl7.org/fhir/R4/references.html) among the resources of one input; nothing is fetched."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from kg_service.patients.fhir.element import Element, Notes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg_service.patients.fhir.entries import Entry

VERSION = re.compile(r"/_history/[^/]*$")
LITERAL = re.compile(r"(?:(?P<base>https?://.+)/)?(?P<local>[A-Za-z]+/[^/?#\s]+)")
URN = re.compile(r"urn:(?:uuid|oid):(?P<id>.+)", re.IGNORECASE)
WEB = ("http://", "https://")


class Library:
    """The resources of one input, found by reference."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Index the resources by URL, by type and id, and by id."""
        self._entries = list(entries)
        self._by_url: defaultdict[str, list[Entry]] = defaultdict(list)
        self._by_local: defaultdict[str, list[Entry]] = defaultdict(list)
        self._by_id: defaultdict[str, list[Entry]] = defaultdict(list)
        self._by_identifier: dict[str, dict[tuple[str, str], list[Entry]]] = {}
        for entry in self._entries:
            if entry.full_url:
                self._by_url[entry.full_url].append(entry)
            if entry.id:
                self._by_local[entry.resource_id].append(entry)
                self._by_id[entry.id].append(entry)

    def find(self, reference: Element | None, origin: Entry, kinds: tuple[str, ...]) -> Entry | None:
        """Return the one resource of one of the types `kinds` that `reference`, standing in `origin`, points to.

        None when there is none, or when several fit. A resource on another server is not the one of that id here.
        """
        if reference is None:
            return None
        written = reference.text("reference")
        found = self._literal(written, origin, kinds) if written else None
        if found is None and (identifier := reference.child("identifier")):
            system, value = identifier.text("system") or "", identifier.text("value")
            found = self._identified(kinds, system, value) if value else None
        return found if found and found.type in kinds else None

    def _literal(self, written: str, origin: Entry, kinds: tuple[str, ...]) -> Entry | None:
        if written.startswith("#"):
            return origin.contained(written[1:]) if len(written) > 1 else origin.container
        url = VERSION.sub("", written)
        if url in self._by_url:
            return _only(self._by_url[url], kinds)
        if urn := URN.fullmatch(url):
            return _only(self._by_id.get(urn["id"], []), kinds)
        if "?" in url:
            return self._conditional(url)
        if match := LITERAL.fullmatch(url):
            return self._local(match["local"], match["base"], origin, kinds)
        return None

    def _local(self, local: str, base: str | None, origin: Entry, kinds: tuple[str, ...]) -> Entry | None:
        candidates = self._by_local.get(local, [])
        if base:
            return _only([entry for entry in candidates if not _is_web(entry)], kinds)
        home = _base(origin)
        if home is None:
            return _only(candidates, kinds)
        at_home = [entry for entry in candidates if _base(entry) == home]
        return _only(at_home or [entry for entry in candidates if _base(entry) is None], kinds)

    def _conditional(self, url: str) -> Entry | None:
        """Follow `Patient?identifier=system|value` of transactions; without a system in it, any system fits."""
        kind, _, query = url.partition("?")
        terms = parse_qsl(query)
        if len(terms) != 1 or terms[0][0] != "identifier":
            return None
        system, bar, value = terms[0][1].rpartition("|")
        if bar:
            return self._identified((kind,), system, value)
        index = self._identifiers(kind)
        fitting = {entry for (_, known), entries in index.items() if known == value for entry in entries}
        return fitting.pop() if len(fitting) == 1 else None

    def _identified(self, kinds: tuple[str, ...], system: str, value: str) -> Entry | None:
        found = {entry for kind in kinds for entry in self._identifiers(kind).get((system, value), [])}
        return found.pop() if len(found) == 1 else None

    def _identifiers(self, kind: str) -> dict[tuple[str, str], list[Entry]]:
        """Return the resources of a type by the system and value of their identifiers."""
        if kind not in self._by_identifier:
            index: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
            for entry in self._entries:
                if entry.type == kind:
                    for identifier in entry.element(Notes()).children("identifier"):
                        index[identifier.text("system") or "", identifier.text("value") or ""].append(entry)
            self._by_identifier[kind] = index
        return self._by_identifier[kind]


def _only(entries: list[Entry], kinds: tuple[str, ...]) -> Entry | None:
    fitting = [entry for entry in entries if entry.type in kinds]
    return fitting[0] if len(fitting) == 1 else None


def _is_web(entry: Entry) -> bool:
    return bool(entry.full_url and entry.full_url.startswith(WEB))


def _base(entry: Entry) -> str | None:
    """Return the server part of a resource's own URL."""
    url = (entry.container or entry).full_url
    if url and url.startswith(WEB) and (match := LITERAL.fullmatch(url)):
        return match["base"]
    return None

"""From parsed JSON to the resources in it: bundles of every type opened, each resource with its place and identity."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from pyoxigraph import NamedNode

from kg_service.errors import WrongRecord
from kg_service.knowledge.namespaces import BASE
from kg_service.patients.fhir.element import Element, Notes, is_sound, opened
from kg_service.patients.fhir.identity import are_two
from kg_service.patients.fhir.library import LITERAL, VERSION
from kg_service.patients.fhir.versions import refuse_other_versions

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

RECORDS = BASE + "record/"
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
DIGITS = re.compile(r"\d{1,9}", re.ASCII)
EARLIER = "Other pages come before"
PAGES = {"next": "Further pages follow", "previous": EARLIER, "prev": EARLIER}
BESIDE = {"include", "outcome"}
"""What a search returns beside what it counts as found."""

Resource = Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Entry:
    """A resource, where it stands, the URL it goes by, and the resource that contains it, if any.

    `bundle_language` is the language that the bundle around it says it is in.
    """

    resource: Resource
    path: str
    full_url: str | None = None
    container: Entry | None = None
    bundle_language: str | None = None

    @cached_property
    def type(self) -> str:
        """The resource type; empty when there is none."""
        return _string(self.resource, "resourceType") or ""

    @cached_property
    def id(self) -> str | None:
        """The logical id."""
        return _string(self.resource, "id")

    @cached_property
    def resource_id(self) -> str:
        """Type and id, such as Condition/7; empty without id."""
        return f"{self.type}/{self.id}" if self.id else ""

    @property
    def is_english(self) -> bool:
        """Whether its words are in English, as most cues of the graph are, as far as their language is said."""
        return (self.language or "en").lower().partition("-")[0] == "en"

    @property
    def language(self) -> str | None:
        """The language that it, or else what it stands in, says it is in."""
        around = self.container.language if self.container else self.bundle_language
        return _string(self.resource, "language") or around

    @cached_property
    def iri(self) -> NamedNode:
        """The full URL where it is an absolute IRI, and none of this project's; else made of type and id, or path."""
        if self.container:
            return part_iri(self.container.iri, quote(self.id or self.path, safe=""))
        return absolute_iri(self.full_url) or record_iri(self.resource_id or self.path)

    def for_one(self, number: int) -> Entry:
        """Return the resource as one by itself of what it may say of several patients."""
        return replace(self, full_url=part_iri(self.iri, f"patient-{number}").value)

    def element(self, notes: Notes) -> Element:
        """Return the resource as an element that notes what is wrong with it in `notes`."""
        return opened(self.resource, self.path, notes)

    def all_contained(self) -> list[Entry]:
        """Return the resources that stand in this one."""
        contained = self.resource.get("contained")
        return [
            Entry(resource, f"{self.path}.contained[{place}]", container=self)
            for place, resource in enumerate(contained if isinstance(contained, list) else [])
            if isinstance(resource, dict)
        ]

    def contained(self, fragment: str) -> Entry | None:
        """Return the contained resource with this id."""
        return next((entry for entry in (self.container or self).all_contained() if entry.id == fragment), None)


def part_iri(whole: NamedNode, part: str) -> NamedNode:
    """Return the IRI of a part of what an IRI names; it has one # only, as IRIs must."""
    return NamedNode(f"{whole.value}{'.' if '#' in whole.value else '#'}{part}")


def absolute_iri(url: str | None) -> NamedNode | None:
    """Return a URL as a node when it is an absolute IRI and none of this project's own terms."""
    if not url or not ABSOLUTE.fullmatch(url) or (url.startswith(BASE) and not url.startswith(RECORDS)):
        return None
    try:
        return NamedNode(url)
    except ValueError:
        return None


def record_iri(name: str) -> NamedNode:
    """Return the IRI of a record without a URL of its own."""
    return NamedNode(RECORDS + quote(name, safe="/"))


def open_resource(parsed: object, root: str, common: Notes) -> list[Entry]:
    """Return the resources of one JSON value: those of a Bundle or of Parameters, or the one that it is.

    Those inside of others are opened too. `root` goes before every path. What belongs to no single patient is
    noted in `common`. Raises WrongRecord when the value is no resource, or one of another FHIR version.
    """
    resource = _as_resource(parsed, root)
    top = Entry(resource, f"{root}{_string(resource, 'resourceType')}")
    found: list[Entry] = []
    todo = [top]
    while todo:
        entry = todo.pop()
        refuse_other_versions(entry.resource, entry.type, entry.path)
        if entry.type in OPENED:
            todo.extend(reversed(OPENED[entry.type](entry, common)))
        else:
            found.append(entry)
    return found


def newest(entries: Iterable[Entry], common: Notes, *, judged: Container[str] = ()) -> list[Entry]:
    """Keep of every resource that is there more than once the newest version, which a remark says.

    Of two of which neither says that it is newer, the first is kept; that they differ is a fault where their type is
    one of `judged`. So is it always when they cannot be versions of one thing: see `are_two`.
    """
    kept: dict[object, Entry] = {}
    for entry in entries:
        identity: object = entry.full_url or entry.resource_id or id(entry)
        known = kept.get(identity)
        if known is None or _is_newer(entry.resource, known.resource):
            kept[identity] = entry
        if known is not None and entry.type in judged and _contradict(entry.resource, known.resource):
            common.fault(entry.path, "Two different resources have one id: give each its own, or meta.lastUpdated.")
        elif known is not None and entry.type in judged and are_two(entry.resource, known.resource):
            common.fault(entry.path, "Two things, not versions of one, have one id: check them apart.")
        elif known is not None:
            common.remark(entry.path, "The resource is there more than once: only the newest version is read")
    return list(kept.values())


def _open_bundle(bundle: Entry, common: Notes) -> list[Entry]:
    element = bundle.element(common)
    is_history = element.text("type") == "history"
    _refuse_pages(element)
    entries = element.children("entry")
    language = bundle.language or _language_of_document(entries)
    found: list[Entry] = []
    for entry in entries:
        full_url = entry.text("fullUrl")
        found += _resource_of(entry, full_url, language)
        if is_history and not entry.has("resource"):
            found += _deletion(entry, full_url)
    return _living(found) if is_history else found


def _refuse_pages(bundle: Element) -> None:
    """Find a fault in one page of several (https://hl7.org/fhir/R4/search.html): the others may hold anything."""
    for link in bundle.children("link"):
        if told := PAGES.get(link.text("relation") or ""):
            link.fault(f"{told}: give the entries of all pages together, without this link.", "relation")
    searches = [entry.child("search") for entry in bundle.children("entry")]
    found = [search for search in searches if search is None or search.text("mode") not in BESIDE]
    total = bundle.number("total")
    if total is not None and total > len(found):
        bundle.fault("There are fewer entries than that: give those of all pages together, with their total.", "total")


def _language_of_document(entries: Sequence[Element]) -> str | None:
    """Return the language of the Composition, with which a document begins."""
    first = entries[0].value.get("resource") if entries else None
    if not isinstance(first, dict) or first.get("resourceType") != "Composition":
        return None
    return _string(first, "language")


def _resource_of(element: Element, full_url: str | None = None, language: str | None = None) -> list[Entry]:
    """Return the resource of an entry or parameter, if it has one."""
    resource = element.value.get("resource")
    if isinstance(resource, dict) and _string(resource, "resourceType"):
        return [Entry(resource, element.at("resource"), full_url, bundle_language=language)]
    if resource is not None:
        element.fault("A resource with a resourceType was expected here: write it as FHIR R4 says.", "resource")
    return []


def _open_parameters(parameters: Entry, common: Notes) -> list[Entry]:
    """Return the resources of Parameters (https://hl7.org/fhir/R4/parameters.html), as operations return them."""
    found: list[Entry] = []
    pending = parameters.element(common).children("parameter")
    while pending:
        parameter = pending.pop(0)
        found += _resource_of(parameter, language=parameters.language)
        pending += parameter.children("part")
    return found


OPENED = {"Bundle": _open_bundle, "Parameters": _open_parameters}
"""Resources around resources, and what returns those."""


@dataclass(frozen=True, eq=False)
class Deletion(Entry):
    """Stands in a history for the deletion of a resource, as the version that it is."""


def _deletion(entry: Element, full_url: str | None) -> list[Entry]:
    request, response = entry.child("request"), entry.child("response")
    if request is None or request.text("method") != "DELETE":
        return []
    match = LITERAL.fullmatch(VERSION.sub("", request.text("url") or full_url or ""))
    if match is None:
        request.fault("What was deleted has no name here: write it like Condition/7.", "url")
        return []
    kind, _, identifier = match["local"].partition("/")
    meta = {"lastUpdated": response.text("lastModified"), "versionId": response.text("etag")} if response else {}
    return [Deletion({"resourceType": kind, "id": identifier, "meta": meta}, entry.path, full_url)]


def _living(history: list[Entry]) -> list[Entry]:
    """Keep the newest version of every resource that was not deleted, without a remark: for that a history is there.

    Where versions do not say which is newer, the first is (https://hl7.org/fhir/R4/http.html#history). What has no
    full URL goes by that of another version.
    """
    urls = {entry.resource_id: VERSION.sub("", entry.full_url) for entry in history if entry.full_url}
    kept: dict[object, Entry] = {}
    for entry in history:
        url = VERSION.sub("", entry.full_url or "")
        identity: object = url or urls.get(entry.resource_id) or entry.resource_id or id(entry)
        known = kept.setdefault(identity, entry)
        if _is_newer(entry.resource, known.resource):
            kept[identity] = entry
    return [entry for entry in kept.values() if not isinstance(entry, Deletion)]


def _is_newer(resource: Resource, known: Resource) -> bool:
    """Tell whether the first thing that orders both versions, and in which they differ, makes the former the newer."""
    pairs = zip(_version(resource), _version(known), strict=True)
    return next((one > other for one, other in pairs if one and other and one != other), False)


def _contradict(resource: Resource, known: Resource) -> bool:
    """Tell whether two resources differ and their versions do not say which is the newer one."""
    if all(resource.get(name) == known.get(name) for name in {*resource, *known} - {"meta"}):
        return False
    return not _is_newer(resource, known) and not _is_newer(known, resource)


def _version(resource: Resource) -> tuple[float, int]:
    """Return what orders versions: the time of the last update, then the number of the version."""
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return 0.0, 0
    number = DIGITS.search(_string(meta, "versionId") or "")
    try:
        updated = dt.datetime.fromisoformat(_string(meta, "lastUpdated") or "")
        seconds = (updated if updated.tzinfo else updated.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError):
        seconds = 0.0
    return seconds, int(number[0]) if number else 0


def _as_resource(parsed: object, root: str) -> Resource:
    place = root.strip(" :") or "$this"
    if isinstance(parsed, list):
        raise WrongRecord(
            f"{place}: a JSON array is no FHIR resource: give a Bundle, or NDJSON with a resource on each line.",
            place,
        )
    if not isinstance(parsed, dict):
        raise WrongRecord(
            f"{place}: the JSON is no object, so no FHIR resource: give a Bundle or a resource of FHIR R4.", place
        )
    if not _string(parsed, "resourceType"):
        raise WrongRecord(
            f"{place}: the JSON object has no resourceType: give a Bundle or a resource of FHIR R4.",
            f"{root}resourceType",
        )
    return parsed


def _string(resource: Resource, name: str) -> str | None:
    value = resource.get(name)
    return value if isinstance(value, str) and value and is_sound(value) else None

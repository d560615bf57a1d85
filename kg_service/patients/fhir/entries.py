"""From parsed JSON to the resources in it: bundles of every type opened, each resource with its place and identity."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from pyoxigraph import NamedNode

from kg_service.errors import WrongRecord
from kg_service.knowledge.namespaces import BASE
from kg_service.patients.fhir.element import Element, Notes, is_sound, opened
from kg_service.patients.fhir.identity import are_two
from kg_service.patients.fhir.versions import refuse_other_versions

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

RECORDS = BASE + "record/"
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
DIGITS = re.compile(r"\d{1,9}", re.ASCII)

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

    def element(self, notes: Notes) -> Element:
        """Return the resource as an element that notes what is wrong with it in `notes`."""
        return opened(self.resource, self.path, notes)

    def contained(self, fragment: str) -> Entry | None:
        """Return the contained resource with this id."""
        home = self.container or self
        contained = home.resource.get("contained")
        for place, resource in enumerate(contained if isinstance(contained, list) else []):
            if isinstance(resource, dict) and _string(resource, "id") == fragment:
                return Entry(resource, f"{home.path}.contained[{place}]", container=home)
        return None


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
    """Return the resources of one JSON value: those of a Bundle, or the one that it is.

    Bundles inside of bundles are opened too. `root` goes before every path. What belongs to no single patient is
    noted in `common`. Raises WrongRecord when the value is no resource, or one of another FHIR version.
    """
    resource = _as_resource(parsed, root)
    top = Entry(resource, f"{root}{_string(resource, 'resourceType')}")
    found: list[Entry] = []
    todo = [top]
    while todo:
        entry = todo.pop()
        refuse_other_versions(entry.resource, entry.type, entry.path)
        if entry.type == "Bundle":
            todo.extend(reversed(_open_bundle(entry, common)))
        else:
            found.append(entry)
    return found


def is_bundle(parsed: object) -> bool:
    """Tell whether a JSON value is a Bundle."""
    return isinstance(parsed, dict) and parsed.get("resourceType") == "Bundle"


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
    for link in element.children("link"):
        if link.text("relation") == "next":
            link.fault("Further pages follow: give the entries of all pages together, without this link.", "relation")
    entries = element.children("entry")
    language = bundle.language or _language_of_document(entries)
    found: list[Entry] = []
    for entry in entries:
        resource = entry.value.get("resource")
        full_url = entry.text("fullUrl")
        if isinstance(resource, dict) and _string(resource, "resourceType"):
            found.append(Entry(resource, entry.at("resource"), full_url, bundle_language=language))
        elif resource is not None:
            entry.fault("A resource with a resourceType was expected here: write it as FHIR R4 says.", "resource")
        elif is_history:
            found.extend(_deletion(entry, full_url))
    if not is_history:
        return found
    living = newest(found, Notes())  # what a history is for, newest first: no remark
    return [entry for entry in living if entry.type != DELETED]


def _language_of_document(entries: Sequence[Element]) -> str | None:
    """Return the language of the Composition, with which a document begins."""
    first = entries[0].value.get("resource") if entries else None
    if not isinstance(first, dict) or first.get("resourceType") != "Composition":
        return None
    return _string(first, "language")


DELETED = "(deleted)"


def _deletion(entry: Element, full_url: str | None) -> list[Entry]:
    """Return what stands for a deletion in a history, so that it wins over older versions."""
    request, response = entry.child("request"), entry.child("response")
    if request is None or request.text("method") != "DELETE":
        return []
    kind, _, identifier = (request.text("url") or "").rpartition("/")
    meta = {"lastUpdated": response.text("lastModified"), "versionId": response.text("etag")} if response else {}
    stone = {"resourceType": DELETED, "id": identifier, "meta": meta}
    return [Entry(stone, entry.path, full_url or f"{kind}/{identifier}")]


def _is_newer(resource: Resource, known: Resource) -> bool:
    return _version(resource) > _version(known)


def _contradict(resource: Resource, known: Resource) -> bool:
    """Tell whether two resources differ and their versions do not say which is the newer one."""
    if all(resource.get(name) == known.get(name) for name in {*resource, *known} - {"meta"}):
        return False
    pairs = zip(_version(resource), _version(known), strict=True)
    return not any(one and other and one != other for one, other in pairs)


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

"""A quick look at a line of FHIR: whose it is. What is wrong with it comes to light when it is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from kg_service.patients.fhir.element import objects_in
from kg_service.patients.fhir.entries import OPENED
from kg_service.patients.fhir.json_text import parse_loosely
from kg_service.patients.fhir.library import LITERAL, URN, VERSION
from kg_service.patients.fhir.reading import JUDGED, LEFT_OPEN, OF_PATIENT, READERS, intended, is_of_no_person
from kg_service.patients.glance import Glance, Trait

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Json = Mapping[str, object]

OTHERS = re.compile(r"(?!Patient/)[A-Z][A-Za-z]+/[^/|]+")
"""The name of a resource of another type than Patient."""

SHARED = frozenset({"Medication", "Substance"})
"""Resources of no patient that records refer to."""


def glance(data: bytes) -> Glance:
    """Tell whom a line is of, by names that are the same for all references to one resource."""
    try:
        parsed = parse_loosely(data)
    except ValueError:
        return Glance(Trait.BROKEN)
    if not isinstance(parsed, dict) or not isinstance(kind := parsed.get("resourceType"), str):
        return Glance(Trait.BROKEN)
    found = Glance()
    are_patients = set()
    for url, resource in _resources(parsed):
        are_patients.add(resource.get("resourceType") == "Patient")
        _look(found, url, resource)
    if kind == "Bundle" and are_patients == {True, False}:
        found.traits |= Trait.COMPLETE
    if found.traits & Trait.CONCERN and kind in JUDGED and isinstance(parsed.get("id"), str):
        found.names.add(f"{kind}/{parsed['id']}")  # other versions of it
    return found


def referred_to(resource: object) -> Iterator[str]:
    """Yield names of all that some JSON refers to."""
    for value in objects_in(resource):
        yield from _names_in(value)


def _resources(parsed: Json) -> Iterator[tuple[object, Json]]:
    """Yield each resource of a line with the URL that it goes by; what is around others is opened."""
    pending: list[tuple[object, Json]] = [(None, parsed)]
    while pending:
        url, resource = pending.pop()
        if resource.get("resourceType") in OPENED:
            pending.extend(_within(resource))
        else:
            yield url, resource


def _within(around: Json) -> Iterator[tuple[object, Json]]:
    """Yield the resources of the entries or parameters, in whatever parts of these, with their URLs."""
    pending = [around]
    while pending:
        part = pending.pop()
        if isinstance(inner := part.get("resource"), dict):
            yield part.get("fullUrl"), inner
        for name in ("entry", "parameter", "part"):
            held = part.get(name)
            pending += [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def _look(found: Glance, url: object, resource: Json) -> None:
    kind = resource.get("resourceType")
    own = {name for name in (_name(url), resource.get("id")) if isinstance(name, str) and name}
    if kind == "Patient":
        found.traits |= Trait.PATIENT
        found.names |= own
        found.offered |= _identifiers(resource)
        found.names |= _linked(resource)
    elif kind in SHARED:
        found.traits |= Trait.SHARED
        found.offered |= own | {f"{kind}/{resource.get('id')}"} | _identifiers(resource)
    elif isinstance(kind, str):
        _look_for_patient(found, intended(kind), resource)


def _linked(patient: Json) -> set[str]:
    """Return the names of other Patient resources of the same person."""
    links = patient.get("link")
    others = [link.get("other") for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    return {name for other in others if isinstance(other, dict) for name in _names_in(other)}


def _look_for_patient(found: Glance, kind: str, resource: Json) -> None:
    reference = next((given for member in OF_PATIENT if (given := resource.get(member)) is not None), None)
    named = set(_names_in(reference)) if isinstance(reference, dict) else set()
    names = {name for name in named if not OTHERS.fullmatch(name)}  # a group, a device: nobody
    found.names |= names
    if reference is not None or kind in READERS or kind in LEFT_OPEN or kind == "OperationOutcome":
        found.traits |= Trait.CONCERN
    if names and kind in READERS:
        found.traits |= Trait.RECORD
    if kind in LEFT_OPEN and not is_of_no_person(resource):
        found.traits |= Trait.OPEN
    if isinstance(reference, dict) and str(reference.get("reference")).startswith("#"):
        found.traits |= Trait.PATIENT  # one that is contained


def _names_in(reference: Json) -> Iterator[str]:
    """Yield the names in a reference: that of what it is written of, and that of the identifier."""
    written = reference.get("reference")
    if isinstance(written, str) and (name := _conditional(written) if "?" in written else _name(written)):
        yield name
    identifier = reference.get("identifier")
    if isinstance(identifier, dict) and (name := _identified(identifier)):
        yield name


def _name(url: object) -> str | None:
    """Return type and id in a URL, only the id of a Patient or URN, and other URLs as they are."""
    if not isinstance(url, str) or not url or url.startswith("#"):
        return None
    url = VERSION.sub("", url)
    if urn := URN.fullmatch(url):
        return urn["id"]
    return match["local"].removeprefix("Patient/") if (match := LITERAL.fullmatch(url)) else url


def _conditional(url: str) -> str | None:
    """Return the name in a reference such as Patient?identifier=system|value."""
    terms = dict(parse_qsl(url.partition("?")[2]))
    value = terms.get("identifier", "")
    return value if "|" in value else f"|{value}"


def _identifiers(resource: Json) -> set[str]:
    """Return the names that references by identifier have for a resource, with and without the system."""
    identifiers = resource.get("identifier")
    found = [one for one in identifiers if isinstance(one, dict)] if isinstance(identifiers, list) else []
    return {name for one in found for name in (_identified(one), f"|{one.get('value')}") if name}


def _identified(identifier: Json) -> str | None:
    value = identifier.get("value")
    return f"{identifier.get('system') or ''}|{value}" if isinstance(value, str) else None

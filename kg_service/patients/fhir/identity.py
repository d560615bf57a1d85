"""Tells two people, or two medications, from two versions of one, as ids of different servers are often the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Resource = Mapping[str, object]


def are_two(resource: Resource, other: Resource) -> bool:
    """Tell whether two resources of one type and id cannot be versions of one.

    Patients are two when their birth dates contradict each other, when they have no name in common, or no identifier
    of a system that both have; others when their codes differ. What either does not say tells nothing.
    """
    if resource.get("resourceType") != "Patient":
        return resource.get("resourceType") in {"Medication", "Substance"} and _differ(
            resource.get("code"), other.get("code")
        )
    names, other_names = set(_names(resource)), set(_names(other))
    if names and other_names and not names & other_names:
        return True
    identifiers, others = _identifiers(resource), _identifiers(other)
    if any(not identifiers[system] & others[system] for system in identifiers.keys() & others.keys()):
        return True
    born, other_born = str(resource.get("birthDate") or ""), str(other.get("birthDate") or "")
    return not born.startswith(other_born) and not other_born.startswith(born)


def _differ(code: object, other: object) -> bool:
    return code is not None and other is not None and code != other


def _names(patient: Resource) -> Iterator[str]:
    """Yield all names, whether of the family or given, in one case: either may change, hardly all."""
    for name in _objects(patient.get("name")):
        given = name.get("given")
        for part in (name.get("family"), *(given if isinstance(given, list) else [])):
            if isinstance(part, str):
                yield part.casefold()


def _identifiers(patient: Resource) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for identifier in _objects(patient.get("identifier")):
        system, value = identifier.get("system"), identifier.get("value")
        if isinstance(system, str) and isinstance(value, str):
            found[system].add(value)
    return dict(found)


def _objects(value: object) -> list[Resource]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []

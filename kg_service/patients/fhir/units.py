"""NDJSON by patient, wherever its lines lie: what is said of one patient is brought together before it is read.

A *unit* is the lines that name the same patients. Lines that name nobody stand on a shelf: units take from it what
they refer to, such as a Medication, and what may be of anyone.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg_service.errors import FaultyRecord, RecordError
from kg_service.patients.fhir.agents import MEDICATION
from kg_service.patients.fhir.element import Notes
from kg_service.patients.fhir.entries import is_bundle, open_resource
from kg_service.patients.fhir.files import KEPT_WHOLE, Line, is_complete, is_lines, names_in, parse_line
from kg_service.patients.fhir.reading import read_entries
from kg_service.patients.record import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg_service.patients.fhir.entries import Entry
    from kg_service.patients.record import PatientRecord
    from kg_service.patients.terminology import Terminology


def split_lines(data: bytes) -> list[bytes]:
    """Return the lines of NDJSON; JSON on several lines is one."""
    return data.split(b"\n") if is_lines(data) else [data]


def patients_named(line: Line) -> frozenset[str]:
    """Return the ids of the patients whom a line names, by a quick look; none where it is not JSON.

    Two servers' patients of one id are joined here, and told apart when they are read.
    """
    return frozenset(_last_part(name) for name in names_in(line))


def for_shelf(line: Line) -> list[Entry] | None:
    """Return what a line that names nobody has for others, mostly nothing; None when it is to be read by itself.

    By itself is read what has a Patient in it, and what cannot be read.
    """
    try:
        entries = open_resource(parse_line(line), line.root_path, Notes())
    except RecordError:
        return None
    if any(entry.type == "Patient" for entry in entries):
        return None
    return [entry for entry in entries if entry.type in KEPT_WHOLE]


class Shelf:
    """The resources of lines that name nobody."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        """Take what the lines have for others."""
        self._of_anyone: list[Entry] = []
        self._by_name: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in (entry for line in lines for entry in for_shelf(line) or ()):
            if entry.type in MEDICATION:
                for name in _names_of(entry):
                    self._by_name[name].append(entry)
            else:
                self._of_anyone.append(entry)

    def for_unit(self, entries: list[Entry], *, is_alone: bool) -> list[Entry]:
        """Return what belongs to the resources of a unit; a bundle that stands alone has all that is its patient's."""
        found: dict[int, Entry] = {} if is_alone else {id(entry): entry for entry in self._of_anyone}
        todo = list(entries) if self._by_name else []
        while todo:
            for name in _referred(todo.pop().resource):
                for entry in self._by_name.get(name, []):
                    if id(entry) not in found:
                        found[id(entry)] = entry
                        todo.append(entry)
        return list(found.values())


def read_unit(lines: Iterable[Line], shelf: Shelf, terminology: Terminology) -> list[PatientRecord]:
    """Read the lines of a unit into one record per patient. A line that cannot be read is a fault of all of them.

    Raises FaultyRecord when no line can be read, WrongRecord when they say nothing of a patient that is read here.
    """
    common = Notes()
    entries: list[Entry] = []
    faults: list[Fault] = []
    is_alone: list[bool] = []
    for line in lines:
        try:
            parsed = parse_line(line)
            opened = open_resource(parsed, line.root_path, common)
        except RecordError as error:
            faults.append(Fault(line.place, str(error)))
            continue
        entries += opened
        is_alone.append(is_bundle(parsed) and is_complete(opened))
    if not entries and faults:
        raise FaultyRecord(faults)
    for fault in faults:
        common.fault(fault.path, fault.reason)
    entries += shelf.for_unit(entries, is_alone=is_alone == [True])
    return read_entries(entries, common, terminology)


def _names_of(entry: Entry) -> Iterator[str]:
    if entry.id:
        yield entry.id
    if entry.full_url and _last_part(entry.full_url) != entry.id:
        yield _last_part(entry.full_url)
    for identifier in entry.element(Notes()).children("identifier"):
        if value := identifier.text("value"):
            yield value


def _referred(resource: object) -> Iterator[str]:
    """Yield the last parts of all references in a resource, and the values of all identifiers."""
    pending = [resource]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            for text in (value.get("reference"), value.get("value")):
                if isinstance(text, str):
                    yield _last_part(text)
            pending.extend(part for part in value.values() if isinstance(part, dict | list))


def _last_part(name: str) -> str:
    """Return the id in a reference, whether relative, absolute, a URN or by identifier."""
    for mark in "/:|":
        name = name.rpartition(mark)[2]
    return name

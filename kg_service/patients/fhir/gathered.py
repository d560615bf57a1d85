"""Reads lines of FHIR that something else than a survey has gathered by patient, such as a cluster.

A *unit* is the lines that share names of patients. Beside them stands a shelf, with what units refer to, such as a
Medication, and what may be of anyone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from kg_service.errors import MalformedRecord, RecordError, WrongRecord
from kg_service.patients.fhir.element import Notes
from kg_service.patients.fhir.entries import open_resource, record_iri
from kg_service.patients.fhir.glance import SHARED, glance, referred_to
from kg_service.patients.fhir.json_text import parse_json
from kg_service.patients.fhir.reading import read_entries, read_torn, tell_of_more
from kg_service.patients.glance import Glance, Trait
from kg_service.patients.record import Fault, PatientRecord
from kg_service.patients.survey import STRAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg_service.patients.fhir.entries import Entry
    from kg_service.patients.terminology import Terminology

JUDGED = Trait.PATIENT | Trait.CONCERN | Trait.BROKEN
NO_ID = re.compile(r"[/|]")
"""In names by identifier (system|value), by type and id, and in URLs."""


class Line(NamedTuple):
    """A line, its number from 1, the file or row that it is of, and how paths name that; empty where there is one."""

    data: bytes
    number: int
    source: str
    shown: str

    @property
    def name(self) -> str:
        """Which line it is."""
        return f"{self.source} line {self.number}"

    @property
    def root_path(self) -> str:
        """What goes before the paths of what stands in it."""
        return f"{self.shown} line {self.number}: ".lstrip()

    def open(self, common: Notes) -> list[Entry]:
        """Return the resources of the line; MalformedRecord or WrongRecord, with its source, where it has none."""
        own = Notes()
        try:
            parsed = parse_json(self.data.rstrip(b"\r\n"), first_line=self.number)
            entries = open_resource(parsed, self.root_path, own)
        except MalformedRecord as error:
            raise MalformedRecord(self._named(error), error.line, error.column) from error
        except WrongRecord as error:
            raise WrongRecord(self._named(error), error.path) from error
        common.absorb(own)
        return entries

    def _named(self, error: RecordError) -> str:
        return str(error) if str(error).startswith(self.source) else f"{self.source}: {error}"


@dataclass(frozen=True)
class Routes:
    """Tells of which unit a line is: `joined` holds the unit of names that some line has together.

    Ids always count as names. Others, which most lines have for themselves, count where they are in `common`.
    """

    common: frozenset[str] = frozenset()
    joined: Mapping[str, str] = field(default_factory=dict)

    def names(self, seen: Glance) -> set[str]:
        """Return the names by which a line is found."""
        offered = seen.offered if Trait.PATIENT in seen.traits else set()
        ids = {name for name in seen.names if not NO_ID.search(name)}
        return ids | ((seen.names | offered) & self.common)

    def unit(self, seen: Glance, name: str) -> str | None:
        """Return the unit of a line, which is itself where it names nobody; None where it says nothing of anyone."""
        if not seen.traits & JUDGED:
            return None
        first = min(self.names(seen), default=None)
        return name if first is None else self.joined.get(first, first)


class Shelf:
    """What is read with more than one unit: shared resources, and lines that may be of anyone, the open ones first.

    So may lines that are `broken`.
    """

    def __init__(self, shared: Iterable[Line] = (), strays: Iterable[Line] = (), broken: Iterable[Line] = ()) -> None:
        """Open the lines; what is to be told of strays, is told to all patients."""
        several = list(strays)
        self.told = Notes()
        self.strays = [entry for line in several[:STRAYS] for entry in _opened(line, self.told)]
        for line in several[STRAYS:]:
            tell_of_more(line.name, _opened(line, Notes()), self.told)
        for line in broken:
            self.strays += read_torn(line.data, line.name, self.told)
        self._shared: defaultdict[str, list[Entry]] = defaultdict(list)
        for line in shared:
            seen = glance(line.data)
            entries = [entry for entry in _opened(line, Notes()) if entry.type in SHARED]
            if Trait.COMPLETE not in seen.traits:
                for name in seen.offered:
                    self._shared[name] += entries

    def shared_with(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return what the entries, and what they refer to, refer to on the shelf."""
        found: dict[int, Entry] = {}
        pending = [entry.resource for entry in entries] if self._shared else []
        while pending:
            for name in set(referred_to(pending.pop())):
                for entry in self._shared.get(name, ()):
                    if id(entry) not in found:
                        found[id(entry)] = entry
                        pending.append(entry.resource)
        return list(found.values())


def read_gathered(lines: Sequence[Line], shelf: Shelf, terminology: Terminology) -> list[PatientRecord]:
    """Return the records of a unit's patients; of a unit that cannot be read, a record of nothing but the fault.

    A line that cannot be read is a fault of the unit's patients.
    """
    try:
        return _read(lines, shelf, terminology)
    except RecordError as error:
        name = lines[0].name
        path = error.path if isinstance(error, WrongRecord) else ""
        return [PatientRecord(record_iri(name), name, (), faults=(Fault(path or name, str(error)),))]


def _read(lines: Sequence[Line], shelf: Shelf, terminology: Terminology) -> list[PatientRecord]:
    common = Notes()
    entries: list[Entry] = []
    failed: RecordError | None = None
    for line in lines:
        try:
            entries += line.open(common)
        except RecordError as error:
            failed = failed or error
            common.fault(line.name, str(error))
    if failed and not entries:
        raise failed
    common.absorb(shelf.told)
    is_alone = len(lines) == 1 and Trait.COMPLETE in glance(lines[0].data).traits
    root_path = lines[0].root_path if is_alone else ""
    return read_entries([*entries, *shelf.strays, *shelf.shared_with(entries)], common, terminology, root_path)


def _opened(line: Line, told: Notes) -> list[Entry]:
    """Return the resources of a line that is of no one patient; a line that cannot be read is told of."""
    try:
        return line.open(told)
    except RecordError as error:
        told.remark(line.name, str(error))
        return []

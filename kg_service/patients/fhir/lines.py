"""Reads units of FHIR lines: what a survey has found to be of one patient, or of a few that belong together."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from kg_service.errors import MalformedRecord, RecordError, WrongRecord
from kg_service.patients.fhir.element import Notes
from kg_service.patients.fhir.entries import open_resource
from kg_service.patients.fhir.glance import SHARED, referred_to
from kg_service.patients.fhir.json_text import parse_json
from kg_service.patients.fhir.reading import read_entries, read_torn, tell_of_more
from kg_service.patients.survey import STRAYS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg_service.patients.fhir.entries import Entry
    from kg_service.patients.record import PatientRecord
    from kg_service.patients.survey import Place, Survey, Unit
    from kg_service.patients.terminology import Terminology

REMEMBERED = 4096  # names of shared resources


class LineReader:
    """Reads units of lines in the order in which they are asked for."""

    def __init__(self, survey: Survey, terminology: Terminology) -> None:
        """Read what `survey` has found."""
        self._survey = survey
        self._terminology = terminology
        self._shared_by = lru_cache(maxsize=REMEMBERED)(self._find_shared)
        self._strays_of = cache(self._find_strays)
        self._has_shared = cache(survey.has_shared)

    def __call__(self, unit: Unit, *, strict: bool = True) -> list[PatientRecord]:
        """Return the records of a unit's patients.

        Raises MalformedRecord or WrongRecord for the first line that cannot be read; if not `strict`, such a line
        becomes a fault of the unit's patients, and is raised only when it leaves none.
        """
        common = Notes()
        entries: list[Entry] = []
        failed: RecordError | None = None
        for place in unit.places:
            try:
                entries += self._open(place, common)
            except RecordError as error:
                if strict:
                    raise
                failed = failed or error
                common.fault(self._survey.name_at(place), str(error))
        if failed and not entries:
            raise failed
        root_path = self._root_path(unit.places[0]) if unit.alone else ""
        group = self._survey.group_of(unit)
        strays, told = self._strays_of(group)
        common.absorb(told)
        entries = [*entries, *strays, *self._shared_with(unit, group, entries)]
        return read_entries(entries, common, self._terminology, root_path)

    def _open(self, place: Place, common: Notes) -> list[Entry]:
        """Return the resources of a line; errors name the source."""
        source = self._survey.sources[place.source]
        own = Notes()
        try:
            line = source.read(place.offset, place.length).rstrip(b"\r\n")
            parsed = parse_json(line, first_line=place.number)
            entries = open_resource(parsed, self._root_path(place), own)
        except MalformedRecord as error:
            raise MalformedRecord(_named(source.name, error), error.line, error.column) from error
        except WrongRecord as error:
            raise WrongRecord(_named(source.name, error), error.path) from error
        common.absorb(own)
        return entries

    def _root_path(self, place: Place) -> str:
        """Return what goes before the paths of what stands in a place."""
        shown = self._survey.sources[place.source].shown
        if not self._survey.is_whole(place):
            shown = f"{shown} line {place.number}".lstrip()
        return f"{shown}: " if shown else ""

    def _find_strays(self, group: int) -> tuple[list[Entry], Notes]:
        """Return resources that may be of any patient of the group, and what is to be told each of them."""
        told = Notes()
        places = self._survey.strays(group)
        entries = self._open_all(places[:STRAYS], told)
        for place in places[STRAYS:]:
            tell_of_more(self._survey.name_at(place), self._open_all([place], Notes()), told)
        for place in self._survey.broken(group):
            data = self._survey.sources[place.source].read(place.offset, place.length)
            entries += read_torn(data, self._survey.name_at(place), told)
        return entries, told

    def _open_all(self, places: Iterable[Place], told: Notes) -> list[Entry]:
        """Return the resources of lines that are of no one patient; a line that cannot be read is told of."""
        entries: list[Entry] = []
        for place in places:
            try:
                entries += self._open(place, told)
            except RecordError as error:
                told.remark(self._survey.name_at(place), str(error))
        return entries

    def _shared_with(self, unit: Unit, group: int, entries: Iterable[Entry]) -> list[Entry]:
        """Return what the entries, and what they refer to, refer to outside of the unit."""
        if not self._has_shared(group):
            return []
        found: dict[Place, list[Entry]] = {}
        pending = [entry.resource for entry in entries]
        while pending:
            for name in set(referred_to(pending.pop())):
                for place, shared in self._shared_by(group, name).items():
                    if place not in found and place not in unit.places:
                        found[place] = shared
                        pending += [entry.resource for entry in shared]
        return [entry for place in sorted(found) for entry in found[place]]

    def _find_shared(self, group: int, name: str) -> dict[Place, list[Entry]]:
        return {
            place: [entry for entry in self._open_all([place], Notes()) if entry.type in SHARED]
            for place in self._survey.shared(group, name)
        }


def _named(name: str, error: RecordError) -> str:
    """Return what an error says, beginning with the source's name if it has one."""
    return str(error) if not name or str(error).startswith(name) else f"{name}: {error}"

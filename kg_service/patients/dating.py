"""Puts a record on the calendar: the first and the last day that each of its dates may be (see `calendar`)."""

from __future__ import annotations

from collections import defaultdict
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Triple

from kg_service.knowledge.namespaces import PATIENT, XSD, XSD_DATE
from kg_service.patients import calendar

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping

    from kg_service.patients.calendar import Days

INTEGER = NamedNode(XSD + "integer")
BEGIN = tuple(PATIENT + name for name in ("onset", "effective", "start"))
BEGIN_UNTIL = PATIENT + "onsetEnd"
END = tuple(PATIENT + name for name in ("abatement", "end"))
RECORDED = PATIENT + "recorded"
BIRTH, DEATH = PATIENT + "birthDate", PATIENT + "deathDate"

TRUE = Literal(True)  # noqa: FBT003 - an RDF literal

Dates = dict[str, "Days"]


def date_facts(triples: Iterable[Triple]) -> Iterator[Triple]:
    """Yield the calendar indexes of all dates of a patient and their records."""
    for subject, dates in dates_by_subject(triples).items():
        for name, value in _indexes(dates):
            yield Triple(subject, _term(name), _index(value))
        if _first(dates, BEGIN):
            yield Triple(subject, _term("dated"), TRUE)


def judged_on(patient: NamedNode, day: dt.date) -> Iterator[Triple]:
    """Yield the day for which the patient is judged."""
    yield Triple(patient, NamedNode(PATIENT + "asOf"), Literal(day.isoformat(), datatype=XSD_DATE))
    yield Triple(patient, NamedNode(PATIENT + "asOfIndex"), _index(calendar.index(day)))


def dates_by_subject(triples: Iterable[Triple]) -> Mapping[NamedNode, Dates]:
    """Return the days of every dated property, by subject and property IRI."""
    found: defaultdict[NamedNode, Dates] = defaultdict(dict)
    for triple in triples:
        if isinstance(triple.object, Literal) and isinstance(triple.subject, NamedNode):
            days = calendar.days(triple.object)
            if days:
                found[triple.subject][triple.predicate.value] = days
    return found


@cache
def _term(name: str) -> NamedNode:
    return NamedNode(PATIENT + name)


@lru_cache(maxsize=calendar.CACHED)
def _index(value: int) -> Literal:
    return Literal(str(value), datatype=INTEGER)


def _indexes(dates: Dates) -> Iterator[tuple[str, int]]:
    if begin := _first(dates, BEGIN):
        until = dates.get(BEGIN_UNTIL, begin)
        yield from (("earliest", begin.first), ("latest", until.last), ("latestRounded", until.rounded))
    if end := _first(dates, END):
        yield from (("endEarliest", end.first), ("endLatest", end.last))
    if recorded := dates.get(RECORDED):
        yield from (("recordedEarliest", recorded.first), ("recordedIndex", recorded.last))
    for name, date in (("birth", dates.get(BIRTH)), ("death", dates.get(DEATH))):
        if date:
            yield from ((f"{name}Earliest", date.first), (f"{name}Latest", date.last))


def _first(dates: Dates, names: Iterable[str]) -> Days | None:
    return next((dates[name] for name in names if name in dates), None)

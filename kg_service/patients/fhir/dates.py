"""Dates of FHIR (https://hl7.org/fhir/R4/datatypes.html#dateTime) and days counted from birth.

One policy: a record's date is the one that it writes. Time of day and time zone are dropped, never converted, so that
23:30 on 31 January stays 31 January wherever it is read.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

from pyoxigraph import Literal

from kg_service.patients.calendar import DATE, MONTH, MONTHS, YEAR, interval

WRITTEN = re.compile(
    r"(?P<date>(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?)"
    r"(?:T(?:[01]\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)


def date_literal(written: str) -> Literal | None:
    """Return xsd:date, xsd:gYearMonth or xsd:gYear for a FHIR date, dateTime or instant; None when it is none."""
    match = WRITTEN.fullmatch(written)
    if match is None or ("T" in written and not match["day"]):
        return None
    try:
        dt.date(int(match["year"]), int(match["month"] or 1), int(match["day"] or 1))
    except ValueError:  # no such day
        return None
    datatype = DATE if match["day"] else MONTH if match["month"] else YEAR
    return Literal(match["date"], datatype=datatype)


def day_literal(day: dt.date) -> Literal:
    """Return an xsd:date."""
    return Literal(day.isoformat(), datatype=DATE)


def first_day(literal: Literal) -> dt.date:
    """Return the first day that a date literal of this module may be."""
    return interval(literal)[0]


def last_day(literal: Literal) -> dt.date:
    """Return the last day that a date literal of this module may be."""
    return interval(literal)[1]


def after(day: dt.date, *, months: int = 0, days: int = 0) -> dt.date | None:
    """Return the day so much later; the last of its month where that has no such day; None beyond the calendar."""
    count = day.year * MONTHS + day.month - 1 + months
    year, month = divmod(count, MONTHS)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        return None
    last = calendar.monthrange(year, month + 1)[1]
    try:
        return dt.date(year, month + 1, min(day.day, last)) + dt.timedelta(days=days)
    except OverflowError:
        return None

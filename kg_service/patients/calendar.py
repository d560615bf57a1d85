"""Dates as they are known, turned into whole numbers that any engine compares alike.

A calendar index is (year x 12 + month) x 32 + day: it orders days as the calendar does, 32 is one month and 384 one
year. A date known only to the month or the year is an interval of days. There is no time of day and no time zone: a
record's date is the one that it writes.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from functools import lru_cache
from typing import NamedTuple

from pyoxigraph import Literal, NamedNode

from kg_service.knowledge.namespaces import XSD

MONTHS = 12
INDEX_MONTH = 32
LAST_DAY = 31
OPEN = 999_999  # the end, in shapes/, of what goes on
CACHED = 16_384  # dates recur from patient to patient
DATE, MONTH, YEAR = (NamedNode(XSD + name) for name in ("date", "gYearMonth", "gYear"))
FIRST_DAY = {DATE: "", MONTH: "-01", YEAR: "-01-01"}
FORMS = {DATE: r"\d{4}-\d\d-\d\d", MONTH: r"\d{4}-\d\d", YEAR: r"\d{4}"}


class Days(NamedTuple):
    """The calendar indexes of the first and the last day that a date may be, and the last one rounded.

    `rounded` counts the last day of a month as its 31st, so that a month after 31 January is the last of February.
    """

    first: int
    last: int
    rounded: int


def index(day: dt.date) -> int:
    """Return the calendar index of a day."""
    return (day.year * MONTHS + day.month) * INDEX_MONTH + day.day


def days(literal: Literal) -> Days | None:
    """Return the days that an xsd:date, xsd:gYearMonth or xsd:gYear may be; None when it is no such date."""
    return _days(literal) if literal.datatype in FORMS else None


@lru_cache(maxsize=CACHED)
def _days(literal: Literal) -> Days | None:
    try:
        first, last = interval(literal)
    except ValueError:
        return None
    is_month_end = last.day == calendar.monthrange(last.year, last.month)[1]
    rounded = index(last) + (LAST_DAY - last.day if is_month_end else 0)
    return Days(index(first), index(last), rounded)


def interval(literal: Literal) -> tuple[dt.date, dt.date]:
    """Return the first and the last day that a date may be; ValueError when the literal is no date."""
    if not re.fullmatch(FORMS[literal.datatype], literal.value, re.ASCII):
        raise ValueError(literal.datatype)
    first = dt.date.fromisoformat(literal.value + FIRST_DAY[literal.datatype])
    if literal.datatype == DATE:
        return first, first
    last_month = first if literal.datatype == MONTH else first.replace(month=MONTHS)
    return first, last_month.replace(day=calendar.monthrange(last_month.year, last_month.month)[1])

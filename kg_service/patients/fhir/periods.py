"""When something began and ended, in the many ways that FHIR R4 writes it: onset[x], abatement[x], periods, ages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from kg_service.knowledge.names import fold
from kg_service.patients.fhir.dates import after, day_literal, first_day, last_day

if TYPE_CHECKING:
    from pyoxigraph import Literal, NamedNode

    from kg_service.patients.fhir.chart import Chart
    from kg_service.patients.fhir.element import Element

AGE_UNITS = {"a": (12, 0), "mo": (1, 0), "wk": (0, 7), "d": (0, 1)}
"""Months and days in one unit of age, by UCUM code (https://hl7.org/fhir/R4/valueset-age-units.html)."""

OLDEST = 150
YES = {"true", "yes", "y", "resolved"}


class Span(NamedTuple):
    """The first and the last day on which something can have happened; `last` only where it differs."""

    first: Literal | None = None
    last: Literal | None = None

    @property
    def latest(self) -> Literal | None:
        """The last day, as far as there is any."""
        return self.last or self.first


def when(element: Element, name: str) -> Span:
    """Return the days that name[x] says, such as effective[x]: its Period, or else its dateTime."""
    day = Span(element.date(f"{name}DateTime"))
    return period(element.child(f"{name}Period")) if element.has(f"{name}Period") else day


def period(element: Element | None) -> Span:
    """Return start and end of a Period (https://hl7.org/fhir/R4/datatypes.html#Period)."""
    return Span(element.date("start"), element.date("end")) if element else Span()


def begun(element: Element, chart: Chart, recorded: Literal | None) -> Span:
    """Return when a condition began, from onset[x]; ages are counted from the patient's birth.

    An open period ends at the latest when it was recorded.
    """
    if element.has("onsetDateTime"):
        return Span(element.date("onsetDateTime"))
    if element.has("onsetPeriod"):
        span = period(element.child("onsetPeriod"))
        if span.first is None or (span.last or recorded) is None:
            element.remark("A period without start or end does not say when it began", "onsetPeriod")
            return Span()
        return Span(span.first, span.last or recorded)
    return _by_age(element, "onset", chart)


def ended(element: Element, chart: Chart) -> Literal | None:
    """Return the last day on which a condition can have ended, from abatement[x]."""
    if element.has("abatementDateTime"):
        return element.date("abatementDateTime")
    if element.has("abatementPeriod"):
        return period(element.child("abatementPeriod")).last
    return _by_age(element, "abatement", chart).last


def is_said_to_be_over(element: Element) -> bool:
    """Tell whether abatement is given as a mere yes."""
    if isinstance(element.value.get("abatementBoolean"), bool):
        return element.value["abatementBoolean"] is True
    return fold(element.text("abatementString") or "") in YES


def _by_age(element: Element, name: str, chart: Chart) -> Span:
    """Read nameAge and nameRange (of ages); nameString is only remarked on."""
    if element.has(f"{name}Age"):
        age = element.child(f"{name}Age")
        return _since_birth(age, age, chart, element)
    if element.has(f"{name}Range"):
        ages = element.child(f"{name}Range")
        if ages:
            return _since_birth(ages.child("low"), ages.child("high"), chart, ages)
    if element.has(f"{name}String"):
        element.text(f"{name}String")
        element.remark("A time in words is not read", f"{name}String")
    return Span()


def _since_birth(low: Element | None, high: Element | None, chart: Chart, place: Element) -> Span:
    """Return the days from reaching the lower age to the last day of being of the higher age."""
    if chart.birth is None:
        place.remark("An age says no date without a date of birth")
        return Span()
    youngest, oldest = _age(low, chart), _age(high, chart)
    if youngest is None or oldest is None:
        place.remark("An age without value or unit, or only bounded, says no date")
        return Span()
    first = _reached(first_day(chart.birth), youngest)
    next_age = _reached(last_day(chart.birth), oldest, more=1)
    if first is None or next_age is None:
        place.remark("An age beyond the calendar says no date")
        return Span()
    return Span(day_literal(first), day_literal(max(first, next_age - dt.timedelta(days=1))))


def _reached(birth: dt.date, age: tuple[int, str], more: int = 0) -> dt.date | None:
    number, unit = age
    months, days = AGE_UNITS[unit]
    return after(birth, months=months * (number + more), days=days * (number + more))


def _age(element: Element | None, chart: Chart) -> tuple[int, str] | None:
    """Return completed units of age and the unit's UCUM code."""
    if element is None or element.text("comparator"):
        return None
    value = element.number("value")
    unit: NamedNode | None = None
    for name in ("code", "unit"):
        unit = unit or chart.terminology.find_unit(element.text(name) or "")
    code = chart.terminology.ucum(unit) if unit else ""
    if value is None or code not in AGE_UNITS:
        return None
    months, days = AGE_UNITS[code]
    years = value * (Decimal(months) / 12 + Decimal(days) / 365)
    if not 0 <= years <= OLDEST:
        element.fault("This is no age of a person: correct it.", "value")
        return None
    return int(value), code

"""Dosage and Timing (https://hl7.org/fhir/R4/dosage.html) to dose, interval, route and the days it spans."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kg_service.patients.fhir.coding import by_code, by_text, read_words
from kg_service.patients.fhir.element import decimal_literal
from kg_service.patients.fhir.periods import Span, period
from kg_service.patients.fhir.quantities import read_quantity
from kg_service.patients.terminology import ROUTE

if TYPE_CHECKING:
    from kg_service.patients.fhir.chart import Draft
    from kg_service.patients.fhir.element import Element

DAY, WEEK = "d", "wk"
SMALLER = {WEEK: (7, DAY), "a": (12, "mo")}
OF_WEEKS = {WEEK, "mo", "a"}
"""Units of time, by UCUM code, in which days of the week can be counted."""

DAYS_OF_WEEK = 7
ORDERED = ("http://terminology.hl7.org/CodeSystem/dose-rate-type", "ordered")

ANY_MEAL = {"C", "AC", "PC"}
"""Events that do not say how many a day has (https://hl7.org/fhir/R4/valueset-event-timing.html)."""


def write_dosage(draft: Draft, resource: Element, name: str) -> Span:
    """Write what the only dosage instruction of the member `name` says; return the days to which it is bound.

    Several instructions (a dose that changes) have no one dose: a remark says that they are not read.
    """
    dosages = resource.children(name)
    if len(dosages) > 1:
        resource.remark("Several dosage instructions have no one dose: none is read", name)
    if len(dosages) != 1:
        return Span()
    dosage = dosages[0]
    _write_amount(draft, dosage)
    write_route(draft, dosage)
    timing = dosage.child("timing")
    repeat = timing.child("repeat") if timing else None
    if repeat is None:
        return Span()
    _write_interval(draft, repeat)
    return period(repeat.child("boundsPeriod"))


def _write_amount(draft: Draft, dosage: Element) -> None:
    """Write the dose at one time, as ordered where that is told, where all that is said of it is the same."""
    given = dosage.children("doseAndRate")
    ordered = [amount for amount in given if ORDERED in read_words(amount.child("type")).codes]
    amounts = ordered or given
    ranges = [amount for amount in amounts if amount.has("doseRange")]
    for amount in ranges:
        amount.remark("A range is no one dose: it is not read", "doseRange")
    doses = [amount for amount in amounts if amount.has("doseQuantity")]
    said = {read_quantity(dose.child("doseQuantity"), draft.chart.terminology) for dose in doses}
    if len(said) > 1:
        dosage.remark("Several amounts are no one dose: none is read", "doseAndRate")
    elif doses and not ranges:
        write_dose(draft, doses[0], "doseQuantity")


def write_dose(draft: Draft, element: Element, name: str) -> None:
    """Write the dose at one time from a quantity."""
    quantity = read_quantity(element.child(name), draft.chart.terminology)
    if quantity.value is not None:
        draft.say("dose", decimal_literal(quantity.value))
        draft.say("unit", quantity.unit)


def write_route(draft: Draft, element: Element) -> None:
    """Write the route where it is the one that code or text name."""
    route = element.child("route")
    if route is None:
        return
    words = read_words(route)
    terminology = draft.chart.terminology
    found = by_code(words, terminology, (ROUTE,)) or by_text(words, terminology, (ROUTE,))
    if len({match.concept for match in found}) == 1:
        draft.say("route", found[0].concept)
    else:
        route.remark(f"The route is not known here: {words.shown()}")


def _write_interval(draft: Draft, repeat: Element) -> None:
    """Write the interval between doses: the period over the times in it."""
    length, times = repeat.number("period"), repeat.number("frequency")
    unit = repeat.text("periodUnit")
    if length is None and unit is None and (repeat.has("dayOfWeek") or repeat.has("timeOfDay")):
        length, unit = Decimal(1), DAY
    if length is None or unit is None:
        return
    if repeat.has("periodMax") or repeat.has("frequencyMax"):
        repeat.remark("A range of times is no one interval: it is not read")
        return
    if length <= 0 or (times is not None and times <= 0):
        repeat.fault("An interval is longer than nothing: correct period and frequency.", "period")
        return
    terminology = draft.chart.terminology
    known = terminology.find_unit(unit)
    if known is None:
        repeat.remark("The unit of the interval is not known here", "periodUnit")
        return
    every = _interval(repeat, length, terminology.ucum(known), times)
    if every is None:
        repeat.remark("Days, hours and frequency give no one interval together: it is not read")
        return
    draft.say("every", decimal_literal(_rounded(every[0])))
    draft.say("everyUnit", terminology.find_unit(every[1]))


def _interval(repeat: Element, length: Decimal, unit: str, times: Decimal | None) -> tuple[Decimal, str] | None:
    """Return the interval of what is done so many times in a period; none where days and hours contradict that.

    What is done daily is done on the days of the week that are named, at each hour or event that is named: see
    https://hl7.org/fhir/R4/datatypes.html#Timing.
    """
    days = len(set(repeat.texts("dayOfWeek")))
    if days and unit == DAY and length % DAYS_OF_WEEK == 0:
        length, unit = length / DAYS_OF_WEEK, WEEK
    is_daily = length == 1 and unit == DAY
    named = set(repeat.texts("timeOfDay") or (repeat.texts("when") if is_daily or times is None else ()))
    hours = 0 if named & ANY_MEAL else len(named)
    if named & ANY_MEAL and times is None:
        return None
    if is_daily:
        if hours and times not in {None, hours}:
            return None
        daily = Decimal(hours) or times or Decimal(1)
        return _divided(Decimal(1), WEEK, daily * days) if days else _divided(length, unit, daily)
    if (hours or days) and (times or 1) != (hours or 1) * (days or 1):
        return None
    return None if days and unit not in OF_WEEKS else _divided(length, unit, times or Decimal(1))


def _divided(length: Decimal, unit: str, times: Decimal) -> tuple[Decimal, str]:
    """Return a part of a period, in a smaller unit where it has too many decimals."""
    part = length / times
    if part != _rounded(part) and unit in SMALLER:
        number, unit = SMALLER[unit]
        part = length * number / times
    return part, unit


def _rounded(number: Decimal) -> Decimal:
    """Return a quotient to at most six decimals, without zeros at the end."""
    return Decimal(f"{number:.6f}").normalize()

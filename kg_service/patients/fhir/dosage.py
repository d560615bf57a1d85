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
    for place, dose_and_rate in enumerate(dosage.children("doseAndRate")):
        if place == 0:
            write_dose(draft, dose_and_rate, "doseQuantity")
        if dose_and_rate.has("doseRange"):
            dose_and_rate.remark("A range is no one dose: it is not read", "doseRange")
    write_route(draft, dosage)
    timing = dosage.child("timing")
    repeat = timing.child("repeat") if timing else None
    if repeat is None:
        return Span()
    _write_interval(draft, repeat)
    return period(repeat.child("boundsPeriod"))


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
    if length is None or unit is None:
        return
    if repeat.has("periodMax") or repeat.has("frequencyMax"):
        repeat.remark("A range of times is no one interval: it is not read")
        return
    if length <= 0 or (times is not None and times <= 0):
        repeat.fault("An interval is longer than nothing: correct period and frequency.", "period")
        return
    known = draft.chart.terminology.find_unit(unit)
    if known is None:
        repeat.remark("The unit of the interval is not known here", "periodUnit")
        return
    every = length / (times or 1)
    draft.say("every", decimal_literal(_rounded(every)))
    draft.say("everyUnit", known)


def _rounded(number: Decimal) -> Decimal:
    """Return a quotient to at most six decimals, without zeros at the end."""
    return Decimal(f"{number:.6f}").normalize()

"""Reasons for which something was ordered or done: a condition named there is possible, no more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kg_service.patients.fhir.chart import term
from kg_service.patients.fhir.coding import VOID, Words, by_code, by_cues, by_text, read_words
from kg_service.patients.fhir.conditions import Facts, Origin, write_conditions
from kg_service.patients.fhir.dates import first_day, last_day
from kg_service.patients.fhir.element import Element, objects_in, shown_type
from kg_service.patients.fhir.periods import Span, period
from kg_service.patients.terminology import CONDITION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_service.patients.fhir.chart import Chart
    from kg_service.patients.fhir.entries import Entry
    from kg_service.patients.terminology import Match

DATES = {
    "Encounter": ("period",),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod"),
    "MedicationRequest": ("authoredOn",),
    "MedicationStatement": ("dateAsserted", "effectiveDateTime", "effectivePeriod"),
    "Procedure": ("performedDateTime", "performedPeriod"),
}
"""The resources whose reasons are read, and the members that say when they were given."""

MENTIONED = (
    "effectiveDateTime", "effectivePeriod", "occurrenceDateTime", "date", "created", "authoredOn", "authored", "issued",
    "recordedDate", "period", "billablePeriod",
)  # fmt: skip
"""The members that say in other resources when something was."""

ASIDE: dict[str, tuple[str, ...]] = {
    "Condition": ("evidence", "stage"),
    "Encounter": ("type", "serviceType", "priority"),
    "Procedure": ("complication", "followUp", "outcome"),
}
"""The members, of resources that are read, in which codes may stand for conditions beside."""


def read_reasons(chart: Chart, entry: Entry) -> None:
    """Write the conditions named as reasons, unless a Condition says by code that the patient had it that day.

    A reason given by nothing but a code that is not known here may be any condition. To be called when all Conditions
    have been read.
    """
    element = chart.element(entry)
    if element.text("status") in VOID:
        return
    given = _given(element, DATES[entry.type])
    for part, place, words in _reasons(chart, entry, element):
        found = by_code(words, chart.terminology, (CONDITION,)) or by_text(words, chart.terminology, (CONDITION,))
        named = [*found, *by_cues(words.texts, chart.terminology, found)]
        further = [match for match in named if not _is_recorded(chart, match, given)]
        if further:
            place.remark("A condition named as a reason is only possible")
        elif not named and words.is_bare:
            place.remark(f"Not understood: {words.lacking()}, so this reason may be any condition")
        elif not named and not words.codes:
            place.remark("This reason names no condition known here: it is not used")
        if further or (not named and words.is_bare):
            facts = Facts(given.latest, verification=term("Unconfirmed"))
            origin = Origin(entry, part, place.path, is_unreadable=words.is_bare)
            write_conditions(chart, origin, "Condition", further, facts)


def read_mentions(chart: Chart, entry: Entry) -> None:
    """Write the conditions that codes stand for anywhere in a resource that is not read: possible, no more.

    Of one whose type is read, where `ASIDE` says. As with reasons, unless a Condition says by code that the patient had
    it that day.
    """
    element = Element(entry.resource, entry.path, chart.notes)  # whatever modifies it: possible is as far as it goes
    if element.text("status") in VOID:
        return
    said = [entry.resource.get(name) for name in ASIDE[entry.type]] if entry.type in ASIDE else [entry.resource]
    given = _given(element, DATES.get(entry.type, MENTIONED))
    codes = Words(tuple(dict.fromkeys(code for part in said for code in _codes(part))), ())
    found = by_code(codes, chart.terminology, (CONDITION,))
    further = [match for match in found if not _is_recorded(chart, match, given)]
    if further:
        element.remark(f"A condition whose code stands in a {shown_type(entry.type)} is only possible")
        facts = Facts(given.latest, verification=term("Unconfirmed"))
        write_conditions(chart, Origin(entry, "mention"), "Condition", further, facts)


def dated_by(chart: Chart, entry: Entry, inner: Entry) -> Entry:
    """Return a contained Condition without a date as recorded when what contains it was given; others as they are."""
    if inner.type != "Condition" or any(name.startswith(("onset", "recorded")) for name in inner.resource):
        return inner
    given = _given(chart.element(entry), DATES.get(entry.type, MENTIONED)).latest
    return inner if given is None else replace(inner, resource={**inner.resource, "recordedDate": given.value})


def _codes(part: object) -> Iterator[tuple[str, str]]:
    """Yield system and code of all codings in some JSON."""
    for value in objects_in(part):
        system, code = value.get("system"), value.get("code")
        if isinstance(system, str) and isinstance(code, str):
            yield system, code


def _reasons(chart: Chart, entry: Entry, element: Element) -> Iterator[tuple[str, Element, Words]]:
    """Yield reasons by code or text, and by the words of references that lead to no Condition: one is read itself."""
    for number, reason in enumerate(element.children("reasonCode")):
        yield f"reason-{number}", reason, read_words(reason)
    diagnoses = element.children("diagnosis") if entry.type == "Encounter" else []
    given = [diagnosis.child("condition") for diagnosis in diagnoses]
    for number, reference in enumerate([*given, *element.children("reasonReference")]):
        found = chart.library.find(reference, entry, ("Condition",))
        if reference and not found and (display := reference.text("display")):
            yield f"reason-reference-{number}", reference, Words((), (display,))


def _given(element: Element, names: tuple[str, ...]) -> Span:
    for name in names:
        if not element.has(name):
            continue
        if not name.lower().endswith("period"):
            return Span(element.date(name))
        return period(element.child(name))
    return Span()


def _is_recorded(chart: Chart, match: Match, given: Span) -> bool:
    """Tell whether a code says that the patient had this condition, or a kind of it, while the reason was given.

    What happens anew must have happened then, unless the reason is that it happened in the past: one of long ago, never
    said to be over, is not what was meant.
    """
    if given.first is None:
        return False
    first, last = first_day(given.first), last_day(given.last or given.first)
    is_new = match.kind != "history" and chart.terminology.is_event(match.concept)
    for known, onset, abatement in chart.courses():
        begun = first_day(onset) <= last and (last_day(onset) >= first or not is_new)
        over = abatement is not None and last_day(abatement) < first
        if begun and not over and chart.terminology.is_near(known, match.concept):
            return True
    return False

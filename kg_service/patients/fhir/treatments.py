"""MedicationRequest, -Statement, -Administration and -Dispense to orders, uses and administrations, kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.patients.fhir.agents import Agents, medications, write_agents
from kg_service.patients.fhir.chart import term
from kg_service.patients.fhir.coding import plain
from kg_service.patients.fhir.dosage import write_dosage, write_dose, write_route
from kg_service.patients.fhir.periods import Span, period, when

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyoxigraph import NamedNode

    from kg_service.patients.fhir.chart import Chart, Draft
    from kg_service.patients.fhir.element import Element
    from kg_service.patients.fhir.entries import Entry
    from kg_service.patients.terminology import Match

UNKNOWN, STOPPED = term("UnknownStatus"), term("Stopped")
ANY = {
    "completed": term("Done"),
    "stopped": STOPPED,
    "on-hold": term("OnHold"),
    "unknown": UNKNOWN,
    "entered-in-error": term("EnteredInError"),
}
ORDERED = ANY | {"active": term("Ongoing"), "cancelled": term("Cancelled"), "draft": term("Planned")}
USED = ANY | {"active": term("Ongoing"), "intended": term("Planned"), "not-taken": term("NotDone")}
GIVEN = ANY | {"in-progress": term("Ongoing"), "not-done": term("NotDone")}
DISPENSED = {
    **dict.fromkeys(("preparation", "in-progress", "on-hold", "completed", "stopped", "unknown"), UNKNOWN),
    "cancelled": term("Cancelled"),
    "declined": term("Cancelled"),
    "entered-in-error": term("EnteredInError"),
}
INTENTS = {
    **dict.fromkeys(("proposal", "plan", "option"), term("Planned")),
    **dict.fromkeys(("order", "original-order", "reflex-order", "filler-order", "instance-order"), None),
}
VOID = {term("EnteredInError"), term("Cancelled")}


def read_request(chart: Chart, entry: Entry) -> None:
    """Read a MedicationRequest (https://hl7.org/fhir/R4/medicationrequest.html): an order, whether or not followed."""
    element = chart.element(entry)
    draft = _treatment(chart, entry, element, "Order")
    status = _ordered(element)
    draft.say("status", status)
    authored = element.date("authoredOn")
    draft.say("recorded", authored)
    supply = element.child("dispenseRequest")
    valid = period(supply.child("validityPeriod")) if supply else Span()
    bounds = write_dosage(draft, element, "dosageInstruction")
    planned = bounds.last or valid.last
    if status == STOPPED and planned:
        element.remark(
            "The end to which an order was planned is not when it was stopped: that day is left open", "status"
        )
        planned = None
    _write_days(draft, Span(bounds.first or valid.first or authored, planned))


def _ordered(element: Element) -> NamedNode:
    """Return the status of an order: what is only planned, or is not to be done, is no order.

    A plan that is reported is how US Core writes down what a patient says to be taking: that is possible.
    """
    status = plain(element, "status", ORDERED, UNKNOWN)
    intended = plain(element, "intent", INTENTS, UNKNOWN)
    if status in VOID:
        return status
    if element.boolean("doNotPerform"):
        return term("NotDone")
    is_reported = element.boolean("reportedBoolean") or element.has("reportedReference")
    if intended == term("Planned") and is_reported:
        element.remark("A plan that is reported may be what the patient takes: it is only possible", "intent")
        return UNKNOWN
    return intended or status


def read_statement(chart: Chart, entry: Entry) -> None:
    """Read a MedicationStatement (https://hl7.org/fhir/R4/medicationstatement.html): an account of use."""
    element = chart.element(entry)
    draft = _treatment(chart, entry, element, "Use")
    draft.say("status", plain(element, "status", USED, UNKNOWN))
    draft.say("recorded", element.date("dateAsserted"))
    write_dosage(draft, element, "dosage")
    _write_days(draft, when(element, "effective"))


def read_administration(chart: Chart, entry: Entry) -> None:
    """Read a MedicationAdministration (https://hl7.org/fhir/R4/medicationadministration.html): one giving."""
    element = chart.element(entry)
    draft = _treatment(chart, entry, element, "Administration")
    draft.say("status", plain(element, "status", GIVEN, UNKNOWN))
    if dosage := element.child("dosage"):
        write_dose(draft, dosage, "dose")
        write_route(draft, dosage)
    _write_days(draft, when(element, "effective"))


def read_dispense(chart: Chart, entry: Entry) -> None:
    """Read a MedicationDispense (https://hl7.org/fhir/R4/medicationdispense.html): handed over is not taken."""
    element = chart.element(entry)
    draft = _treatment(chart, entry, element, "Use")
    draft.say("status", plain(element, "status", DISPENSED, UNKNOWN))
    handed_over = element.date("whenHandedOver") or element.date("whenPrepared")
    draft.say("recorded", handed_over)
    bounds = write_dosage(draft, element, "dosageInstruction")
    _write_days(draft, Span(handed_over or bounds.first, bounds.last))


def write_agents_given(chart: Chart, entry: Entry, matches: Iterable[Match], status: NamedNode, days: Span) -> None:
    """Write a procedure that is the giving of an agent."""
    found = Agents()
    for match in matches:
        found.add(match, chart.terminology, whole_class=False)
    draft = chart.record(entry, "Administration", "agent")
    for agent in found.by_code or [*found.by_text, *found.possible]:
        draft.say("agent", agent)
    if not found.by_code:
        draft.say("codeMatch", term("ByWiderCode"))
    draft.say("status", status)
    _write_days(draft, days)


def _treatment(chart: Chart, entry: Entry, element: Element, kind: str) -> Draft:
    draft = chart.record(entry, kind)
    write_agents(draft, element, medications(chart, entry, element))
    return draft


def _write_days(draft: Draft, days: Span) -> None:
    draft.say("start", days.first)
    draft.say("end", days.last)

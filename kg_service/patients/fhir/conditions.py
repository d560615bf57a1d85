"""Condition, FamilyMemberHistory and Procedure to recorded conditions, absences and family histories."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pyoxigraph import Literal

from kg_service.patients.fhir.agents import matches as agents_in
from kg_service.patients.fhir.chart import TRUE, term
from kg_service.patients.fhir.coding import by_code, by_cues, coded, plain, read_words, understand
from kg_service.patients.fhir.periods import Span, begun, ended, is_said_to_be_over, when
from kg_service.patients.fhir.treatments import GIVEN, write_agents_given
from kg_service.patients.terminology import CONDITION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import NamedNode

    from kg_service.patients.fhir.chart import Chart, Draft
    from kg_service.patients.fhir.element import Element
    from kg_service.patients.fhir.entries import Entry
    from kg_service.patients.terminology import Match

ENTERED_IN_ERROR = "Entered in error: left out"
IN_ERROR = term("EnteredInError")
CLINICAL = {
    name: term(name.capitalize()) for name in ("active", "recurrence", "relapse", "inactive", "remission", "resolved")
}
RETURNED = {CLINICAL["recurrence"], CLINICAL["relapse"]}
VERIFICATION = {
    **{
        name: term(name.capitalize()) for name in ("confirmed", "provisional", "differential", "unconfirmed", "refuted")
    },
    "entered-in-error": IN_ERROR,
}
HISTORY = {name: term("Done") for name in ("partial", "completed")} | {
    "entered-in-error": IN_ERROR,
    "health-unknown": term("UnknownStatus"),
}
PERFORMED = {
    **{name: term("Confirmed") for name in ("in-progress", "on-hold", "stopped", "completed")},
    "unknown": term("Unconfirmed"),
    "preparation": term("Planned"),
    "not-done": term("NotDone"),
    "entered-in-error": IN_ERROR,
}

CODE_MATCHES = {"text": term("ByText"), "covers": term("ByWiderCode")}


class Origin(NamedTuple):
    """The resource, or the part of it, that a condition is from, and whether it may be anything if not understood."""

    entry: Entry
    part: str = ""
    path: str | None = None
    is_unreadable: bool = False


class Facts(NamedTuple):
    """What is said of a condition beside what it is."""

    recorded: Literal | None = None
    onset: Span = Span()
    abatement: Literal | None = None
    clinical: NamedNode | None = None
    verification: NamedNode | None = None
    effective: Literal | None = None


def read_condition(chart: Chart, entry: Entry) -> None:
    """Read a Condition (https://hl7.org/fhir/R4/condition.html); a refuted one is an absence."""
    element = chart.element(entry)
    verification = verified(element)
    if verification == IN_ERROR:
        element.remark(ENTERED_IN_ERROR)
        return
    recorded = element.date("recordedDate")
    words, matches = understand(element, "code", chart.terminology, CONDITION)
    origin = Origin(entry, is_unreadable=not (entry.is_english and words.is_readable(chart.terminology)))
    if verification == VERIFICATION["refuted"]:
        write_conditions(chart, origin, "Absence", matches, Facts(recorded, effective=recorded))
        return
    clinical = coded(element, "clinicalStatus", CLINICAL)
    if is_said_to_be_over(element):
        clinical = clinical or CLINICAL["resolved"]
    facts = Facts(recorded, begun(element, chart, recorded), ended(element, chart), clinical, verification)
    write_conditions(chart, origin, "Condition", matches, facts)
    further = by_cues(words.texts, chart.terminology, matches)
    write_possible(chart, origin, further, Facts(verification=verification) if matches else facts)
    if clinical in RETURNED and matches:
        element.remark("When it came back is not told: the onset is that of the first time", "clinicalStatus")
        again = Facts(recorded, verification=VERIFICATION["unconfirmed"])
        write_conditions(chart, origin._replace(part="again"), "Condition", matches, again)


def verified(element: Element) -> NamedNode | None:
    """Return the verification status; unconfirmed where the one given is not understood."""
    if not element.has("verificationStatus"):
        return None
    return coded(element, "verificationStatus", VERIFICATION) or VERIFICATION["unconfirmed"]


def read_family_history(chart: Chart, entry: Entry) -> None:
    """Read a FamilyMemberHistory (https://hl7.org/fhir/R4/familymemberhistory.html): one record per condition."""
    element = chart.element(entry)
    status = plain(element, "status", HISTORY, term("UnknownStatus"))
    if status == IN_ERROR:
        element.remark(ENTERED_IN_ERROR)
        return
    facts = Facts(element.date("date"))
    for place, condition in enumerate(element.children("condition")):
        words, matches = understand(condition, "code", chart.terminology, CONDITION)
        origin = Origin(
            entry, f"condition-{place}", condition.path, is_unreadable=not words.is_readable(chart.terminology)
        )
        write_conditions(chart, origin, "FamilyHistory", matches, facts)


def read_procedure(chart: Chart, entry: Entry) -> None:
    """Read a Procedure (https://hl7.org/fhir/R4/procedure.html) whose code denotes a condition or an agent."""
    element = chart.element(entry)
    words = read_words(element.child("code"))
    conditions = by_code(words, chart.terminology, (CONDITION,))
    agents = agents_in(words, chart.terminology, every_text=False)
    further = by_cues(words.texts, chart.terminology, conditions)
    if not conditions and not agents and not further and not words.is_bare:
        element.remark("A procedure whose code names no condition and no agent here is not used")
        return
    status = plain(element, "status", PERFORMED, PERFORMED["unknown"])
    performed = when(element, "performed")
    if status == IN_ERROR:
        element.remark(ENTERED_IN_ERROR)
    elif status in {PERFORMED["preparation"], PERFORMED["not-done"]}:
        element.remark("The procedure was not done: left out")
    else:
        facts = Facts(onset=Span(performed.first or performed.last), verification=status)
        if conditions:
            write_conditions(chart, Origin(entry), "Condition", conditions, facts)
        dated = Facts(None if conditions else performed.latest, verification=status)
        write_possible(chart, Origin(entry), further, dated)
        if words.is_bare and not conditions and not agents:
            element.remark(f"Not understood: {words.lacking()}, so this may be the treatment of any condition", "code")
            unknown = dated._replace(verification=VERIFICATION["unconfirmed"])
            write_conditions(chart, Origin(entry, is_unreadable=True), "Condition", (), unknown)
        if agents:
            given = GIVEN.get(element.text("status") or "", term("UnknownStatus"))
            write_agents_given(chart, entry, agents, given, performed)


def write_conditions(chart: Chart, origin: Origin, kind: str, matches: Iterable[Match], facts: Facts) -> None:
    """Write one record per way in which codes stand for conditions, so that each is as sure as its own code.

    What was not understood is written too, without a condition: that it is there is known, and whether it may be any.
    """
    for place, (way, concepts) in enumerate(_by_way(matches).items()):
        part = origin.part if place == 0 else f"{origin.part}-{way}".removeprefix("-")
        draft = chart.record(origin.entry, kind, part, origin.path)
        for concept in concepts:
            draft.say("condition", concept)
        draft.say("codeMatch", CODE_MATCHES.get(way))
        if kind == "Condition" and origin.entry.type != kind:
            draft.say("inPassing", TRUE)
        if not concepts:
            draft.say("unreadable", Literal(origin.is_unreadable))
        _write_facts(draft, facts, is_past=way == "history")


def write_possible(chart: Chart, origin: Origin, matches: list[Match], facts: Facts) -> None:
    """Write the conditions that words beside what is understood make possible, as one record of their own."""
    if not matches:
        return
    place = origin.path or origin.entry.path
    names = " and ".join(sorted(chart.terminology.name(match.concept) for match in matches))
    chart.notes.remark(place, f"Words in it make {names} possible")
    part = f"{origin.part}-words".removeprefix("-")
    write_conditions(chart, origin._replace(part=part), "Condition", matches, facts)


def _by_way(matches: Iterable[Match]) -> Mapping[str, list[NamedNode]]:
    """Sort the concepts by the way in which they were found, the surest first; one empty way when there are none."""
    found: defaultdict[str, list[NamedNode]] = defaultdict(list)
    for match in matches:
        found["text" if match.by == "text" else match.kind].append(match.concept)
    return {way: found[way] for way in ("denotes", "history", "covers", "text") if way in found} or {"": []}


def _write_facts(draft: Draft, facts: Facts, *, is_past: bool) -> None:
    """Write dates and statuses. Those of a code for a past condition are of the history, not of the condition."""
    draft.say("verificationStatus", facts.verification)
    draft.say("effective", facts.effective)
    if is_past:
        draft.say("pastHistory", TRUE)
        draft.say("recorded", facts.onset.latest or facts.recorded)
        return
    draft.say("recorded", facts.recorded)
    draft.say("onset", facts.onset.first)
    draft.say("onsetEnd", facts.onset.last)
    draft.say("abatement", facts.abatement)
    draft.say("clinicalStatus", facts.clinical)

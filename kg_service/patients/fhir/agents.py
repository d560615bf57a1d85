"""Which agents a medication or a substance is: by code, by class, by words, by its ingredients."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kg_service.patients.fhir.chart import FALSE, TRUE, term
from kg_service.patients.fhir.coding import Words, by_code, by_cues, by_text, read_words
from kg_service.patients.terminology import AGENT, AGENT_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyoxigraph import NamedNode

    from kg_service.patients.fhir.chart import Chart, Draft
    from kg_service.patients.fhir.element import Element
    from kg_service.patients.fhir.entries import Entry
    from kg_service.patients.terminology import Match, Terminology

KINDS = (AGENT, AGENT_CLASS)
MEDICATION = ("Medication", "Substance")


@dataclass(slots=True)
class Agents:
    """The agents found: by code, by words, or only as some of those that a code, class or text may mean."""

    by_code: list[NamedNode] = field(default_factory=list)
    by_text: list[NamedNode] = field(default_factory=list)
    possible: list[NamedNode] = field(default_factory=list)

    def add(self, match: Match, terminology: Terminology, *, whole_class: bool) -> None:
        """Sort a match in. `whole_class`: a class stands for all of its members, and any mention in words counts."""
        is_class = terminology.is_a(match.concept, AGENT_CLASS)
        agents = terminology.members(match.concept) if is_class else (match.concept,)
        if match.by == "text" and whole_class:
            self.by_text.extend(agents)
        elif match.kind in {"covers", "begins", "history"} or (is_class and not whole_class):
            self.possible.extend(agents)
        elif match.by == "text":
            self.by_text.extend(agents)
        else:
            self.by_code.extend(agents)


def matches(words: Words, terminology: Terminology, *, every_text: bool = True) -> list[Match]:
    """Return the agents and classes that codes name, or else texts: the first that names any, or every one.

    Where an agent of a combination is only possible, by a cue or as the beginning of a name, so are those beside it.
    """
    if found := by_code(words, terminology, KINDS):
        return found
    one_by_one = [Words((), (text,)) for text in words.texts] if every_text else [words]
    found = [match for one in one_by_one for match in by_text(one, terminology, KINDS)]
    further = by_cues(words.texts, terminology, found, AGENT)
    if further or any(match.kind == "begins" for match in found):
        found = [replace(match, kind="covers") for match in (*found, *further)]
    return found


def write_agents(
    draft: Draft, place: Element, medications: Iterable[Words], *, whole_class: bool = False, told: Iterable[Words] = ()
) -> None:
    """Write the agents that any of the medications names, and how they were found; a remark unless by code.

    `whole_class` is for allergies: see Agents.add. `told` are words in which an agent may be named, but need not.
    """
    terminology = draft.chart.terminology
    found = Agents()
    words = list(medications)
    for medication in (*words, *told):
        for match in matches(medication, terminology, every_text=whole_class):
            found.add(match, terminology, whole_class=whole_class)
    sure = [*found.by_code, *found.by_text]
    for agent in sure or found.possible:
        draft.say("agent", agent)
    codes = ", ".join(medication.shown() for medication in words if medication.codes)
    if found.by_code:
        return
    if found.by_text or found.possible:
        draft.say("codeMatch", term("ByText" if sure else "ByWiderCode"))
        names = " or ".join(sorted({terminology.name(agent) for agent in sure or found.possible}))
        why = f"{codes} does not stand for one agent" if codes else "there is no code"
        place.remark(f"Understood by its words or class only, as {names}: {why}")
        return
    said = [medication for medication in words if medication.codes or medication.texts]
    if said and all(medication.is_readable(terminology) for medication in said):
        place.remark(f"Not understood: {codes} stands for no agent known here")
        draft.say("unreadable", FALSE)
        return
    draft.say("unreadable", TRUE)
    what = f"{codes} names no agent, so it may be any" if codes else "no code tells which agent it is"
    place.remark(f"Not understood: {what}")


def medications(chart: Chart, entry: Entry, element: Element) -> Iterator[Words]:
    """Yield what a resource's medication[x] says: its own code, or that of the Medication and its ingredients."""
    if element.has("medicationCodeableConcept"):
        yield read_words(element.child("medicationCodeableConcept"))
    reference = element.child("medicationReference")
    if reference:
        yield from _referenced(chart, entry, reference, set())


def _referenced(chart: Chart, origin: Entry, reference: Element, seen: set[NamedNode]) -> Iterator[Words]:
    """Follow a reference to a Medication or Substance; each is visited once, so that circles end."""
    target = chart.library.find(reference, origin, MEDICATION)
    if target is None:
        reference.remark("The reference leads to no medication in the input")
        display = reference.text("display")
        yield Words((), (display,) if display else ())
        return
    if target.iri in seen:
        return
    seen.add(target.iri)
    medication = chart.element(target)
    yield read_words(medication.child("code"))
    for ingredient in medication.children("ingredient"):
        if ingredient.boolean("isActive") is False:
            continue
        for name in ("itemCodeableConcept", "substanceCodeableConcept"):
            if ingredient.has(name):
                yield read_words(ingredient.child(name))
        for name in ("itemReference", "substanceReference"):
            if item := ingredient.child(name):
                yield from _referenced(chart, target, item, seen)

"""AllergyIntolerance (https://hl7.org/fhir/R4/allergyintolerance.html) to recorded hypersensitivities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg_service.knowledge.names import fold
from kg_service.patients.fhir.agents import matches, write_agents
from kg_service.patients.fhir.coding import Words, coded, read_words
from kg_service.patients.fhir.conditions import CLINICAL, ENTERED_IN_ERROR, IN_ERROR, VERIFICATION, verified
from kg_service.patients.fhir.periods import begun

if TYPE_CHECKING:
    from kg_service.patients.fhir.chart import Chart
    from kg_service.patients.fhir.element import Element
    from kg_service.patients.fhir.entries import Entry

NONE = (
    r"(?:no (?:(?:known|history of|history of known) )?(?:[a-z]+ )?(?:allerg(?:y|ies)|intolerances?)|nka|nkda"
    r"|keine (?:bekannten? )?allergien?(?: bekannt)?)"
)
NONE_KNOWN = re.compile(rf"{NONE}(?: \((?:situation|disorder|finding|{NONE})\))?[.!]?")


def read_allergy(chart: Chart, entry: Entry) -> None:
    """Read an AllergyIntolerance. That none is known, or that one was refuted, makes no record but a remark."""
    element = chart.element(entry)
    verification = verified(element)
    substance = read_words(element.child("code"))
    if verification == IN_ERROR:
        element.remark(ENTERED_IN_ERROR)
    elif verification == VERIFICATION["refuted"]:
        element.remark("The allergy was refuted: left out")
    elif _says_none(substance, chart, element):
        element.remark("It says that no allergy is known: no record of one is made")
    else:
        draft = chart.record(entry, "Allergy")
        write_agents(draft, element, [substance, *_reactions(element)], whole_class=True, told=_told(element))
        recorded = element.date("recordedDate")
        onset = begun(element, chart, recorded)
        draft.say("recorded", recorded)
        draft.say("onset", onset.first)
        draft.say("onsetEnd", onset.last)
        draft.say("clinicalStatus", coded(element, "clinicalStatus", CLINICAL))
        draft.say("verificationStatus", verification)


def _says_none(substance: Words, chart: Chart, element: Element) -> bool:
    """Tell whether all that is written says that there is no allergy, and nothing names an agent."""
    if not substance.texts or not all(NONE_KNOWN.fullmatch(fold(text)) for text in substance.texts):
        return False
    words = [substance, *_reactions(element), *_told(element)]
    return not any(matches(one, chart.terminology) for one in words)


def _reactions(element: Element) -> list[Words]:
    """Return the substances of the reactions."""
    return [read_words(r.child("substance")) for r in element.children("reaction") if r.has("substance")]


def _told(element: Element) -> list[Words]:
    """Return the words in which reactions are described."""
    found: list[Words] = []
    for reaction in element.children("reaction"):
        texts = [reaction.text("description") or ""]
        texts += [text for one in reaction.children("manifestation") for text in read_words(one).texts]
        found += [Words((), (text,)) for text in texts if text]
    return found

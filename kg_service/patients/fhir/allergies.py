"""AllergyIntolerance (https://hl7.org/fhir/R4/allergyintolerance.html) to recorded hypersensitivities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg_service.patients.fhir.agents import write_agents
from kg_service.patients.fhir.coding import coded, read_words
from kg_service.patients.fhir.conditions import CLINICAL, ENTERED_IN_ERROR, IN_ERROR, VERIFICATION, verified
from kg_service.patients.fhir.periods import begun

if TYPE_CHECKING:
    from kg_service.patients.fhir.chart import Chart
    from kg_service.patients.fhir.entries import Entry

NONE_KNOWN = re.compile(r"\s*(?:no known\b|no allerg|nka\b|nkda\b)", re.IGNORECASE)


def read_allergy(chart: Chart, entry: Entry) -> None:
    """Read an AllergyIntolerance. That none is known, or that one was refuted, makes no record but a remark."""
    element = chart.element(entry)
    verification = verified(element)
    substance = read_words(element.child("code"))
    if verification == IN_ERROR:
        element.remark(ENTERED_IN_ERROR)
    elif verification == VERIFICATION["refuted"]:
        element.remark("The allergy was refuted: left out")
    elif any(NONE_KNOWN.match(text) for text in substance.texts):
        element.remark("It says that no allergy is known: no record of one is made")
    else:
        draft = chart.record(entry, "Allergy")
        reactions = [read_words(r.child("substance")) for r in element.children("reaction") if r.has("substance")]
        write_agents(draft, element, [substance, *reactions], whole_class=True)
        recorded = element.date("recordedDate")
        onset = begun(element, chart, recorded)
        draft.say("recorded", recorded)
        draft.say("onset", onset.first)
        draft.say("onsetEnd", onset.last)
        draft.say("clinicalStatus", coded(element, "clinicalStatus", CLINICAL))
        draft.say("verificationStatus", verification)

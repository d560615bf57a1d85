"""Patient (https://hl7.org/fhir/R4/patient.html) to the patient's own description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.patients.fhir.chart import TRUE, term

if TYPE_CHECKING:
    from pyoxigraph import NamedNode

    from kg_service.patients.fhir.chart import Chart, Draft
    from kg_service.patients.fhir.element import Element
    from kg_service.patients.fhir.entries import Entry

MALE, FEMALE, OTHER = term("Male"), term("Female"), term("OtherSex")
GENDERS = {"male": MALE, "female": FEMALE, "other": OTHER, "unknown": None}
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
SEX_URLS = {US_CORE + name for name in ("birthsex", "sex", "individual-sex")}
SEXES = GENDERS | {
    **dict.fromkeys(("M", "248153007"), MALE),
    **dict.fromkeys(("F", "248152002"), FEMALE),
    "OTH": OTHER,
    **dict.fromkeys(("UNK", "ASKU", "asked-declined", "184115007"), None),
}
"""The codes of these extensions, by which US Core tells the sex beside the gender (https://hl7.org/fhir/us/core/)."""


def read_patient(chart: Chart, entry: Entry) -> None:
    """Write birth, death and sex of the patient."""
    element = chart.element(entry)
    draft = chart.describe_patient(entry.path)
    chart.birth = element.date("birthDate")
    draft.say("birthDate", chart.birth)
    draft.say("sex", _sex(element))
    _read_death(element, draft)
    _read_links(chart, entry, element)


def _read_links(chart: Chart, entry: Entry, element: Element) -> None:
    """Note that the person has other Patient resources: what is recorded under those is not seen here."""
    for link in element.children("link"):
        if link.text("type") == "replaced-by":
            link.fault("Another Patient has replaced this one: give all records that one.", "type")
        elif chart.library.find(link.child("other"), entry, ("Patient",)):
            link.fault("Two Patients of the input are one person: give all records one of them.", "other")
        else:
            link.remark("This person has another Patient resource: what is recorded under that is not seen here")


def _sex(element: Element) -> NamedNode | None:
    """Return the sex that the gender and the extensions of US Core name; none, with a remark, where they differ."""
    written = element.text("gender")
    if written and written not in GENDERS:
        element.remark("This gender is none of FHIR R4, so it is unknown", "gender")
    said = {GENDERS.get(written or "")}
    for extension in element.children("extension"):
        if extension.text("url") not in SEX_URLS:
            continue
        coding = extension.child("valueCoding")
        code = coding.text("code") if coding else extension.text("valueCode")
        if code not in SEXES:
            extension.remark("This sex is not understood: sex is left open")
            return None
        said.add(SEXES[code])
    said.discard(None)
    if len(said) > 1:
        element.remark("Gender and what else is said of the sex differ: sex is left open", "gender")
    return said.pop() if len(said) == 1 else None


def _read_death(element: Element, draft: Draft) -> None:
    draft.say("deathDate", element.date("deceasedDateTime"))
    if element.boolean("deceasedBoolean"):
        draft.say("deceased", TRUE)

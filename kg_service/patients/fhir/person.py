"""Patient (https://hl7.org/fhir/R4/patient.html) to the patient's own description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.patients.fhir.chart import TRUE, term

if TYPE_CHECKING:
    from pyoxigraph import NamedNode

    from kg_service.patients.fhir.chart import Chart, Draft
    from kg_service.patients.fhir.element import Element
    from kg_service.patients.fhir.entries import Entry

BIRTH_SEX = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
GENDERS = {"male": term("Male"), "female": term("Female"), "other": term("OtherSex")}
BIRTH_SEXES = {"M": term("Male"), "F": term("Female")}


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
    """Return the birth sex, else the gender; none, with a remark, where they differ."""
    written = element.text("gender")
    gender = GENDERS.get(written or "")
    if written and gender is None and written != "unknown":
        element.remark("This gender is none of FHIR R4, so it is unknown", "gender")
    at_birth = _birth_sex(element)
    if gender and at_birth and gender != at_birth:
        element.remark("Gender and sex at birth differ: sex is left open", "gender")
        return None
    return at_birth or gender


def _birth_sex(element: Element) -> NamedNode | None:
    for extension in element.children("extension"):
        if extension.text("url") == BIRTH_SEX:
            return BIRTH_SEXES.get(extension.text("valueCode") or "")
    return None


def _read_death(element: Element, draft: Draft) -> None:
    draft.say("deathDate", element.date("deceasedDateTime"))
    if element.boolean("deceasedBoolean"):
        draft.say("deceased", TRUE)

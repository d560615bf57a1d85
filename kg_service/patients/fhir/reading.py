"""From the resources of one input to one record per patient."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from kg_service.errors import WrongRecord
from kg_service.patients.fhir.allergies import read_allergy
from kg_service.patients.fhir.chart import TRUE, Chart
from kg_service.patients.fhir.coding import VOID
from kg_service.patients.fhir.conditions import (
    IN_ERROR,
    VERIFICATION,
    read_condition,
    read_family_history,
    read_procedure,
    verified,
)
from kg_service.patients.fhir.element import Element, Notes, shown_type
from kg_service.patients.fhir.entries import Entry, absolute_iri, newest, open_resource, record_iri
from kg_service.patients.fhir.identity import are_two
from kg_service.patients.fhir.json_text import parse_loosely
from kg_service.patients.fhir.library import LITERAL, VERSION, Library
from kg_service.patients.fhir.observations import read_observation, read_risk_assessment, write_any_observable
from kg_service.patients.fhir.person import read_patient
from kg_service.patients.fhir.reasons import ASIDE, DATES, dated_by, read_mentions, read_reasons
from kg_service.patients.fhir.treatments import read_administration, read_dispense, read_request, read_statement
from kg_service.patients.record import TOO_MANY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pyoxigraph import NamedNode

    from kg_service.patients.record import PatientRecord
    from kg_service.patients.terminology import Terminology

READERS: dict[str, Callable[[Chart, Entry], None]] = {
    "AllergyIntolerance": read_allergy,
    "Condition": read_condition,
    "FamilyMemberHistory": read_family_history,
    "MedicationAdministration": read_administration,
    "MedicationDispense": read_dispense,
    "MedicationRequest": read_request,
    "MedicationStatement": read_statement,
    "Observation": read_observation,
    "Procedure": read_procedure,
    "RiskAssessment": read_risk_assessment,
}
UNREADABLE = {
    "AllergyIntolerance": "Allergy",
    "Condition": "Condition",
    "MedicationAdministration": "Administration",
    "MedicationDispense": "Use",
    "MedicationRequest": "Order",
    "MedicationStatement": "Use",
}
"""What is written of a resource whose patient is not told: it may be of anyone in the input, so it is left open."""

PERHAPS = {"Encounter", "FamilyMemberHistory", "Observation", "Procedure", "RiskAssessment"}
"""The resources that are then read for everyone, as possible: left open, each would leave open nearly all."""

THINGS = ("Device", "Location")
"""What FHIR R4 lets an Observation be of beside people."""

NOBODY = re.compile(rf"(?:.*/)?(?:{'|'.join(THINGS)})/[^/]+")
"""References to those."""

WRITTEN_TYPE = re.compile(rb'"resourceType"\s*:\s*"([A-Za-z]+)"')
OBSERVATION = "Observation"
TORN = {**UNREADABLE, OBSERVATION: OBSERVATION}
"""What a line or file may be that cannot be read, and so is of anyone."""

UNREAD, SEEN = "(unread)", "seen"
"""The type of what stands for it, and the member that says which type was seen, if any."""

LEFT_OPEN = {*UNREADABLE, *PERHAPS}
"""The resources that matter to all when their patient is not told."""

JUDGED = {*READERS, *DATES, "Patient", "Medication", "Substance"}
"""The resources whose contents matter."""

CLOSE = 0.85
"""How alike a resourceType is to one that it is taken for a slip of: one wrong letter in the shortest leaves 0.89, and
the nearest other resource of FHIR R4 is at 0.81 (CommunicationRequest, of MedicationRequest)."""

OF_PATIENT = ("subject", "patient")
"""The members by which resources name their patient."""


def read_resource(parsed: object, terminology: Terminology, root_path: str = "") -> list[PatientRecord]:
    """Read a parsed JSON value, a Bundle or a resource of FHIR R4, into one record per patient in it.

    `root_path` goes before every path. A lone resource makes a record of the patient that it names. Raises WrongRecord
    when the value is not FHIR R4, or says nothing of a patient that is read here.
    """
    common = Notes()
    return read_entries(open_resource(parsed, root_path, common), common, terminology, root_path)


def read_entries(
    entries: Iterable[Entry], common: Notes, terminology: Terminology, root_path: str = ""
) -> list[PatientRecord]:
    """Read resources that belong together. What concerns no single patient goes from `common` to each of them.

    Raises WrongRecord when they say nothing of a patient that is read here.
    """
    resources = newest(entries, common, judged=JUDGED)
    _refuse_doubles([entry for entry in resources if entry.type == "Patient"], common)
    charts = _Charts(resources, common, terminology)
    for entry in resources:
        if entry.type == "Patient":
            charts.of_patient(entry)
    given = [(entry, _read(entry, charts, common)) for entry in resources]
    for entry, chart in given:
        if chart is None:
            _write_for_all(entry, list(charts.charts.values()), common)
        elif entry.type != "Patient":
            _read_further(chart, entry)
    if not charts.charts:
        kinds = sorted({shown_type(entry.type) for entry in resources})
        found = f"it holds {', '.join(kinds)}" if kinds else "it holds no resources"
        raise WrongRecord(
            f"Nothing here says anything of a patient that can be read; {found}. "
            f"Give a Patient, with resources such as {', '.join(READERS)}.",
            root_path.strip(" :") or (resources[0].path if resources else "Bundle"),
        )
    return [chart.finish(common) for chart in charts.charts.values()]


def _read(entry: Entry, charts: _Charts, common: Notes) -> Chart | None:
    """Read a resource into the chart of its patient, and return that."""
    meant = intended(entry.type)
    reader = READERS.get(meant)
    if entry.type == UNREAD:
        return None
    if entry.type == "OperationOutcome":
        common.remark(entry.path, "An OperationOutcome says that the server had something to tell: look at it")
        return None
    member = next((name for name in OF_PATIENT if entry.resource.get(name) is not None), None)
    if reader is None and entry.type not in PERHAPS and (member is None or entry.type == "Patient"):
        return None  # it speaks of no patient, or has been read
    chart = charts.named_by(entry, member, may_begin=reader is not None) if member else None
    if chart is None:
        common.remark(
            f"{entry.path}.{member or OF_PATIENT[0]}", f"This {shown_type(entry.type)} names no patient in the input"
        )
    elif meant != entry.type:
        chart.notes.fault(entry.path, f"FHIR R4 has no such resourceType; {meant} is perhaps meant: correct it.")
    elif reader:
        reader(chart, entry)
    elif entry.type in DATES:
        chart.notes.remark(entry.path, f"Of {entry.type} only the reasons are read")
    else:
        chart.notes.remark(entry.path, f"{shown_type(entry.type)} is not read")
    return chart


def _read_further(chart: Chart, entry: Entry) -> None:
    """Read what a resource says beside its own matter, when all Conditions have been read: possible, no more."""
    if entry.type in DATES:
        read_reasons(chart, entry)
    if entry.type in ASIDE or entry.type not in READERS:
        read_mentions(chart, entry)
    for inner in entry.all_contained():
        if reader := READERS.get(intended(inner.type)):
            chart.notes.remark(inner.path, f"What a contained {inner.type} says is only possible")
            chart.perhaps(reader, dated_by(chart, entry, inner), chart.notes)


def _refuse_doubles(patients: Iterable[Entry], common: Notes) -> None:
    """Find a fault in two Patients of one id that may be one person, but go by URLs that name no server.

    What is said of either would be judged without what is said of the other.
    """
    known: dict[str, list[Entry]] = {}
    for entry in patients:
        others = known.setdefault(entry.resource_id or entry.iri.value, [])
        if any(_may_be_one(entry, other) for other in others):
            common.fault(
                entry.path,
                f"{entry.resource_id} is there more than once, under different fullUrls: give it one, or leave them "
                "out, so that what is said of the patient can be joined.",
            )
        others.append(entry)


def _may_be_one(entry: Entry, other: Entry) -> bool:
    of_servers = all((one.full_url or "").startswith(("http://", "https://")) for one in (entry, other))
    return not of_servers and not are_two(entry.resource, other.resource)


@lru_cache(maxsize=256)
def intended(kind: str) -> str:
    """Return the resource that is read here and is called so, or nearly so: a treatment must not be lost by a slip.

    A type that is near none of them is returned as it is.
    """
    names = {name.casefold(): name for name in READERS}
    close = get_close_matches(kind.casefold(), names, n=1, cutoff=CLOSE)
    return names[close[0]] if close else kind


def read_torn(data: bytes, name: str, told: Notes) -> list[Entry]:
    """Return what stands for a line or file that is no JSON: a record of any patient, as far as its type can be seen.

    Nothing stands for JSON that is no FHIR, for resources that leave no verdict open, nor for a bundle, which has
    patients of its own.
    """
    try:
        parse_loosely(data)
    except ValueError:
        told.remark(name, "This cannot be read, and may be of any patient in the input")
        found = WRITTEN_TYPE.search(data.replace(b"\0", b""))  # which UTF-16 has beside each letter
        seen = intended(found[1].decode()) if found else None
        return [Entry({"resourceType": UNREAD, SEEN: seen}, name)] if seen in {None, *TORN} else []
    return []


def tell_of_more(path: str, first: Sequence[Entry], told: Notes) -> None:
    """Tell that the input has more resources without a patient than are read, beginning with `first` at `path`.

    It is a fault of all patients where these would leave verdicts open, or cannot be read.
    """
    if first and not any(intended(entry.type) in LEFT_OPEN and not is_of_no_person(entry.resource) for entry in first):
        told.remark(path, "From here on, lines that name no patient in the input are left out: they are too many")
    else:
        told.fault(path, TOO_MANY)


def _write_for_all(entry: Entry, charts: list[Chart], common: Notes) -> None:
    """Write in every chart what may be of this patient, as nobody is named."""
    meant = intended(entry.type)
    if meant not in PERHAPS:
        _write_unreadable(entry, charts, common)
    elif charts and not (is_of_no_person(entry.resource) or _is_of_thing(entry, charts[0].library)):
        reader = READERS.get(meant, read_reasons)
        for number, chart in enumerate(charts):
            notes = Notes() if number else common
            chart.perhaps(reader, entry.for_one(number) if len(charts) > 1 else entry, notes)


def is_of_no_person(resource: Mapping[str, object]) -> bool:
    """Tell whether a resource says by itself that it is of a thing."""
    subject = resource.get("subject")
    if not isinstance(subject, dict):
        return False
    reference = subject.get("reference")
    is_named = isinstance(reference, str) and NOBODY.fullmatch(VERSION.sub("", reference)) is not None
    return is_named or subject.get("type") in THINGS


def _is_of_thing(entry: Entry, library: Library) -> bool:
    """Tell whether the subject leads to a thing in the input."""
    return library.find(entry.element(Notes()).child("subject"), entry, THINGS) is not None


def _write_unreadable(entry: Entry, charts: list[Chart], common: Notes) -> None:
    """Write in every chart that there is a record which may be of this patient, unless it says nothing of anyone."""
    kinds = _kinds_of(entry)
    element = entry.element(common)
    is_void = element.text("status") in VOID or verified(element) in {IN_ERROR, VERIFICATION["refuted"]}
    for number, chart in enumerate([] if is_void else charts):
        for kind in kinds:
            told = [f"patient-{number}"] if len(charts) > 1 else []
            told += [kind] if len(kinds) > 1 else []
            draft = chart.record(entry, kind, "-".join(told))
            if kind == OBSERVATION:
                write_any_observable(draft)
            else:
                draft.say("unreadable", TRUE)


def _kinds_of(entry: Entry) -> list[str]:
    """Return what a resource that is nobody's may be in the patient vocabulary."""
    if entry.type != UNREAD:
        kind = UNREADABLE.get(intended(entry.type))
        return [kind] if kind else []
    seen = entry.resource[SEEN]
    return [TORN[str(seen)]] if seen else sorted(set(TORN.values()))


class _Charts:
    """The charts of an input's patients, begun as they are met."""

    def __init__(self, resources: list[Entry], common: Notes, terminology: Terminology) -> None:
        self.charts: dict[NamedNode, Chart] = {}
        self._referred: dict[object, NamedNode] = {}
        self._common = common
        self._terminology = terminology
        self._library = Library(resources)
        self._has_patients = any(entry.type == "Patient" for entry in resources)

    def of_patient(self, entry: Entry) -> Chart:
        """Return the chart of a Patient resource, which is read when it is first met."""
        if entry.iri not in self.charts:
            chart = Chart(entry.iri, entry.resource_id, self._terminology, self._library)
            self.charts[entry.iri] = chart
            read_patient(chart, entry)
        return self.charts[entry.iri]

    def named_by(self, entry: Entry, member: str, *, may_begin: bool) -> Chart | None:
        """Return the chart of the patient whom a member names; none when that is nobody in the input.

        Where the input has no Patient resource at all, the reference itself stands for the patient; `may_begin` says
        whether this resource is worth a chart then.
        """
        written = entry.resource[member]
        if not isinstance(written, dict):
            return None  # a reference of the wrong form names nobody; whose record it is nobody can tell
        reference = Element(written, f"{entry.path}.{member}", self._common)
        if found := self._library.find(reference, entry, ("Patient",)):
            return self.of_patient(found)
        iri = None if self._has_patients else self._absent(reference)
        if iri and iri not in self.charts and may_begin:
            self._begin_absent(iri, reference)
        return self.charts.get(iri) if iri else None

    def _absent(self, reference: Element) -> NamedNode | None:
        """Return the IRI of a patient who is only referred to: the same for the same reference."""
        written = VERSION.sub("", reference.text("reference") or "")
        match = LITERAL.fullmatch(written)
        if written.startswith("#") or (match and not match["local"].startswith("Patient/")):
            return None
        if match and not match["base"]:
            return record_iri(written)
        identifier = reference.child("identifier")
        key = written or (identifier and (identifier.text("system"), identifier.text("value")))
        return self._referred.setdefault(key, absolute_iri(written) or record_iri(reference.path)) if key else None

    def _begin_absent(self, iri: NamedNode, reference: Element) -> None:
        match = LITERAL.fullmatch(VERSION.sub("", reference.text("reference") or ""))
        chart = Chart(iri, match["local"] if match else "", self._terminology, self._library)
        self.charts[iri] = chart
        chart.describe_patient(reference.path)
        chart.notes.remark(reference.path, "The Patient resource is absent: date of birth and sex are not known")

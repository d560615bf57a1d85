"""Writes a record in the patient vocabulary as FHIR R4, so that the same patient can be judged in either form.

What FHIR has no word for, or no code of the graph denotes, cannot be written: NoFhir says what.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fhir_codes import Codes, NoFhir
from fhir_names import as_bundle, id_of, reference_to
from pyoxigraph import NamedNode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg_service import Guideline
    from kg_service.patients.record import PatientRecord

PATIENT = "https://w3id.org/guideline-kg/patient/"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
UCUM = "http://unitsofmeasure.org"
ORDER_STATUS = {
    "Done": "completed", "Ongoing": "active", "Stopped": "stopped", "OnHold": "on-hold", "UnknownStatus": "unknown",
    "Planned": "draft", "Cancelled": "cancelled", "EnteredInError": "entered-in-error",
}  # fmt: skip
USE_STATUS = ORDER_STATUS | {"Planned": "intended", "NotDone": "not-taken"}
GIVEN_STATUS = ORDER_STATUS | {"Ongoing": "in-progress", "NotDone": "not-done"}
SEEN_STATUS = {
    "Done": "final",
    "Preliminary": "preliminary",
    "EnteredInError": "entered-in-error",
    "Cancelled": "cancelled",
}
OTHER = {"condition": "http://snomed.info/sct", "agent": "http://www.nlm.nih.gov/research/umls/rxnorm"}
"""Systems that the graph knows: a code of theirs that it does not know, with a text, is something else."""
OF_PATIENT = {"FamilyMemberHistory": "patient", "AllergyIntolerance": "patient"}
"""The member that names the patient, where it is not `subject`."""
FLAGS = {"Low": "L", "Normal": "N", "High": "H"}
PERIODS = {"a", "mo", "wk", "d"}


class Node(dict[str, list[Any]]):
    """What is said of one subject, by local name."""

    def one(self, name: str) -> Any:  # noqa: ANN401 - a term or nothing
        """Return the only value; None when there is none, NoFhir when there are several."""
        values = self.get(name, [])
        if len(values) > 1:
            raise NoFhir(f"several values of {name}")
        return values[0] if values else None

    def local(self, name: str) -> str | None:
        """Return the local name of the only value."""
        value = self.one(name)
        return None if value is None else value.value.rpartition("/")[2]

    def text(self, name: str) -> str | None:
        """Return the only value as text."""
        value = self.one(name)
        return None if value is None else value.value


class Writer:
    """Writes bundles with the codes of a graph."""

    def __init__(self, graph: Guideline) -> None:
        """Write with the codes and names of `graph`."""
        self.codes = Codes(graph)
        self._labels = graph.labels

    def bundle(self, record: PatientRecord) -> dict[str, Any]:
        """Return the record as a collection bundle; NoFhir when that cannot be."""
        whose = reference_to(record.patient.value)
        return as_bundle(self.resources(record, whose), whose)

    def resources(self, record: PatientRecord, whose: str) -> list[dict[str, Any]]:
        """Return the record as resources, the Patient first, which refer to the patient as `whose`.

        Their ids are what the IRIs of the records end in. NoFhir when that cannot be.
        """
        nodes: defaultdict[str, Node] = defaultdict(Node)
        for triple in record.triples:
            name = "type" if triple.predicate.value == TYPE else triple.predicate.value.removeprefix(PATIENT)
            assert isinstance(triple.subject, NamedNode)  # noqa: S101 - records have no other subjects
            nodes[triple.subject.value].setdefault(name, []).append(triple.object)
        person = record.patient.value
        subject = {"reference": whose}
        found = [{**self._patient(nodes[person]), "id": id_of(person)}]
        states = self._menopause(nodes.pop(person), nodes.values())
        found += [{**state, "id": f"{id_of(person)}-menopause", "subject": subject} for state in states]
        for iri, node in sorted(nodes.items()):
            resource = self._resource(node)
            found.append({**resource, "id": id_of(iri), OF_PATIENT.get(resource["resourceType"], "subject"): subject})
        return found

    def _patient(self, node: Node) -> dict[str, Any]:
        self._only(node, {"type", "sex", "birthDate", "deathDate", "menopausalStatus", "inputPath", "resourceId"})
        dead = {"deceasedDateTime": node.text("deathDate")} if node.text("deathDate") else {}
        gender = {"Female": "female", "Male": "male", "OtherSex": "other", None: "unknown"}[node.local("sex")]
        born = {"birthDate": node.text("birthDate")} if node.text("birthDate") else {}
        return {"resourceType": "Patient", "gender": gender, **born, **dead}

    def _menopause(self, node: Node, records: Iterable[Node]) -> list[dict[str, Any]]:
        """Return the state as a condition, where that does not make the first entry of a list of conditions."""
        if node.local("menopausalStatus") is None:
            return []
        if node.local("menopausalStatus") != "Postmenopausal" or "Condition" not in {r.local("type") for r in records}:
            raise NoFhir("a menopausal status other than a condition")
        state = Node({"condition": [NamedNode("https://w3id.org/guideline-kg/concept/postmenopausal-state")]})
        return [
            {
                "resourceType": "Condition",
                "code": self._code(state, "condition", "denotes"),
            }
        ]

    def _resource(self, node: Node) -> dict[str, Any]:
        kind = node.local("type")
        writers = {
            "Condition": self._condition,
            "Absence": self._absence,
            "FamilyHistory": self._family,
            "Observation": self._observation,
            "Allergy": self._allergy,
            "Order": self._order,
            "Use": self._use,
            "Administration": self._administration,
        }
        return writers[kind or ""](node)

    def _condition(self, node: Node) -> dict[str, Any]:
        self._only(node, {
            "type", "subject", "condition", "onset", "abatement", "recorded", "clinicalStatus", "verificationStatus",
            "pastHistory", "codeMatch", "unreadable", "inputPath", "status",
        })  # fmt: skip
        if (
            node.local("status") not in {None, "EnteredInError", "Done"}
            or node.local("verificationStatus") == "Refuted"
        ):
            raise NoFhir("a condition has no such status, or is an absence")
        link = "denotesHistoryOf" if node.text("pastHistory") == "true" else "denotes"
        if link == "denotesHistoryOf" and (node.text("onset") or node.text("clinicalStatus")):
            raise NoFhir("a past history has no onset of its own and no clinical status")
        verification = (node.local("verificationStatus") or "Confirmed").lower()
        if node.local("status") == "EnteredInError":
            verification = "entered-in-error"
        return {
            "resourceType": "Condition",
            "code": self._code(node, "condition", link),
            "verificationStatus": {"coding": [{"code": verification}]},
            **self._status(node),
            **self._dates(node, onset="onsetDateTime", abatement="abatementDateTime", recorded="recordedDate"),
        }

    def _absence(self, node: Node) -> dict[str, Any]:
        self._only(node, {"type", "subject", "condition", "recorded", "effective", "inputPath", "codeMatch"})
        if node.text("recorded") not in {None, node.text("effective") or node.text("recorded")}:
            raise NoFhir("a denial has one date")
        dated = Node({**node, "recorded": node.get("recorded") or node.get("effective") or []})
        return {
            "resourceType": "Condition",
            "code": self._code(node, "condition", "denotes"),
            "verificationStatus": {"coding": [{"code": "refuted"}]},
            **self._dates(dated, recorded="recordedDate"),
        }

    def _family(self, node: Node) -> dict[str, Any]:
        self._only(node, {"type", "subject", "condition", "inputPath", "recorded", "codeMatch"})
        return {
            "resourceType": "FamilyMemberHistory",
            "status": "completed",
            "relationship": {"text": "mother"},
            "condition": [{"code": self._code(node, "condition", "denotes")}],
            **self._dates(node, recorded="date"),
        }

    def _observation(self, node: Node) -> dict[str, Any]:
        self._only(node, {
            "type", "subject", "observable", "effective", "value", "unit", "lowLimit", "highLimit", "interpretation",
            "status", "inputPath", "recorded", "codeMatch",
        })  # fmt: skip
        limits = {
            end: self._quantity(node.text(limit), node)
            for end, limit in (("low", "lowLimit"), ("high", "highLimit"))
            if node.text(limit)
        }
        if limits and not node.one("unit"):
            raise NoFhir("a limit without a unit is not read")
        value = {"valueQuantity": self._quantity(node.text("value"), node)} if node.text("value") else {}
        flag = node.local("interpretation")
        return {
            "resourceType": "Observation",
            "status": self._one_of(SEEN_STATUS, node, "Done"),
            "code": self._code(node, "observable", "denotes"),
            **self._dates(node, effective="effectiveDateTime", recorded="issued"),
            **value,
            **({"referenceRange": [limits]} if limits else {}),
            **({"interpretation": [{"coding": [{"code": FLAGS[flag]}]}]} if flag else {}),
        }

    def _allergy(self, node: Node) -> dict[str, Any]:
        self._only(node, {
            "type", "subject", "agent", "verificationStatus", "clinicalStatus", "recorded", "inputPath", "unreadable",
            "codeMatch",
        })  # fmt: skip
        verification = (node.local("verificationStatus") or "Confirmed").lower()
        return {
            "resourceType": "AllergyIntolerance",
            "code": self._code(node, "agent", "denotes"),
            "verificationStatus": {"coding": [{"code": verification}]},
            **self._status(node),
            **self._dates(node, recorded="recordedDate"),
        }

    def _order(self, node: Node) -> dict[str, Any]:
        authored = node.get("recorded") or node.get("start") or []
        period = {} if not node.get("recorded") else self._dates(node, start="start")
        ended = self._dates(node, end="end")
        if ended and node.local("status") == "Stopped":
            raise NoFhir("the end of an order is the one planned, not when it was stopped")
        if ended and not period:
            period = self._dates(node, start="start")
        valid = {**period, **ended}
        return {
            **self._treatment(node, "MedicationRequest", ORDER_STATUS),
            "intent": "order",
            **self._dates(Node({"recorded": authored}), recorded="authoredOn"),
            **({"dispenseRequest": {"validityPeriod": valid}} if valid else {}),
            **self._dosage(node, "dosageInstruction"),
        }

    def _use(self, node: Node) -> dict[str, Any]:
        period = self._dates(node, start="start", end="end")
        return {
            **self._treatment(node, "MedicationStatement", USE_STATUS),
            **({"effectivePeriod": period} if period else {}),
            **self._dates(node, recorded="dateAsserted"),
            **self._dosage(node, "dosage"),
        }

    def _administration(self, node: Node) -> dict[str, Any]:
        if node.get("every"):
            raise NoFhir("an administration has no interval")
        dosage = {
            **({"dose": self._quantity(node.text("dose"), node)} if node.text("dose") else {}),
            **self._route(node),
        }
        if node.text("recorded"):
            raise NoFhir("an administration has no date of recording")
        return {
            **self._treatment(node, "MedicationAdministration", GIVEN_STATUS),
            **self._dates(node, start="effectiveDateTime"),
            **({"dosage": dosage} if dosage else {}),
        }

    def _treatment(self, node: Node, kind: str, statuses: dict[str, str]) -> dict[str, Any]:
        self._only(node, {
            "type", "subject", "agent", "status", "start", "end", "recorded", "dose", "unit", "every", "everyUnit",
            "route", "inputPath", "codeMatch", "unreadable",
        })  # fmt: skip
        if node.local("status") is None and kind != "MedicationAdministration":
            raise NoFhir("a use or order has a status in FHIR")
        return {
            "resourceType": kind,
            "status": self._one_of(statuses, node, "Done"),
            "medicationCodeableConcept": self._code(node, "agent", "denotes"),
        }

    def _dosage(self, node: Node, member: str) -> dict[str, Any]:
        dose = {"doseAndRate": [{"doseQuantity": self._quantity(node.text("dose"), node)}]} if node.text("dose") else {}
        timing: dict[str, Any] = {}
        if node.text("every"):
            unit = self.codes.notation(node.one("everyUnit"))
            if unit not in PERIODS:
                raise NoFhir("no such unit of a period")
            timing = {"timing": {"repeat": {"frequency": 1, "period": _number(node.text("every")), "periodUnit": unit}}}
        said = {**dose, **timing, **self._route(node)}
        return {member: [said]} if said else {}

    def _route(self, node: Node) -> dict[str, Any]:
        route = node.one("route")
        return {} if route is None else {"route": {"text": self._labels[route.value]}}

    def _quantity(self, number: str | None, node: Node) -> dict[str, Any]:
        unit = node.one("unit")
        named = {} if unit is None else {"system": UCUM, "code": self.codes.notation(unit)}
        return {"value": _number(number), **named}

    def _status(self, node: Node) -> dict[str, Any]:
        status = node.local("clinicalStatus")
        return {"clinicalStatus": {"coding": [{"code": status.lower()}]}} if status else {}

    def _dates(self, node: Node, **names: str) -> dict[str, str]:
        return {fhir: node.text(own) or "" for own, fhir in names.items() if node.text(own)}

    def _code(self, node: Node, name: str, link: str) -> dict[str, Any]:
        if node.text("unreadable") == "true":
            return {"coding": [{"system": "urn:example:unknown", "code": "0"}]}
        match = node.local("codeMatch")
        concepts = node.get(name, [])
        if not concepts:
            return {"coding": [{"system": OTHER[name], "code": "0"}], "text": "something else"}
        if match == "ByText":
            return {"text": self._labels[node.one(name).value]}
        kind = "covers" if match == "ByWiderCode" else link
        try:
            return {"coding": [self.codes.coding(concept, kind) for concept in concepts]}
        except NoFhir:
            if name == "condition" or len(concepts) > 1 or match:
                raise
            return {"text": self._labels[concepts[0].value]}  # words prove an agent or an observable

    def _one_of(self, words: dict[str, str], node: Node, default: str | None) -> str:
        status = node.local("status") or default
        if status not in words:
            raise NoFhir(f"no such status: {status}")
        return words[status]

    def _only(self, node: Node, known: Iterable[str]) -> None:
        if unknown := node.keys() - set(known):
            raise NoFhir(f"FHIR has no place for {', '.join(sorted(unknown))}")


def _number(text: str | None) -> float:
    number = Decimal(text or 0)
    return int(number) if number == number.to_integral_value() else float(number)

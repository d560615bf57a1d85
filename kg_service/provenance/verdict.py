"""Why a rule says of a patient what it says: what made it fire, or what keeps it from firing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from kg_service.errors import FaultyRecord, UnknownName
from kg_service.knowledge.names import nearest
from kg_service.provenance.absence import Obstacle, obstacles
from kg_service.provenance.case import Case, as_select
from kg_service.provenance.explanation import Explanation, Part
from kg_service.provenance.query import SelectQuery
from kg_service.validation.verdicts import Outcome

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from kg_service.guideline import Guideline
    from kg_service.patients.record import PatientRecord
    from kg_service.provenance.derivation import Deriver
    from kg_service.provenance.query import Row
    from kg_service.validation.verdicts import Finding, Verdict


def explain_verdict(graph: Guideline, derive: Deriver, record: PatientRecord, rule: str, as_of: dt.date) -> Explanation:
    """Return why `rule` has the outcome that it has for a patient; UnknownName for a rule that there is not."""
    verdict = _verdict(graph, record, rule, as_of)
    case = Case(record, as_of, graph.validator, derive)
    parts = tuple(_parts(graph, verdict, record.patient, case))
    asked = {
        "graph_digest": graph.digest,
        "query_digest": graph.validator.catalogue.digest,
        "parameters": {"rule": verdict.rule.name, "as_of": as_of.isoformat()},
    }
    subject = f"Rule {verdict.rule.name} for {record.resource_id}, as of {as_of}"
    return Explanation(subject, parts, graph, asked, verdict)


def one_record(records: Iterable[PatientRecord], patient: str) -> PatientRecord:
    """Return the record that is meant; UnknownName, with the patients there are, when it is not clear which."""
    known = list(records)
    meant = [one for one in known if not patient or patient in {one.resource_id, one.patient.value}]
    if len(meant) == 1:
        return meant[0]
    names = [one.resource_id for one in known]
    if patient:
        raise UnknownName("There is no record of this patient.", nearest(patient, names))
    raise UnknownName(f"There are records of {len(known)} patients: say of which.", nearest("", names))


def _verdict(graph: Guideline, record: PatientRecord, rule: str, as_of: dt.date) -> Verdict:
    known = [one.name for one in graph.validator.catalogue.rules]
    if rule not in known:
        raise UnknownName(f"There is no rule {rule!r}.", nearest(rule, known))
    (judged,) = graph.judge([record], as_of)
    if judged.faults:
        raise FaultyRecord(judged.faults)
    return next(verdict for verdict in judged.verdicts if verdict.rule.name == rule)


def _parts(graph: Guideline, verdict: Verdict, patient: NamedNode, case: Case) -> Iterator[Part]:
    catalogue, rule = graph.validator.catalogue, verdict.rule
    own = [_about(patient, SelectQuery.read(text)) for text in catalogue.selects(rule.iri)]
    if verdict.outcome == Outcome.VIOLATED:
        yield from _findings(verdict, own, case)
    elif verdict.outcome == Outcome.UNDECIDED:
        missing = [_about(patient, SelectQuery.read(text)) for text in catalogue.selects(rule.missing_data_shape)]
        yield from _findings(verdict, missing, case)
        yield from _absent("The rule would fire but for:", own, case)
    elif verdict.outcome == Outcome.SATISFIED:
        yield from _absent("The rule would fire but for:", own, case)
    else:
        queries = [_about(patient, as_select(text)[0]) for text in catalogue.constructs(rule.target)]
        yield from _absent("The rule would apply but for:", queries, case)


def _about(patient: NamedNode, query: SelectQuery) -> SelectQuery:
    """Return the query with `$this` bound to the patient (https://www.w3.org/TR/shacl/#pre-binding)."""
    return replace(query, values=f"VALUES $this {{ {patient} }}")


def _findings(verdict: Verdict, queries: Iterable[SelectQuery], case: Case) -> Iterator[Part]:
    """Yield what made each finding."""
    found = [(query, solution) for query in queries for solution in query.solutions(case.store)]
    for finding in verdict.findings:
        query, solution = next(pair for pair in found if _is_of(finding, *pair))
        shown = {name: solution.get(name) for name in query.shown}
        yield Part(finding.message, shown, case.explain(query, solution))


def _is_of(finding: Finding, query: SelectQuery, solution: Row) -> bool:
    """Tell whether a finding reports this solution: its value and path, and in its message all texts that it shows."""
    reported = {"value": finding.result.value, "path": finding.result.path}
    for name in query.shown:
        term = solution.get(name)
        if isinstance(term, Literal) and term.value not in finding.message:
            return False
        if isinstance(term, NamedNode) and reported.get(name, term.value) != term.value:
            return False
    return True


def _absent(says: str, queries: Iterable[SelectQuery], case: Case) -> Iterator[Part]:
    """Yield what keeps a query from having any solution, days told as dates."""
    found = (one for query in queries for one in obstacles(query, {}, case.store))
    dated = tuple(Obstacle(one.conditions, tuple(map(case.dated, one.values))) for one in found)
    yield Part(says, {}, obstacles=dated)

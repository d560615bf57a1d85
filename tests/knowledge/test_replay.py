"""What an answer says of itself, so that it can be asked again and held against the first."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg_service import Guideline

ASK = "ASK { ?s a <https://w3id.org/guideline-kg/core/Statement> }"


def test_record_of_a_named_question(guideline: Guideline) -> None:
    answer = guideline.query("sequential-agents", after="denosumab", jurisdiction=None)
    text = guideline.text_of("sequential-agents", after="denosumab")
    assert answer.record == {
        "question": "sequential-agents",
        "graph_digest": guideline.digest,
        "query_digest": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        "parameters": {"after": "denosumab"},
    }


def test_replay(guideline: Guideline) -> None:
    """A record that went through a file gives the same answer, and the same record."""
    first = guideline.query("dosing", agent="romosozumab")
    kept = json.loads(json.dumps(first.record))
    again = guideline.query(kept["question"], **kept["parameters"])
    assert again.record == first.record
    assert again.terms == first.terms


def test_names_of_one_thing_are_one_query(guideline: Guideline) -> None:
    records = [guideline.query("dosing", agent=agent).record for agent in ("Denosumab", "concept:denosumab")]
    assert len({record["query_digest"] for record in records}) == 1
    assert records[0] != records[1]
    assert guideline.query("dosing", agent="calcium").record["query_digest"] != records[0]["query_digest"]


def test_record_of_a_query(guideline: Guideline) -> None:
    """SHA-256 by hand: printf '%s' 'ASK { … }' | sha256sum."""
    record = guideline.sparql(ASK, named_graphs=["urn:g"], base_iri="urn:b").record
    assert record == {
        "graph_digest": guideline.digest,
        "query_digest": "sha256:948fb5306804140e463521e196d7070edfeec884f8bdb21eebe1196bb3f804ec",
        "parameters": {"named-graph-uri": ["urn:g"], "base": "urn:b"},
    }
    assert guideline.sparql(ASK).record["parameters"] == {}


def test_records_of_explanations(guideline: Guideline) -> None:
    row = guideline.explain.row("statement", 2, id="S-LEAD-1a")
    assert row.record == {**guideline.query("statement", id="S-LEAD-1a").record, "row": 2}
    triple = guideline.explain.triple("S-LEAD-1a", "modality", "recommended")
    assert triple.record == {
        "graph_digest": guideline.digest,
        "parameters": {"subject": "S-LEAD-1a", "predicate": "modality", "object": "recommended"},
    }
    assert triple.to_dict()["parameters"] == triple.record["parameters"]


def test_record_of_a_report_tells_nothing_of_the_patient(guideline: Guideline) -> None:
    patient = {"resourceType": "Patient", "id": "patient-of-ours", "birthDate": "1950-02-01", "gender": "female"}
    report = guideline.validate(patient, as_of="2026-11-24", jurisdiction="US")
    assert report.record == {
        "graph_digest": guideline.digest,
        "query_digest": guideline.validator.catalogue.digest,
        "parameters": {"as_of": "2026-11-24", "jurisdiction": ["United States"]},
    }
    rule = report.patients[0].verdicts[0].rule.name
    verdict = guideline.explain.verdict(patient, rule, as_of="2026-11-24")
    assert verdict.record["query_digest"] == report.query_digest
    assert "patient-of-ours" not in json.dumps([report.record, dict(verdict.record)])

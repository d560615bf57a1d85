"""What holds of every rule, whatever it says; and what a faulty rule file is answered with."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import rdflib
from rdflib.namespace import RDF, SH

from kg_service import load
from kg_service.errors import ReleaseError
from kg_service.knowledge.release import Release
from kg_service.validation.catalogue import Catalogue
from kg_service.validation.grounds import grounds_of

if TYPE_CHECKING:
    from kg_service import Guideline
    from kg_service.validation import Validator

ROOT = Path(__file__).parents[2]
PATIENTS = ROOT.parent / "shared" / "patients"
SEVERITIES = {
    "required": "violation", "recommended": "violation", "advised against": "violation", "contraindicated": "violation",
    "suggested": "warning", "permitted": "warning", "cautioned": "warning", "evidence only": "info",
}  # fmt: skip


def test_severity_follows_the_modality_of_the_statements(guideline: Guideline) -> None:
    for rule in guideline.validator.catalogue.rules:
        assert rule.severity == SEVERITIES[grounds_of(rule, guideline).modality], rule.name


def test_rules_rest_on_statements_that_were_read(guideline: Guideline) -> None:
    for rule in guideline.validator.catalogue.rules:
        grounds = grounds_of(rule, guideline)
        assert len(grounds.statements) == len(rule.statements)
        for citation in grounds.citations:
            assert citation.says, rule.name
            assert citation.source, rule.name
            assert citation.verification != "unread", rule.name


def test_every_result_can_name_its_shape(validator: Validator) -> None:
    """A result whose source shape is a blank node cannot be traced (ISAITB 15)."""
    shapes = validator.catalogue.graph
    for kind in (SH.NodeShape, SH.PropertyShape):
        assert all(isinstance(shape, rdflib.URIRef) for shape in shapes.subjects(RDF.type, kind))


def test_queries_keep_to_what_every_engine_runs(validator: Validator) -> None:
    texts = [str(text) for p in (SH.select, SH.construct) for text in validator.catalogue.graph.objects(None, p)]
    assert len(texts) > 100
    for text in texts:
        words = set(re.findall(r"(?<![?$:\w-])\w+", re.sub(r'"[^"]*"', "", text.upper())))
        assert not words & {"MINUS", "VALUES", "SERVICE", "FROM", "NOW"}, text


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of the release, to be spoilt."""
    for folder in ("ontology", "shapes", "queries"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (("gkg:satisfiedMeans", "gkg:satisfied"), "satisfiedMeans"),
        (("sh:targetClass target:romosozumab ;", ""), "targetClass"),
        (("SELECT DISTINCT $this ?value", "SELECT DISTINCT $this ?value ?"), "malformed"),
        (("a gkg:Rule", "a gkg:Rule ;;. "), "line"),
        (("derive:first , ", ""), "first> is the sh:rule of no shape"),
    ],
    ids=["meaning", "target", "query", "Turtle", "a derivation of no shape"],
)
def test_a_faulty_rule_is_told_of_when_the_rules_are_read(release: Path, spoil: tuple[str, str], told: str) -> None:
    file = release / "shapes" / "rules-romosozumab.ttl"
    file.write_text(file.read_text(encoding="utf-8").replace(*spoil), encoding="utf-8")
    with pytest.raises(ReleaseError, match=told):
        Catalogue(Release(release))


def test_a_rule_of_two_minds_is_refused(release: Path) -> None:
    """One rule has one modality: what is required and what is suggested are two."""
    file = release / "shapes" / "rules-romosozumab.ttl"
    text = file.read_text(encoding="utf-8").replace("statement:F-FDA-7a ,", "statement:F-FDA-7a , statement:S-SEQ-1 ,")
    file.write_text(text, encoding="utf-8")
    graph = load(release)
    with pytest.raises(ReleaseError, match="one rule for each"):
        graph.validate({"resourceType": "Patient", "id": "1"})


@pytest.mark.skipif(
    not PATIENTS.is_dir(), reason="the sample patients beside the clone (../shared/patients) are absent"
)
def test_whole_lives_are_judged(guideline: Guideline) -> None:
    """Of the wild: nobody has had romosozumab or denosumab, six take alendronate, known by its words only."""
    report = guideline.validate(PATIENTS, as_of=dt.date(2026, 1, 31))
    assert len(report.patients) == len(list(PATIENTS.glob("*.json")))
    assert not report.faulty
    applied = {v.rule.name for v in report.verdicts if v.outcome != "not-applicable"}
    assert applied
    assert all(name.startswith("alendronate-") for name in applied)
    assert all(patient.not_understood for patient in report.patients)

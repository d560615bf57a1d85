"""Servers as people run them: Apache Jena Fuseki serves the release; Debian's Virtuoso is found to err."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from kg_service import Guideline
from kg_service.errors import AnswerTooLarge, StoreError, StoreMismatch
from kg_service.knowledge import remote

from ...test_expected_answers import EXPECTED, difference, read_name  # noqa: TID252 - tests are no package to import from

if TYPE_CHECKING:
    from pathlib import Path

ERRING = {"co-therapy", "dosing", "precautions", "sequential-agents", "statement", "treatment-pathway"}
"""Some of the questions that Virtuoso 7.2.5 answers wrongly, so that it must not serve: it takes CONCAT of an unbound
variable for an empty text, and loses values of variables that only one side of a UNION binds."""

PLACES = [
    "{ * }",
    "{ GRAPH ?g { * } }",
    "{ GRAPH <urn:other> { * } }",
    "{ GRAPH <urn:x-arq:UnionGraph> { * } }",
    "{ GRAPH <urn:x-arq:DefaultGraph> { * } }",
    "FROM <urn:other> { * }",
    "FROM <urn:x-arq:UnionGraph> { * }",
    "FROM <urn:x-arq:DefaultGraph> { * }",
    "FROM NAMED <urn:other> { GRAPH ?g { * } }",
    "FROM NAMED <urn:x-arq:UnionGraph> { GRAPH <urn:x-arq:UnionGraph> { * } }",
]
"""Where data of others could show: by name, by Jena's names for all graphs and for the default one, and by FROM."""


def wrong_rows(guideline: Guideline, path: Path) -> list[str]:
    name, parameters = read_name(path)
    with path.open(encoding="utf-8", newline="") as file:
        columns, *wanted = (tuple(row) for row in csv.reader(file))
    answer = guideline.query(name, **parameters)
    return difference(wanted, [tuple(row[column] for column in columns) for row in answer.readable()])


def test_fuseki_gives_every_expected_answer(fuseki: str, guideline: Guideline) -> None:
    there = remote.Connection(fuseki)
    assert remote.load(guideline, there, there)
    assert not remote.load(guideline, there, there)
    away = Guideline.load(store=fuseki)
    assert {path.stem: wrong for path in EXPECTED if (wrong := wrong_rows(away, path))} == {}
    whole = away.sparql("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
    assert len(whole.triples) == len({quad.triple for quad in guideline.store})
    foreign = "<urn:s> <urn:foreign> <urn:o>"
    there.write([("update", f"INSERT DATA {{ {foreign} GRAPH <urn:other> {{ {foreign} }} }}")])
    for place in PLACES:
        query = f"ASK {place.replace('*', foreign)}"
        assert not away.sparql(query).boolean, query
    away.engine = remote.connect(fuseki, guideline, remote.Bounds(seconds=2))
    with pytest.raises(StoreError, match="within 2 seconds"):
        away.sparql("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?a != ?f && ?c != ?g) }")


def test_virtuoso_takes_the_release_and_is_found_to_answer_wrongly(
    virtuoso: str, guideline: Guideline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KG_SERVICE_STORE_USER", "dba")
    monkeypatch.setenv("KG_SERVICE_STORE_PASSWORD", "dba")
    url = f"{virtuoso}/sparql"
    there = remote.Connection(url, remote.Bounds(seconds=15))
    with pytest.raises(StoreError, match="does not answer as SPARQL") as caught:
        remote.load(guideline, there, remote.Connection(f"{virtuoso}/sparql-auth"))
    questions = caught.value.extras["questions"]
    assert isinstance(questions, list)
    assert set(questions) & ERRING
    with pytest.raises(StoreMismatch, match="holds no release"):
        remote.connect(url, guideline)
    with pytest.raises(AnswerTooLarge):
        there.read([("query", "SELECT * { ?s ?p ?o }"), ("maxrows", "100"), ("timeout", "1")], "text/csv")

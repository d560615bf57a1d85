"""The doors over a server that holds the release."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kg_service import Guideline
from kg_service.cli import main
from kg_service.errors import MalformedQuery, QueryError, RefusedQuery, StoreError, StoreMismatch
from kg_service.knowledge import release
from kg_service.knowledge.engine import Query
from kg_service.knowledge.remote import engine as remote_engine
from kg_service.knowledge.remote.names import NOTHING, RELEASE, UNION
from kg_service.web import create_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from .conftest import Handler, Server

MINI = Path(__file__).parents[2] / "data" / "mini"
CORE = "https://example.org/knots/core/"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
COUNT_NAMED = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"


@pytest.fixture
def away(loaded: Server) -> Guideline:
    """The small release, asked of the server."""
    return Guideline.load(MINI, store=loaded.url)


@pytest.mark.parametrize(
    ("text", "default", "named"),
    [
        pytest.param(COUNT, [], [], id="union"),
        pytest.param(COUNT_NAMED, [], [], id="each graph"),
        pytest.param(COUNT, [CORE], [], id="default graph given"),
        pytest.param(COUNT_NAMED, [CORE], [], id="no named graph given"),
        pytest.param(COUNT, [], [CORE], id="no default graph given"),
        pytest.param(COUNT_NAMED, [], [CORE], id="named graph given"),
        pytest.param(COUNT.replace("{", f"FROM <{CORE}> {{", 1), [], [], id="FROM"),
        pytest.param(COUNT_NAMED.replace("{", f"FROM NAMED <{CORE}> {{", 1), [], [], id="FROM NAMED"),
        pytest.param(COUNT.replace("{", "FROM <urn:no> {", 1), [CORE], [], id="given wins over FROM"),
        pytest.param(COUNT, ["urn:other"], [], id="not ours"),
        pytest.param(COUNT, [UNION], [], id="the union by name"),
        pytest.param(f"ASK {{ GRAPH <{RELEASE}> {{ ?s ?p ?o }} }}", [], [], id="the mark"),
        pytest.param("ASK { <core/> a ?x }", [], [], id="base"),
        pytest.param("ASK { GRAPH <urn:other> { ?s ?p ?o } }", [], [], id="what others keep there"),
        pytest.param(
            "CONSTRUCT WHERE { ?s <https://example.org/knots/core/learnedBefore> ?o }", [], [], id="construct"
        ),
    ],
)
def test_the_same_answer_as_in_process(
    loaded: Server, away: Guideline, knots: Guideline, text: str, default: list[str], named: list[str]
) -> None:
    loaded.store.update("INSERT DATA { GRAPH <urn:other> { <urn:s> <urn:p> 1 } }")
    asked = {"default_graphs": default, "named_graphs": named, "base_iri": "https://example.org/knots/"}
    there, here = (graph.sparql(text, **asked) for graph in (away, knots))
    assert sorted(map(str, there.terms)) == sorted(map(str, here.terms))
    assert (there.boolean, there.missing_graphs, there.record) == (here.boolean, here.missing_graphs, here.record)


@pytest.mark.parametrize(
    "question", [("after", {"knot": "overhand knot"}), ("map", {}), ("search", {"q": "reef knot"})]
)
def test_named_questions(away: Guideline, knots: Guideline, question: tuple[str, dict[str, str]]) -> None:
    name, parameters = question
    there, here = (graph.query(name, **parameters).terms for graph in (away, knots))
    assert sorted(map(str, there)) == sorted(map(str, here)) != []


def test_every_request_names_graphs_of_the_release_only(loaded: Server, away: Guideline, knots: Guideline) -> None:
    loaded.forms.clear()
    away.sparql(COUNT)
    away.sparql(COUNT, default_graphs=["urn:no"])
    first, _, second, _ = loaded.forms  # after each query the release is looked at
    assert first["default-graph-uri"] == [UNION]
    assert set(first["named-graph-uri"]) == knots.graph_names
    assert (second["default-graph-uri"], second["named-graph-uri"]) == ([NOTHING], [NOTHING])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", RefusedQuery),
        ("DROP ALL", RefusedQuery),
        ("DEFINE get:soft 'soft' ASK {}", MalformedQuery),
        ("ASK {", MalformedQuery),
        ("ASK { ?s unknown:p ?o }", MalformedQuery),
        ("\\u0041SK {}", MalformedQuery),
    ],
)
def test_what_is_refused_is_not_sent(loaded: Server, away: Guideline, text: str, kind: type[QueryError]) -> None:
    loaded.forms.clear()
    with pytest.raises(kind):
        away.sparql(text)
    assert loaded.forms == []


def test_a_query_is_read_and_not_run_here() -> None:
    """Its evaluation here would not end."""
    values = " ".join(f"VALUES ?v{n} {{ {' '.join(map(str, range(60)))} }}" for n in range(6))
    begin = time.monotonic()
    remote_engine.read_only(Query.inspect(f"ASK {{ {values} FILTER(?v0 + ?v1 > 9999) }}"))
    assert time.monotonic() - begin < 1


def test_a_base_that_is_no_iri_and_half_a_character_are_refused(loaded: Server, away: Guideline) -> None:
    loaded.forms.clear()
    for text, base in (("ASK {}", "http://e/> #"), ('ASK { ?s ?p "\ud800" }', None)):
        with pytest.raises(QueryError):
            away.sparql(text, base_iri=base)
    assert loaded.forms == []


def test_nothing_of_a_query_is_logged(away: Guideline, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        away.sparql('ASK { ?s ?p "markword" }')
    assert caplog.records
    assert "markword" not in caplog.text


def test_another_release_loaded_meanwhile_is_noticed(loaded: Server, away: Guideline) -> None:
    assert away.sparql("ASK {}").boolean
    loaded.store.update(f"CLEAR GRAPH <{RELEASE}>")
    with pytest.raises(StoreMismatch):
        away.sparql("ASK {}")


def test_numbers_are_spelled_as_in_process(loaded: Server, away: Guideline) -> None:
    literals = '"014.50"^^xsd:decimal "-0.0"^^xsd:decimal "2.0"^^xsd:decimal "+007"^^xsd:integer "1"^^xsd:boolean'
    text = f"PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> SELECT ?x {{ VALUES ?x {{ {literals} }} }}"
    loaded.faults.append(
        lambda handler: handler.answer(as_written(literals.split()), "application/sparql-results+json")
    )
    assert [row["x"] for row in away.sparql(text).readable()] == ["14.5", "0", "2", "7", "true"]


def as_written(literals: list[str]) -> bytes:
    pairs = [literal.split("^^xsd:") for literal in literals]
    rows = [
        {"x": {"type": "literal", "value": text.strip('"'), "datatype": f"http://www.w3.org/2001/XMLSchema#{name}"}}
        for text, name in pairs
    ]
    return json.dumps({"head": {"vars": ["x"]}, "results": {"bindings": rows}}).encode()


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"<html>", "text/html"), (b"[]", "application/json"), (b"{}", "application/json"), (b"\xff", "text/plain")],
)
@pytest.mark.parametrize("text", ["ASK {}", "CONSTRUCT WHERE { ?s ?p ?o }"])
def test_nonsense_is_no_answer(loaded: Server, away: Guideline, body: bytes, media_type: str, text: str) -> None:
    loaded.faults.append(lambda handler: handler.answer(body, media_type))
    with pytest.raises(StoreError, match="cannot be read"):
        away.sparql(text)


class TestDoors:
    @pytest.fixture
    def client(self, away: Guideline) -> FlaskClient:
        return create_app(away).test_client(use_cookies=False)

    def test_answers(self, client: FlaskClient, loaded: Server) -> None:
        loaded.forms.clear()
        response = client.get("/queries/after?knot=overhand+knot", headers={"Accept": "text/csv"})
        assert response.text.splitlines()[0] == "next,strength"
        assert client.post("/sparql", data={"query": COUNT}).json is not None
        assert [form["query"] for form in loaded.forms if COUNT in form["query"][0]]

    @pytest.mark.parametrize(
        ("fault", "status", "kind"),
        [
            (503, 503, "store-unavailable"),
            (500, 502, "store-error"),
            (504, 504, "store-timeout"),
            (400, 400, "query-error"),
        ],
    )
    def test_problems(self, client: FlaskClient, loaded: Server, fault: int, status: int, kind: str) -> None:
        def fail(handler: Handler) -> None:
            handler.answer(b"", status=fault)

        loaded.faults.extend([fail] * 3)
        response = client.post("/sparql", data={"query": "ASK { ?markword ?p ?o }"})
        assert (response.status_code, response.content_type) == (status, "application/problem+json; charset=utf-8")
        assert response.json is not None
        assert response.json["type"].endswith(kind)
        assert "markword" not in response.text


class TestCommands:
    @pytest.fixture
    def run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
        shutil.copytree(MINI, tmp_path / "data")
        monkeypatch.setattr(release, "PACKAGE", tmp_path)

        def run(*arguments: str, stdin: str | None = None) -> tuple[int, str, str]:
            result = CliRunner().invoke(main, arguments, input=stdin, prog_name="kg-service")
            return result.exit_code, result.stdout, result.stderr

        return run

    def test_load_then_ask(self, run: Callable[..., tuple[int, str, str]], server: Server, knots: Guideline) -> None:
        status, _, words = run("load", server.url)
        assert (status, words.splitlines()[-1]) == (0, f"{server.url} now holds {knots.digest}")
        assert run("load", server.url)[2] == f"{server.url} held already {knots.digest}\n"
        server.forms.clear()
        status, table, _ = run("query", "after", "--param", "knot=overhand knot", "--store", server.url)
        assert (status, table.split()[-2:]) == (0, ["knot", "0.45"])
        assert run("sparql", "-", "--store", server.url, "-f", "csv", stdin="ASK {}")[0] == 2
        assert server.forms

    def test_nothing_there(
        self, run: Callable[..., tuple[int, str, str]], server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KG_SERVICE_STORE", server.url)
        status, _, words = run("query", "map")
        assert (status, "holds no release: put this one there with kg-service load" in words) == (2, True)

    def test_nobody_there(self, run: Callable[..., tuple[int, str, str]]) -> None:
        status, _, words = run("serve", "--store", "http://127.0.0.1:9/kg")
        assert (status, "cannot be reached" in words) == (2, True)

    def test_without_the_library(self) -> None:
        program = "import sys; sys.modules['requests'] = None; from kg_service.cli import main; main()"
        command = [sys.executable, "-c", program, "load", "http://127.0.0.1:9/kg"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, "pip install 'guideline-kg[remote]'" in done.stderr) == (2, True)

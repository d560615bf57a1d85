"""The clients that people use, against a loopback server: right answers in every format they ask for."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import SPARQLWrapper as sw  # noqa: N813 - a module with the name of a class
from rdflib import SKOS, Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.plugins.stores.sparqlstore import SPARQLStore

if TYPE_CHECKING:
    from xml.dom.minidom import Document

TEA = "https://w3id.org/guideline-kg/concept/green-tea"
ABOUT = "https://w3id.org/guideline-kg/core/about"
SELECT = f"SELECT ?s WHERE {{ ?s <{ABOUT}> <{TEA}> }} ORDER BY ?s"
ASK = f"ASK {{ ?s <{ABOUT}> <{TEA}> }}"
CONSTRUCT = f"CONSTRUCT WHERE {{ ?s <{ABOUT}> ?tea }}"
DESCRIBE = f"DESCRIBE <{TEA}>"
STATEMENTS = [f"https://w3id.org/guideline-kg/statement/T-{number}" for number in (1, 2)]
EXPECTED = {
    CONSTRUCT: (URIRef(STATEMENTS[0]), URIRef(ABOUT), URIRef(TEA)),
    DESCRIBE: (URIRef(TEA), SKOS.prefLabel, RdfLiteral("green tea", lang="en")),
}
"""A triple of each graph."""

pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning"),  # of rdflib in itself
    pytest.mark.filterwarnings("ignore:.*graph_aware.*:DeprecationWarning"),
]


def ask_wrapper(url: str, query: str, returned: str | None, method: str) -> Any:  # noqa: ANN401 - by format
    client = sw.SPARQLWrapper(f"{url}/sparql")
    client.setQuery(query)
    client.setMethod(method)
    if returned:
        client.setReturnFormat(returned)
    return client.queryAndConvert()


@pytest.mark.parametrize("method", [sw.GET, sw.POST])
class TestSparqlWrapper:
    def test_select_json(self, url: str, method: str) -> None:
        answer = ask_wrapper(url, SELECT, sw.JSON, method)
        assert [row["s"]["value"] for row in answer["results"]["bindings"]] == STATEMENTS

    @pytest.mark.parametrize("returned", [None, sw.XML])
    def test_select_xml(self, url: str, method: str, returned: str | None) -> None:
        answer: Document = ask_wrapper(url, SELECT, returned, method)
        assert [node.firstChild.data for node in answer.getElementsByTagName("uri")] == STATEMENTS  # type: ignore[union-attr]

    def test_select_csv_and_tsv(self, url: str, method: str) -> None:
        assert ask_wrapper(url, SELECT, sw.CSV, method).decode().split() == ["s", *STATEMENTS]
        tsv = ask_wrapper(url, SELECT, sw.TSV, method).decode().split()
        assert tsv == ["?s", *(f"<{iri}>" for iri in STATEMENTS)]

    def test_ask(self, url: str, method: str) -> None:
        assert ask_wrapper(url, ASK, sw.JSON, method)["boolean"] is True
        xml: Document = ask_wrapper(url, ASK, sw.XML, method)
        assert xml.getElementsByTagName("boolean")[0].firstChild.data == "true"  # type: ignore[union-attr]

    @pytest.mark.parametrize("returned", [None, sw.RDFXML, sw.XML, sw.TURTLE, sw.JSONLD])
    @pytest.mark.parametrize("query", [CONSTRUCT, DESCRIBE])
    def test_graphs(self, url: str, method: str, returned: str | None, query: str) -> None:
        found = ask_wrapper(url, query, returned, method)
        if isinstance(found, bytes):
            found = Graph().parse(data=found, format="turtle")
        if query == CONSTRUCT:
            assert {str(subject) for subject in found.subjects()} == set(STATEMENTS)
        else:
            assert (URIRef(TEA), None, None) in found


class TestRdflibStore:
    @pytest.fixture(params=["GET", "POST", "POST_FORM"])
    def remote(self, url: str, request: pytest.FixtureRequest) -> Graph:
        return Graph(SPARQLStore(f"{url}/sparql", method=request.param))

    @pytest.fixture(params=["xml", "json", "csv", "tsv"])
    def by_format(self, url: str, request: pytest.FixtureRequest) -> Graph:
        return Graph(SPARQLStore(f"{url}/sparql", returnFormat=request.param))

    def test_select(self, by_format: Graph) -> None:
        assert [str(row[0]) for row in by_format.query(SELECT)] == STATEMENTS  # type: ignore[index]

    def test_all_forms(self, remote: Graph) -> None:
        assert [str(row[0]) for row in remote.query(SELECT)] == STATEMENTS  # type: ignore[index]
        assert remote.query(ASK).askAnswer is True
        constructed = remote.query(CONSTRUCT).graph
        assert constructed is not None
        assert {str(subject) for subject in constructed.subjects()} == set(STATEMENTS)
        described = remote.query(DESCRIBE).graph
        assert described is not None
        assert (URIRef(TEA), None, None) in described

    def test_patterns(self, remote: Graph) -> None:
        assert sorted(map(str, remote.subjects(URIRef(ABOUT), URIRef(TEA)))) == STATEMENTS


def test_pandas_reads_csv_and_tsv(url: str) -> None:
    frame = pd.read_csv(f"{url}/queries/advice?about=green+tea", storage_options={"Accept": "text/csv"})
    assert list(frame.columns) == ["statement", "modality", "source", "text"]
    assert list(frame["statement"]) == STATEMENTS
    tsv = pd.read_csv(f"{url}/queries/teas", sep="\t", storage_options={"Accept": "text/tab-separated-values"})
    assert list(tsv.columns) == ["?tea", "?name"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
class TestCurl:
    def curl(self, *arguments: str) -> str:
        command = ["curl", "--silent", "--show-error", "--fail-with-body", "--noproxy", "*", *arguments]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

    def test_select(self, url: str) -> None:
        asked = ["--get", "--data-urlencode", f"query={SELECT}", f"{url}/sparql"]
        assert [row["s"]["value"] for row in json.loads(self.curl(*asked))["results"]["bindings"]] == STATEMENTS
        assert self.curl("-H", "Accept: text/csv", *asked).split() == ["s", *STATEMENTS]

    def test_ask_by_form(self, url: str) -> None:
        assert json.loads(self.curl("--data-urlencode", f"query={ASK}", f"{url}/sparql"))["boolean"] is True

    @pytest.mark.parametrize(
        "media_type", ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
    )
    @pytest.mark.parametrize("query", [CONSTRUCT, DESCRIBE])
    def test_graphs_by_direct_post(self, url: str, media_type: str, query: str) -> None:
        headers = ["-H", "Content-Type: application/sparql-query", "-H", f"Accept: {media_type}"]
        body = self.curl(*headers, "--data-binary", query, f"{url}/sparql")
        assert EXPECTED[query] in Graph().parse(data=body, format=media_type)

    def test_an_error_is_told(self, url: str) -> None:
        done = subprocess.run(
            ["curl", "--silent", "--noproxy", "*", f"{url}/sparql?query=SELECT"],  # noqa: S607 - curl of the PATH
            capture_output=True,
            check=True,
            text=True,
        )
        assert json.loads(done.stdout)["line"] == 1

    def test_head(self, url: str) -> None:
        assert self.curl("--head", f"{url}/sparql").startswith("HTTP/1.1 200")

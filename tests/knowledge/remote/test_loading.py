"""The release put on a server: whole, once, and never half-seen as a release."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyoxigraph import Dataset, Literal, NamedNode, Quad

from kg_service import Guideline
from kg_service.errors import StoreError, StoreMismatch, StoreUnavailable
from kg_service.knowledge import remote
from kg_service.knowledge.cache import Snapshot
from kg_service.knowledge.canonical import sorted_quads
from kg_service.knowledge.remote.names import RELEASE, STAGED, UNION

if TYPE_CHECKING:
    from .conftest import Handler, Server

MINI = Path(__file__).parents[2] / "data" / "mini"
FOREIGN = Quad(NamedNode("urn:s"), NamedNode("urn:p"), Literal("not ours"), NamedNode("urn:other"))


def load(graph: Guideline, server: Server) -> bool:
    return remote.load(graph, remote.Connection(server.url), remote.Connection(server.url))


@pytest.fixture
def older(tmp_path: Path) -> Guideline:
    """Another release, with a graph that the first lacks."""
    shutil.copytree(MINI, tmp_path / "release")
    extra = tmp_path / "release" / "ontology" / "extra.ttl"
    extra.write_text("<urn:extra> a <http://www.w3.org/2002/07/owl#Ontology> .\n")
    return Guideline.load(tmp_path / "release")


def test_what_is_there_afterwards(loaded: Server, knots: Guideline) -> None:
    names = {graph.value for graph in loaded.store.named_graphs() if isinstance(graph, NamedNode)}
    assert names == {*knots.graph_names, UNION, RELEASE}
    for name in knots.graph_names:
        there, here = (
            {q.triple for q in s.quads_for_pattern(None, None, None, NamedNode(name))}
            for s in (loaded.store, knots.store)
        )
        assert len(there) == len(here)
    union = {quad.triple for quad in loaded.store.quads_for_pattern(None, None, None, NamedNode(UNION))}
    assert len(union) == len({quad.triple for quad in knots.store})


def test_once_is_enough(loaded: Server, knots: Guideline) -> None:
    assert not load(knots, loaded)
    assert not any("update" in form for form in loaded.forms)


def test_graphs_of_others_stay(server: Server, knots: Guideline) -> None:
    server.store.add(FOREIGN)
    assert load(knots, server)
    assert FOREIGN in server.store


def test_a_graph_of_the_former_release_goes(server: Server, knots: Guideline, older: Guideline) -> None:
    server.store.add(FOREIGN)
    assert load(older, server)
    assert NamedNode("urn:extra") in set(server.store.named_graphs())
    assert load(knots, server)
    assert NamedNode("urn:extra") not in set(server.store.named_graphs())
    assert FOREIGN in server.store


def test_one_request_moves_all_into_place(server: Server, knots: Guideline) -> None:
    load(knots, server)
    moving = [form["update"][0] for form in server.forms if "MOVE" in form.get("update", [""])[0]]
    assert len(moving) == 1
    assert moving[0].count("MOVE GRAPH") == len(knots.graph_names)
    assert moving[0].startswith(f"CLEAR SILENT GRAPH <{RELEASE}>")


def test_a_server_that_alters_data_is_found_before_anything_is_moved(
    server: Server, knots: Guideline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg_service.knowledge.remote.loading._insertions", lambda *_: iter(()))  # all is lost
    with pytest.raises(StoreMismatch, match=r"not what was sent: [0-9]+ triples differ"):
        load(knots, server)
    assert NamedNode(RELEASE) not in set(server.store.named_graphs())


def test_a_server_that_answers_wrongly_gets_no_mark(
    server: Server, knots: Guideline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg_service.knowledge.remote.engine.portable", lambda query: query.text + " LIMIT 0")
    with pytest.raises(StoreError, match="questions advice, after, map, search, so it is not marked") as caught:
        load(knots, server)
    assert caught.value.extras["questions"] == ["advice", "after", "map", "search"]
    with pytest.raises(StoreMismatch, match="holds no release"):
        remote.connect(server.url, knots)


def test_a_load_that_broke_off_is_begun_anew(server: Server, knots: Guideline) -> None:
    def fail(handler: Handler) -> None:
        handler.answer(b"", status=503)

    def work(handler: Handler) -> None:
        form = handler.server.forms[-1]
        if "update" in form:
            handler.server.store.update(form["update"][0])
            handler.answer(b"", status=204)
        else:
            handler.answer(*handler.found(form))

    server.faults.extend([work, work, work, fail])  # mark, staging cleared, one insertion, then trouble
    with pytest.raises(StoreUnavailable):
        load(knots, server)
    assert any(graph.value.startswith(STAGED) for graph in server.store.named_graphs())
    with pytest.raises(StoreMismatch, match="holds no release"):
        remote.connect(server.url, knots)
    assert load(knots, server)
    assert not any(graph.value.startswith(STAGED) for graph in server.store.named_graphs())


class TestConnect:
    def test_another_release(self, loaded: Server, knots: Guideline, older: Guideline) -> None:
        with pytest.raises(StoreMismatch) as caught:
            remote.connect(loaded.url, older)
        assert knots.digest in str(caught.value)
        assert older.digest in str(caught.value)
        assert f"kg-service load {loaded.url}" in str(caught.value)
        assert caught.value.extras == {"held": knots.digest, "expected": older.digest}

    def test_another_closure(self, loaded: Server, knots: Guideline) -> None:
        other = Guideline(knots.release, Snapshot(knots.digest, knots.prefixes, sorted_quads(Dataset(knots.store))))
        other.store.remove(next(other.store.quads_for_pattern(None, None, None, None)))
        with pytest.raises(StoreMismatch, match="another closure"):
            remote.connect(loaded.url, other)

    def test_a_lost_triple(self, loaded: Server, knots: Guideline) -> None:
        name = NamedNode(min(knots.graph_names))
        loaded.store.remove(next(loaded.store.quads_for_pattern(None, None, None, name)))
        with pytest.raises(StoreMismatch, match=f"lost or gained triples in 1 graphs, among them {name.value}"):
            remote.connect(loaded.url, knots)

    def test_a_server_that_is_no_sparql_endpoint(self, server: Server, knots: Guideline) -> None:
        server.faults.append(lambda handler: handler.answer(b"<html>", "text/html"))
        with pytest.raises(StoreError, match="check the URL"):
            remote.connect(server.url, knots)

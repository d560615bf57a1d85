"""Faults in the files of a release are told with place and cure; the cache is only ever a shortcut."""

import re
import shutil
from pathlib import Path

import pytest
from pyoxigraph import Literal

from kg_service import KnowledgeGraph, load
from kg_service.errors import ReleaseError
from kg_service.knowledge import closure

MINI = Path(__file__).parents[1] / "data" / "mini"
HEADER = """#+ summary: s
#+ description: d
#+ parameters:
#+   - {name: q, description: d, kind: KIND, required: true, example: e}
"""


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KG_SERVICE_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(MINI, tmp_path / "release"))


def no_reasoning(*_: object) -> list[object]:
    raise AssertionError("the cache should have been used")


class TestFiles:
    def test_broken_turtle_is_told_with_its_place(self, release: Path) -> None:
        (release / "ontology/broken.ttl").write_text("<a> <b> .\n", encoding="utf-8")
        with pytest.raises(ReleaseError, match=r"ontology/broken\.ttl, line 1, column \d+: not valid Turtle"):
            load(release)

    @pytest.mark.parametrize(
        "text", ["", "<https://a/> a owl:Ontology . <https://b/> a owl:Ontology .", "[] a owl:Ontology ."]
    )
    def test_a_file_declares_one_ontology(self, release: Path, text: str) -> None:
        prefix = "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        (release / "ontology/new.ttl").write_text(prefix + text, encoding="utf-8")
        with pytest.raises(ReleaseError, match=r"ontology/new\.ttl must declare exactly one IRI"):
            load(release)

    def test_a_file_that_cannot_be_read_is_named(self, release: Path) -> None:
        for folder, read in (("ontology/new.ttl", load), ("queries/new.rq", lambda root: load(root).questions["new"])):
            (release / folder).symlink_to("/nowhere")
            with pytest.raises(ReleaseError, match=f"{folder} cannot be read: No such file"):
                read(release)
            (release / folder).unlink()

    def test_a_query_is_utf_8(self, release: Path) -> None:
        (release / "queries/new.rq").write_bytes(b"#+ summary: caf\xe9\n")
        with pytest.raises(ReleaseError, match=r"queries/new\.rq is not UTF-8 at byte 15"):
            load(release).questions["new"]

    def test_an_ontology_has_one_file(self, release: Path) -> None:
        shutil.copy(release / "ontology/core.ttl", release / "ontology/other.ttl")
        with pytest.raises(ReleaseError, match=r"other\.ttl declares .* which ontology/core\.ttl declares already"):
            load(release)

    def test_a_prefix_has_one_meaning(self, release: Path) -> None:
        (release / "ontology/new.ttl").write_text(
            "@prefix k: <https://elsewhere/> . <https://a/> a <http://www.w3.org/2002/07/owl#Ontology> .",
            encoding="utf-8",
        )
        with pytest.raises(ReleaseError, match=r"prefix k: stands for https://elsewhere/ here"):
            load(release)

    def test_a_folder_can_be_given_as_text(self, release: Path) -> None:
        assert load(str(release)).digest == load(release).digest
        with pytest.raises(ReleaseError, match="No ontology/ folder in"):
            load(str(release / "queries"))

    def test_a_folder_without_ontology_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ReleaseError, match="No ontology/ folder in"):
            load(tmp_path)


class TestQuestionFiles:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("SELECT * {}", "needs a header"),
            ("#+ [", "header is not valid YAML"),
            ("#+ summary: s\nSELECT * {}", "the header lacks 'description'"),
            (HEADER.replace("KIND", "text") + "SELECT * {}", r"\?_q is declared but not used"),
            (HEADER.replace("KIND", "integer") + "SELECT * {?_q ?p ?o}", r"\?_q is used but not declared"),
            (HEADER.replace("KIND", "thing") + "SELECT * {?_q_iri ?p ?o}", "must be text, integer, date or a class"),
            (HEADER.replace("KIND", "text").replace("q,", "Q-1,") + "SELECT * {}", "lower-case letters"),
        ],
    )
    def test_a_fault_is_told_with_the_file(self, release: Path, text: str, message: str) -> None:
        (release / "queries/new.rq").write_text(text, encoding="utf-8")
        with pytest.raises(ReleaseError, match=message) as caught:
            load(release).query("new", q="x")
        assert "queries/new.rq" in str(caught.value)

    def test_a_kind_needs_a_declared_prefix(self, release: Path) -> None:
        (release / "queries/new.rq").write_text(
            HEADER.replace("KIND", "no:Such") + "SELECT * {?_q_iri ?p ?o}", encoding="utf-8"
        )
        with pytest.raises(ReleaseError, match="prefix that no ontology file declares"):
            load(release).query("new", q="x")

    def test_a_faulty_question_does_not_disturb_the_others(self, release: Path) -> None:
        (release / "queries/new.rq").write_text("SELECT * {}", encoding="utf-8")
        assert len(load(release).query("after", knot="overhand knot").rows) == 2

    def test_the_mapping_is_sorted_and_complete(self, knots: KnowledgeGraph) -> None:
        assert list(knots.questions) == ["advice", "after", "map", "search"]
        assert len(knots.questions) == 4
        question = knots.questions["after"]
        assert question.summary == "Which knots are learned after a knot?"
        assert question.description == "One row for each knot, near or far."
        assert question.tags == ("knots",)
        assert [(p.name, p.kind, p.required, p.example, p.variable) for p in question.parameters] == [
            ("knot", "k:Knot", True, "overhand knot", "_knot_iri"),
            ("least", "integer", False, "40", "_least_integer"),
        ]
        assert question.example() == {"knot": "overhand knot"}


class TestCache:
    def test_a_second_start_does_not_reason(self, release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = load(release)
        monkeypatch.setattr(closure, "infer", no_reasoning)
        second = load(release)
        assert second.digest == first.digest
        assert second.prefixes == first.prefixes
        assert set(second.store) == set(first.store)

    def test_a_changed_file_changes_the_digest(self, release: Path) -> None:
        before = load(release).digest
        path = release / "ontology/knots.ttl"
        path.write_text(
            path.read_text(encoding="utf-8") + "# a comment changes nothing that is said\n", encoding="utf-8"
        )
        assert load(release).digest == before
        path.write_text(path.read_text(encoding="utf-8") + "knot:new a k:Knot .\n", encoding="utf-8")
        assert load(release).digest != before

    @pytest.mark.parametrize(
        "damage",
        [
            lambda text: text[:-10],
            lambda text: b"#\n" + text,
            lambda _: b"",
            lambda text: text.replace(b"reef", b"rope"),
        ],
    )
    def test_a_damaged_file_is_made_anew(self, release: Path, tmp_path: Path, damage) -> None:  # noqa: ANN001 - a function
        good = set(load(release).store)
        (file,) = (tmp_path / "cache").iterdir()
        content = file.read_bytes()
        file.write_bytes(damage(content))
        assert set(load(release).store) == good
        assert file.read_bytes() == content

    def test_every_character_survives(self, release: Path) -> None:
        """Some of these end a line in Python, none does in N-Quads."""
        odd = 'a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\n\r\t"\\ 😀'
        path = release / "ontology/knots.ttl"
        path.write_text(path.read_text(encoding="utf-8") + f"knot:odd skos:note {Literal(odd)} .\n", encoding="utf-8")
        for graph in (load(release), load(release)):
            text = "SELECT ?o { ?s <http://www.w3.org/2004/02/skos/core#note> ?o }"
            assert graph.sparql(text).rows == [{"o": odd}]

    def test_without_a_writable_folder_it_still_answers(
        self, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("in the way", encoding="utf-8")
        monkeypatch.setenv("KG_SERVICE_CACHE", str(tmp_path / "file"))
        assert len(load(release).query("after", knot="overhand knot").rows) == 2

    def test_the_head_names_digest_and_body(self, release: Path, tmp_path: Path) -> None:
        digest = load(release).digest
        (file,) = (tmp_path / "cache").iterdir()
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert re.fullmatch(rf"# guideline-kg 1 graph={digest} body=[0-9a-f]{{64}}", first)

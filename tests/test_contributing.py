"""The examples of CONTRIBUTING.md, added to a copy of the graph exactly as they stand on that page."""

import csv
import io
import re
import shutil
from pathlib import Path

import pytest

from kg_service import KnowledgeGraph, load

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- example: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeGraph:
    """The graph with every example appended to the file that the page names."""
    root = tmp_path_factory.mktemp("release")
    for folder in ("ontology", "shapes", "queries"):
        shutil.copytree(ROOT / folder, root / folder)
    for name, text in EXAMPLES.items():
        with (root / name).open("a", encoding="utf-8") as file:
            file.write("\n" * (file.tell() > 0) + text)
    return load(root)


def test_the_page_has_an_example_of_each_kind() -> None:
    assert len(EXAMPLES) == 7


def test_the_new_question_gives_its_expected_answer(extended: KnowledgeGraph) -> None:
    expected = list(csv.DictReader(io.StringIO(EXAMPLES["queries/example-studies.after=abaloparatide.csv"])))
    assert extended.query("example-studies", after="abaloparatide").readable() == expected


def test_the_new_statement_reaches_the_old_questions(extended: KnowledgeGraph) -> None:
    rows = extended.query("sequential-agents", after="abaloparatide").readable()
    assert "F-EXAMPLE-1" in {row["statement"] for row in rows}
    assert extended.query("statement", id="F-EXAMPLE-1").rows


@pytest.mark.parametrize("name", ["made-up condition", "Fictitious  State", "MONDO:0000000"])
def test_the_new_concept_is_found_by_label_synonym_and_code(extended: KnowledgeGraph, name: str) -> None:
    """A kind of heart attack, so excluded where any heart attack is (EMA, F-EMA-5)."""
    rows = extended.query("contraindications", condition=name).readable()
    assert "F-EMA-5" in {row["statement"] for row in rows}


def test_the_graph_still_conforms(extended: KnowledgeGraph) -> None:
    assert extended.check().conforms

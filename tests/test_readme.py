"""The README's sessions, run as they stand."""

import doctest
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from kg_service import KnowledgeGraph
from kg_service.cli import main
from kg_service.cli import output as cli_output
from kg_service.knowledge.questions import Questions
from kg_service.knowledge.release import Release

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SESSIONS = re.findall(r"```console\n\$ (.+?)\n(.*?)```", README, re.DOTALL)
WIDTH = 100


@pytest.mark.parametrize(("command", "expected"), SESSIONS)
def test_commands(command: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a terminal of a hundred columns shows them."""
    monkeypatch.setattr(cli_output, "width", lambda: WIDTH)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, command.split()[1:])
    assert result.exit_code == (1 if "\nVIOLATED\n" in expected else 0), result.output
    assert result.stdout == expected


def test_sparql(guideline: KnowledgeGraph) -> None:
    ((query, expected),) = re.findall(r"```sparql\n(.*?)```\n\n```csv\n(.*?)```", README, re.DOTALL)
    assert guideline.sparql(query).serialize("csv").decode().splitlines() == expected.splitlines()


def test_python_session() -> None:
    pytest.importorskip("pandas", reason="the session shows a pandas frame")
    session = "\n".join(re.findall(r"```pycon\n(.*?)```", README, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", None, None)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    assert result.failed == 0, "".join(said)
    assert result.attempted > 3


def test_the_table_of_questions_is_complete() -> None:
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \|$", README, re.MULTILINE))
    assert listed == {name: question.summary for name, question in Questions(Release.find()).items()}


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / target).exists(), target

"""The README's sessions, run as they stand."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from kg_service.cli import main
from kg_service.cli import output as cli_output
from kg_service.knowledge.questions import Questions
from kg_service.knowledge.release import Release

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SESSIONS = re.findall(r"```console\n\$ (.+?)\n(.*?)```", README, re.DOTALL)
WIDTH = 100


def direct(command: str) -> bool:
    return command.startswith("kg-service ") and "|" not in command


@pytest.mark.parametrize(("command", "expected"), [s for s in SESSIONS if direct(s[0])])
def test_commands(command: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a terminal of a hundred columns shows them."""
    monkeypatch.setattr(cli_output, "_width", lambda: WIDTH)
    result = CliRunner().invoke(main, command.split()[1:])
    assert result.exit_code == 0, result.output
    assert result.stdout == expected


@pytest.mark.skipif(sys.platform == "win32", reason="the pipelines of the README are for a POSIX shell")
@pytest.mark.parametrize(("command", "expected"), [s for s in SESSIONS if not direct(s[0])])
def test_pipelines(command: str, expected: str, tmp_path: Path) -> None:
    program = tmp_path / "kg-service"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kg_service "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(["/bin/sh", "-c", command], env=path, capture_output=True, text=True, check=False)
    assert run.stdout == expected, run.stderr


def test_python_session() -> None:
    pytest.importorskip("pandas", reason="the session shows a pandas frame")
    session = "\n".join(re.findall(r"```pycon\n(.*?)```", README, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", None, None)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    assert result.failed == 0, "".join(said)
    assert result.attempted > 3


def test_the_table_of_questions_is_complete() -> None:
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|$", README, re.MULTILINE))
    assert listed == {name: question.summary for name, question in Questions(Release.find()).items()}


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / target).exists(), target

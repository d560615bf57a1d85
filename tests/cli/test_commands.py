"""The commands as a person or a script meets them. They run in their own process where streams and exit matter."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kg_service import load
from kg_service.cli import commands, main
from kg_service.knowledge import release

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

MINI = Path(__file__).parents[1] / "data" / "mini"
PROGRAM = [sys.executable, "-c", "from kg_service.cli import main; main(prog_name='kg-service')"]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small release as if it came with the package."""
    shutil.copytree(MINI, tmp_path / "data")
    monkeypatch.setattr(release, "PACKAGE", tmp_path)
    return tmp_path / "data"


@pytest.fixture
def run(installed: Path) -> Callable[..., Result]:  # noqa: ARG001 - in place before any command
    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(main, arguments, input=stdin, prog_name="kg-service")

    return run


class TestQuery:
    def test_a_table_with_its_size_and_release(self, run: Callable[..., Result]) -> None:
        result = run("query", "after", "--param", "knot=overhand knot")
        assert result.exit_code == 0
        assert result.stdout.splitlines() == [
            "next          strength",
            "------------  --------",
            "carrick bend",
            "reef knot     0.45",
        ]
        knots = load(MINI)
        query = hashlib.sha256(knots.text_of("after", knot="overhand knot").encode()).hexdigest()[:12]
        assert result.stderr.splitlines()[-1] == f"2 rows, graph {knots.digest[:19]}, query sha256:{query}"

    def test_two_parameters(self, run: Callable[..., Result]) -> None:
        result = run("query", "after", "--param", "knot=overhand knot", "--param", "least=45", "-f", "csv")
        assert result.stdout_bytes == b"next,strength\r\nhttps://example.org/knots/knot/reef,0.45\r\n"

    def test_a_graph(self, run: Callable[..., Result]) -> None:
        assert len(run("query", "map", "-f", "ntriples").stdout.splitlines()) == 3
        assert "knot:reef k:learnedBefore knot:carrick" in run("query", "map", "-f", "turtle").stdout
        assert "3 rows, graph" in run("query", "map").stderr

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["afther"], "There is no question named 'afther'. Nearest: after."),
            (["after"], "after needs knot: The knot already known. Example: knot=overhand knot"),
            (["after", "--param", "knott=reef knot"], "has no parameter 'knott'. It has: knot, least. Nearest: knot."),
            (["after", "--param", "knot=reef nott"], "Nearest: reef knot"),
            (["after", "--param", "knot="], "The value of knot is empty: give one, or leave knot out."),
            (["map", "--param", "q=a"], "map has no parameter 'q'. It has none."),
            (["after", "--param", "name=a", "--param", "self=a"], "after has no parameter 'name'."),
            (["after", "--param", "=reef knot"], "after has no parameter ''."),
            (["after", "--param", "knot"], "--param knot: knot lacks a value. Write --param NAME=VALUE"),
            (["map", "--param", "a=1", "--param", "a=2"], "a is given twice"),
            (["map", "-f", "csv"], "cannot be written as csv. Available: turtle, ntriples, rdfxml, jsonld."),
            (["after", "-f", "excel"], "'excel' is not one of 'table', 'json'"),
        ],
    )
    def test_a_fault_of_the_user_is_told_with_status_2(
        self, run: Callable[..., Result], arguments: list[str], message: str
    ) -> None:
        result = run("query", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr
        assert "Traceback" not in result.output

    def test_a_value_may_hold_an_equals_sign(self, run: Callable[..., Result]) -> None:
        assert run("query", "search", "--param", "q=a=b").exit_code == 0


class TestSparql:
    def test_from_a_file(self, run: Callable[..., Result], tmp_path: Path) -> None:
        (tmp_path / "q.rq").write_text("SELECT (1 AS ?one) {}", encoding="utf-8")
        result = run("sparql", str(tmp_path / "q.rq"), "-f", "json")
        assert json.loads(result.stdout)["results"]["bindings"][0]["one"]["value"] == "1"
        assert result.stdout.endswith("}\n")

    def test_from_standard_input(self, run: Callable[..., Result]) -> None:
        result = run("sparql", "-", stdin="ASK {}")
        assert (result.exit_code, result.stdout) == (0, "yes\n")
        assert "row" not in result.stderr

    @pytest.mark.parametrize(
        ("stdin", "message"),
        [
            (b"SELECT * {", "at or before line 1, column 11, at its end"),
            (b"\xff", "is not UTF-8 at byte 0"),
            (b"CLEAR ALL", "read-only"),
            (b"SELECT * { SERVICE <http://127.0.0.1/> {} }", "SERVICE would send data to another server"),
        ],
    )
    def test_bad_queries_end_with_status_2(self, run: Callable[..., Result], stdin: bytes, message: str) -> None:
        result = run("sparql", "-", stdin=stdin)
        assert result.exit_code == 2
        assert message in result.stderr

    def test_a_missing_file_is_told(self, run: Callable[..., Result]) -> None:
        result = run("sparql", "nowhere.rq")
        assert result.exit_code == 2
        assert "No such file" in result.stderr


class TestQueries:
    def test_each_has_summary_parameters_and_an_example_that_runs(self, run: Callable[..., Result]) -> None:
        result = run("queries")
        assert result.stdout.split("\n\n")[1].splitlines() == [
            "after",
            "  Which knots are learned after a knot?",
            "  knot   The knot already known. [k:Knot]",
            "  least  Only knots that keep this share of strength, in percent. (optional) [integer]",
            "  $ kg-service query after --param knot='overhand knot'",
        ]
        assert [part.split("\n")[0] for part in result.stdout.split("\n\n")] == ["advice", "after", "map", "search"]


class TestCheck:
    def test_violations_end_with_status_1(self, run: Callable[..., Result]) -> None:
        result = run("check")
        assert result.exit_code == 1
        assert "A knot has a label." in result.stdout
        assert "The graph does not conform: 2 shapes, 2 results" in result.stderr

    def test_a_conforming_graph_ends_with_status_0(self, run: Callable[..., Result], installed: Path) -> None:
        path = installed / "ontology" / "knots.ttl"
        path.write_text(
            path.read_text(encoding="utf-8") + 'knot:unnamed skos:prefLabel "nameless" .\n', encoding="utf-8"
        )
        result = run("check")
        assert result.exit_code == 0
        assert "The graph conforms: 2 shapes, 1 result," in result.stderr


class TestFaults:
    def test_unreadable_files_of_the_release_end_with_status_2(
        self, run: Callable[..., Result], installed: Path
    ) -> None:
        (installed / "ontology" / "broken.ttl").write_text("<a>", encoding="utf-8")
        result = run("query", "map")
        assert result.exit_code == 2
        assert "Error: ontology/broken.ttl, line 1" in result.stderr

    def test_an_internal_error_is_one_sentence_with_status_3(
        self, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError("by zero")

        monkeypatch.setattr(commands, "print_answer", fail)
        result = run("query", "map")
        assert result.exit_code == 3
        assert result.stderr.splitlines()[-1].startswith("Internal error: ZeroDivisionError. Run again with")
        assert isinstance(run("--debug", "query", "map").exception, ZeroDivisionError)

    @pytest.mark.parametrize("command", ["", "serve", "queries", "query", "sparql", "check"])
    def test_help_is_there(self, run: Callable[..., Result], command: str) -> None:
        result = run(*command.split(), "--help")
        assert result.exit_code == 0
        assert result.stdout.startswith("Usage: kg-service")

    def test_an_unknown_command_ends_with_status_2(self, run: Callable[..., Result]) -> None:
        assert run("querry").exit_code == 2


@pytest.mark.usefixtures("guideline")  # so that its closure is in the cache
def test_commands_run_in_any_thread() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(CliRunner().invoke, main, ["queries"]).result().exit_code == 0


class TestProcess:
    """What only a process of its own can show, on the released graph."""

    def test_a_pipe_closed_early_is_no_error(self) -> None:
        with subprocess.Popen(
            [*PROGRAM, "sparql", "-", "-f", "tsv"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            process.stdin.write(b"SELECT * { ?s ?p ?o }")
            process.stdin.close()
            assert process.stdout.readline() == b"?o\t?p\t?s\n"
            process.stdout.close()
            errors = process.stderr.read().decode()
            assert process.wait(60) == 0
        assert "Traceback" not in errors
        assert "Error" not in errors
        assert "ignored" not in errors

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full, a disk that is full, is not everywhere")
    @pytest.mark.parametrize("command", ["queries", "digest", "query statement --param id=S-LEAD-1a -f csv"])
    def test_a_full_disk_is_one_sentence_with_status_2(self, command: str) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*PROGRAM, *command.split()], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert done.returncode == 2
        *remarks, told = done.stderr.splitlines()
        assert told == "Error: Standard output cannot be written: No space left on device. Free space, or name a file."
        assert not any("Error" in remark for remark in remarks)

    @pytest.mark.parametrize(
        ("form", "expected"), [("table", b"x\n---\n? \xe9\n"), ("csv", b"x\n\xe2\x89\xa5 \xc3\xa9\n")]
    )
    def test_an_output_of_few_characters_is_no_error(self, form: str, expected: bytes) -> None:
        done = subprocess.run(
            [*PROGRAM, "sparql", "-", "-f", form],
            input="SELECT ('≥ é' AS ?x) {}".encode(),
            capture_output=True,
            timeout=60,
            check=True,
            env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        )
        assert done.stdout.replace(b"\r", b"") == expected

    def test_serve_says_where_and_answers(self) -> None:
        with subprocess.Popen([*PROGRAM, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                line = process.stdout.readline()
                assert line.startswith("Serving on http://127.0.0.1:")
                with urllib.request.urlopen(line.split()[2] + "healthz", timeout=10) as response:  # noqa: S310 - as printed
                    assert response.status == 200
            finally:
                process.terminate()

    def test_a_port_in_use_is_told(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            result = subprocess.run(
                [*PROGRAM, "serve", "--port", str(port)], capture_output=True, text=True, timeout=120, check=False
            )
        assert result.returncode == 2
        assert (
            f"Cannot listen on 127.0.0.1 port {port}: Address already in use. Choose another with --host or --port"
            in result.stderr
        )

    def test_a_host_that_is_not_there_is_told(self, run: Callable[..., Result]) -> None:
        result = run("serve", "--host", "no such host", "--port", "0")
        assert result.exit_code == 2
        assert "Cannot listen on no such host port 0: no such host. Choose another with --host" in result.stderr

    def test_a_warm_start_imports_nothing_heavy(self) -> None:
        heavy = "{'rdflib', 'owlrl', 'pyshacl', 'flask', 'pandas', 'numpy'}"
        script = (
            f"import sys; from kg_service import load; load().sparql('ASK {{}}'); print({heavy} & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == "set()\n"

    def test_a_warm_answer_takes_less_than_a_second(self) -> None:
        """0.2 s on an idle machine; the margin is for a busy one."""
        began = time.perf_counter()
        subprocess.run(
            [*PROGRAM, "sparql", "-"],
            input=b"ASK {}",
            capture_output=True,
            timeout=60,
            check=True,
            env=dict(os.environ),
        )
        assert time.perf_counter() - began < 1


def test_one_question_tells_all_of_itself() -> None:
    told = CliRunner().invoke(main, ["queries", "lookup"])
    assert told.exit_code == 0
    assert told.stdout.startswith("lookup\n")
    assert "$ kg-service query lookup --param" in told.stdout
    unknown = CliRunner().invoke(main, ["queries", "lokup"])
    assert unknown.exit_code == 2
    assert "Nearest: lookup" in unknown.stderr

"""What operators rely on: signs of life, logs, counts, identities, hosts, the token, and how it starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from operator import add
from pathlib import Path
from urllib.parse import urlencode

import pytest

from kg_service.errors import TimeLimit
from kg_service.serving import server as serving
from kg_service.serving.messages import Request
from kg_service.serving.pool import Pool
from kg_service.serving.settings import Settings

from .live import RELEASE, RUNAWAY, SMALL, START, Response, Running, children, running, until

if sys.platform == "linux":
    import resource

TOKEN = "s3cret"  # noqa: S105 - of a test
linux = pytest.mark.skipif(sys.platform != "linux", reason="signals and limits of processes as Linux has them")


def test_signs_of_life(server: Running) -> None:
    assert server.get("/healthz").json["status"] == "ok"
    assert server.get("/readyz").json["status"] == "ready"


def test_a_request_has_an_identity(server: Running) -> None:
    assert server.get("/", X_Request_Id="a-1.b_2").headers["X-Request-Id"] == "a-1.b_2"
    for bad in ("", "a b", "x" * 65, "<script>", 'a"b'):
        made = server.get("/", X_Request_Id=bad).headers["X-Request-Id"]
        assert made != bad
        assert len(made) == 32


def test_logs_tell_the_route_and_nothing_that_was_asked(server: Running) -> None:
    server.get("/sparql?query=ASK+%7B%7D%23markword", X_Request_Id="log-1")
    server.sparql("ASK { markword", X_Request_Id="log-2")
    server.get("/markword", X_Request_Id="log-3")
    server.get("/statements/markword", X_Request_Id="log-4")
    server.ask("POST", "/validate", '{"resourceType": "markword"', Content_Type="application/fhir+json")
    server.ask(
        "POST",
        "/validate",
        "<a:b> <a:c> 'markword'^^<http://www.w3.org/2001/XMLSchema#date> .",
        Content_Type="text/turtle",
    )
    server.ask("MARKWORD", "/")
    assert until(lambda: "OTHER" in server.log.read_text())
    text = server.log.read_text()
    assert "markword" not in text.lower()
    lines = {line["request_id"]: line for line in map(json.loads, text.splitlines()) if "request_id" in line}
    routes = ["/sparql", "/sparql", "(none)", "/statements/<identifier>"]
    assert [lines[f"log-{number}"]["route"] for number in (1, 2, 3, 4)] == routes
    assert [lines[f"log-{number}"]["status"] for number in (1, 2, 3, 4)] == [200, 400, 404, 404]
    assert {"time", "level", "method", "seconds", "bytes"} <= set(lines["log-1"])


def test_metrics_count_by_route(server: Running) -> None:
    name = 'kg_service_requests_total{method="GET",route="/queries/<name>",status="200"}'
    before = server.metric(name)
    server.get("/queries/advice?about=green+tea")
    assert server.metric(name) == before + 1
    text = server.get("/metrics").body.decode()
    for metric in ("request_seconds_bucket", "workers_busy", "workers_ended_total", "cache_total", "cache_bytes"):
        assert f"kg_service_{metric}" in text
    assert "green" not in text


def test_headers_that_guard_browsers(server: Running) -> None:
    for response in (server.get("/"), server.get("/nothing"), server.sparql("ASK {}")):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in response.headers
    assert server.sparql("ASK {}").headers["Access-Control-Allow-Origin"] == "*"
    assert server.sparql("SELECT").headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in server.get("/validate").headers


def test_token_and_hosts(tmp_path: Path) -> None:
    with running(tmp_path / "log", token=TOKEN, trusted_host=["kg.example"]) as server:
        host = {"Host": "kg.example"}
        for path in ("/", "/sparql?query=ASK+%7B%7D", "/metrics", "/nothing"):
            for wrong in (
                {},
                {"Authorization": "Bearer other"},
                {"Authorization": "Basic s3cret"},
                {"Authorization": "Bearer "},
            ):
                refused = server.get(path, **wrong, **host)
                assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        right = {"Authorization": "Bearer s3cret"}
        assert server.get("/sparql?query=ASK+%7B%7D", **right, **host).json["boolean"] is True
        for path in ("/", "/metrics", "/sparql"):
            assert server.get(path, Host="evil.example", **right).status == 400
        for name in ("kg.example", "10.0.0.7:8000", "evil.example", "_"):
            assert server.get("/healthz", Host=name).status == 200
            assert server.get("/readyz", Host=name).status == 200
        asked = server.ask("OPTIONS", "/sparql", **host, Access_Control_Request_Method="POST")
        assert asked.status == 200
        assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
        assert server.ask("OPTIONS", "/sparql", **host).status == 401
        assert server.ask("POST", "/sparql", **host, Access_Control_Request_Method="POST").status == 401
        assert "s3cret" not in server.log.read_text()


def test_links_have_the_scheme_that_clients_use(tmp_path: Path) -> None:
    with running(tmp_path / "log", url_scheme="https") as server:
        for path in ("/sparql", "/.well-known/void", "/queries"):
            text = server.get(path, Host="kg.example", Accept="text/turtle").body.decode()
            assert "https://kg.example/sparql" in text, path
            assert "http://kg.example/" not in text, path


@pytest.mark.parametrize("host", ["", "a b", "a/b", "user@a", "a:99999x", "kg_service", "[::1"])
def test_a_host_of_which_no_link_can_be_made_is_refused(server: Running, host: str) -> None:
    response = server.get("/sparql", Host=host)
    assert (response.status, response.json["title"]) == (400, "Broken request")
    assert server.get("/healthz", Host=host).status == 200


def test_a_host_that_is_not_trusted_is_told_of_in_any_form(tmp_path: Path) -> None:
    with running(tmp_path / "log", trusted_host=["kg.example"]) as server:
        for accept in ("text/html", "application/json", "text/plain"):
            assert server.get("/", Host="evil.example", Accept=accept).status == 400
            assert server.get("/", Host="a b", Accept=accept).status == 400
        assert "Traceback" not in server.log.read_text()


def test_hosts_are_the_same_in_any_case(server: Running) -> None:
    text = server.get("/sparql", Host="KG.Example:8000", Accept="text/turtle").body.decode()
    assert "<http://kg.example:8000/sparql>" in text


def test_problems_are_logged_and_counted_by_kind(server: Running) -> None:
    server.sparql("SELECT", X_Request_Id="kind-1")
    server.sparql(RUNAWAY, X_Request_Id="kind-2")
    server.ask("PUT", "/sparql", X_Request_Id="kind-3")
    server.get("/", X_Request_Id="kind-4")
    assert until(lambda: "kind-4" in server.log.read_text())
    lines = map(json.loads, server.log.read_text().splitlines())
    told = {line["request_id"]: (line["level"], line.get("problem")) for line in lines if "request_id" in line}
    assert told["kind-1"] == ("info", "malformed-query")
    assert told["kind-2"] == ("warning", "time-limit")
    assert told["kind-3"] == ("info", "method-not-allowed")
    assert told["kind-4"] == ("info", None)
    assert server.metric('kg_service_problems_total{problem="time-limit"}') >= 1


@linux
def test_a_log_that_nobody_reads_holds_up_nobody(tmp_path: Path) -> None:
    """The pipe is full after some 300 lines; further ones are dropped, and counted."""
    given = json.dumps([str(RELEASE), SMALL])
    with subprocess.Popen(
        [sys.executable, "-c", START, given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().split(":")[2].partition("/")[0])
            server = Running(process, port, tmp_path / "none")
            assert {server.get("/readyz").status for _ in range(600)} == {200}
            assert server.metric("kg_service_log_lines_dropped_total") > 100
        finally:
            process.kill()


@linux
def test_a_standard_error_that_is_closed(tmp_path: Path) -> None:
    with running(tmp_path / "log", first="import os, sys; os.close(2); sys.stderr = None") as server:
        assert server.sparql("ASK {}").json["boolean"]
        server.kill_workers()
        assert until(lambda: server.sparql("ASK {}").status == 200)
    assert (tmp_path / "log").read_text() == ""


@linux
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stop_while_it_starts(tmp_path: Path, name: str) -> None:
    """Sent to all processes of the group, as a terminal does, while the first worker is being made ready."""
    with (tmp_path / "log").open("w+") as errors:
        command = [sys.executable, "-m", "kg_service", "serve", "--port", "0"]
        with subprocess.Popen(command, stderr=errors, stdout=subprocess.PIPE, start_new_session=True) as process:
            assert until(lambda: len(children(process.pid)) == 2)  # what forks the workers, and its tracker
            os.killpg(process.pid, getattr(signal, name))
            assert process.wait(20) == 0
        errors.seek(0)
        assert "Traceback" not in errors.read()


@linux
def test_a_stop_lets_what_runs_come_to_its_end(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        answers: list[int] = []
        asking = threading.Thread(target=lambda: answers.append(server.sparql(RUNAWAY).status))
        asking.start()
        assert until(lambda: server.metric("kg_service_workers_busy") == 1)
        server.process.send_signal(signal.SIGTERM)
        asking.join()
        assert answers == [504]
        assert server.process.wait(10) == 0


@linux
def test_a_stop_answers_who_waits(tmp_path: Path) -> None:
    """Some requests have a worker, others wait for one, when the time to stop is over; one not yet read may be lost."""
    with running(tmp_path / "log", workers=1, fair_time=5.0, time_limit=5.0, patience=5.0, stop_time=0.3) as server:
        answers: list[Response] = []

        def ask() -> None:
            with contextlib.suppress(ConnectionError):
                answers.append(server.sparql(RUNAWAY))

        threads = [threading.Thread(target=ask) for _ in range(9)]
        for thread in threads:
            thread.start()
        assert until(lambda: server.metric("kg_service_requests_waiting") >= 1)
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        assert {answer.status for answer in answers} == {503}
        assert any(answer.json["detail"].startswith("The service is being stopped") for answer in answers)
        logged = [json.loads(line) for line in server.log.read_text().splitlines()]
        assert len(answers) == sum(line.get("route") == "/sparql" for line in logged)


@linux
def test_workers_that_end_are_replaced_before_anybody_asks(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        before = server.workers()
        server.kill_workers()
        assert until(lambda: len(set(server.workers()) - set(before)) == 2)
        assert server.get("/readyz").status == 200


def test_a_port_in_use_is_told_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [sys.executable, "-m", "kg_service", "serve", "--port", str(port)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert f"port {port}" in result.stderr
    assert "--port" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ("server._place = lambda *_: (2, '127.0.0.1', {port})", "in use"),  # since the look at the port
        ("async def end(*_): await server.asyncio.sleep(0.1)\nserver.Server.serve = server._listening = end", ""),
    ],
    ids=["taken", "ended"],
)
def test_a_server_that_ends_by_itself_is_told_of(patch: str, reason: str) -> None:
    """Who looks after the service starts it again only if it says that it failed."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        text = f"from kg_service.serving import server\n{patch.format(port=other.getsockname()[1])}\n{START}"
        command = [sys.executable, "-c", text, json.dumps([str(RELEASE), SMALL])]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert "KgServiceError: The server has ended by itself" in result.stderr
    assert reason in result.stderr


def test_a_host_that_is_none_is_told_of() -> None:
    with pytest.raises(serving.ConfigurationError, match=r"nowhere\.invalid.*--host"):
        serving.serve(Settings(host="nowhere.invalid"))


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    """Nothing can be kept, so each start reasons anew; all is answered all the same."""
    home = tmp_path / "home"
    home.touch()  # a file: no folder can be made in it
    with running(tmp_path / "log", environment={"KG_SERVICE_CACHE": str(home / "cache")}) as server:
        assert server.sparql("ASK { ?s ?p ?o }").json["boolean"] is True


@linux
def test_a_disk_that_fills_up_is_not_noticed(tmp_path: Path) -> None:
    """No file may grow any more, not even the log's; workers are replaced all the same, if late on a busy machine.

    Python keeps what it could not write of the log, and tries again, unless it is told not to.
    """
    with running(tmp_path / "log", environment={"PYTHONUNBUFFERED": ""}, patience=10.0) as server:
        for pid in (server.process.pid, *children(server.process.pid), *server.workers()):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))
        assert server.sparql(RUNAWAY).status == 504
        killed = set(server.workers())
        server.kill_workers()
        assert until(lambda: set(server.workers()) - killed)
        assert server.sparql("ASK { ?s ?p ?o }").json["boolean"] is True
        assert server.ask("POST", "/validate", b" " * 3_000_000, Content_Type="text/turtle").status < 500
        assert server.metric("kg_service_log_lines_dropped_total") > 0


@linux
def test_that_nobody_can_be_told_where_it_serves_is_no_fault(tmp_path: Path) -> None:
    """What could not be printed does not fail the start of a worker either."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        Path("/dev/full").open("w") as full,
        subprocess.Popen(
            [sys.executable, "-c", START, json.dumps([str(RELEASE), {**SMALL, "port": port}])],
            stdout=full,
            stderr=full,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        ) as process,
    ):
        try:
            server = Running(process, port, tmp_path / "none")
            assert until(lambda: reached(port), 60)
            server.kill_workers()
            assert until(lambda: server.sparql("ASK {}").status == 200)
        finally:
            process.terminate()
        assert process.wait(20) == 0


def reached(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@linux
def test_a_disk_that_is_full_at_the_start_is_told_of() -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    given = json.dumps([str(RELEASE), SMALL])
    result = subprocess.run(
        [sys.executable, "-c", full + START, given], capture_output=True, text=True, check=False, timeout=60
    )
    assert "The workers cannot be started: " in result.stderr
    assert "TMPDIR" in result.stderr


def test_a_broken_cache_file_is_replaced(tmp_path: Path) -> None:
    folder = {"KG_SERVICE_CACHE": str(tmp_path / "cache")}
    for _ in range(2):
        with running(tmp_path / "log", environment=folder) as server:
            assert server.sparql("ASK { ?s ?p ?o }").json["boolean"] is True
        (kept,) = (tmp_path / "cache").iterdir()
        whole = kept.read_bytes()
        kept.write_bytes(whole[: len(whole) // 2])


def test_a_clock_that_jumps_changes_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits are kept by the clock that only runs forward."""

    async def ask() -> float:
        pool = Pool(Settings(**{**SMALL, "workers": 1}), RELEASE)
        await pool.start()
        try:
            for jump in (-10_000_000, 10_000_000):
                monkeypatch.setattr(time, "time", partial(add, time.time(), jump))
                assert (await pool.answer(Request("GET", "/healthz"))).status == 200
            started = time.monotonic()
            with pytest.raises(TimeLimit):
                await pool.answer(Request("GET", "/sparql", urlencode({"query": RUNAWAY})))
            return time.monotonic() - started
        finally:
            await pool.stop()

    assert 0.9 < asyncio.run(ask()) < 3


@linux
def test_a_record_is_a_short_request(tmp_path: Path) -> None:
    """The rules are compiled before workers are made: none makes way because it had to."""
    with running(tmp_path / "log", root=None, time_limit=10.0) as server:
        workers = server.workers()
        answers = [
            server.ask("POST", "/validate", '{"resourceType": "Patient"}', Content_Type="application/fhir+json")
            for _ in range(4)
        ]
        assert [answer.status for answer in answers] == [200] * 4
        assert server.workers() == workers

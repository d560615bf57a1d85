"""Whatever a request does, it ends within its limits, says which one it met, and the next one is answered."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from .live import RUNAWAY, Running, alive, running, until

if TYPE_CHECKING:
    from pathlib import Path

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of processes in /proc and limits memory")

DOUBLING = "SELECT ?x { BIND('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' AS ?v0) " + " ".join(
    f"BIND(CONCAT(?v{i}, ?v{i}) AS ?v{i + 1})" for i in range(32)
)
MANY = "VALUES ?{0} {{ " + " ".join(map(str, range(12))) + " }} "
REGEX = (
    "ASK { BIND('"
    + "a" * 4000
    + "' AS ?t) VALUES ?n { "
    + "1 " * 3000
    + "} FILTER(REGEX(?t, '(a+)+(a+)+(a+)+$', 'i') && ?n > 5) }"
)
HOSTILE = [
    pytest.param(RUNAWAY, {504}, id="cross-product"),
    pytest.param("SELECT * { " + "".join(map(MANY.format, "abcdefgh")) + "}", {413}, id="many-rows"),
    pytest.param(
        "CONSTRUCT { ?a ?b ?c } { " + "".join(f"?a{i} ?b{i} ?c{i} ." for i in range(4)) + "?a ?b ?c }",
        {504},
        id="same-triple-for-ever",
    ),
    pytest.param(DOUBLING + " BIND(STRLEN(?v32) AS ?x) }", {413, 504}, id="doubling-text"),
    pytest.param(
        "SELECT (COUNT(DISTINCT *) AS ?n) { " + "?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }",
        {413, 504},
        id="remembering-all",
    ),
    pytest.param(
        "SELECT * { ?s (<a:b>|!<a:b>)* ?o . ?o (<a:b>|!<a:b>)* ?p . ?p (<a:b>|!<a:b>)* ?q } ORDER BY RAND()",
        {200, 413, 504},
        id="paths",
    ),
    pytest.param(REGEX, {200, 413, 504}, id="regex"),
    pytest.param("ASK { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }", {400}, id="deep"),
    pytest.param("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", {400}, id="service"),
]


@pytest.mark.parametrize(("query", "statuses"), HOSTILE)
def test_hostile_queries(server: Running, query: str, statuses: set[int]) -> None:
    started = time.monotonic()
    response = server.sparql(query)
    assert time.monotonic() - started < 4
    assert response.status in statuses
    if response.status != 200:
        assert response.headers["Content-Type"] == "application/problem+json; charset=utf-8"
        assert len(response.json["detail"]) > 20
    assert server.sparql("ASK {}").json["boolean"] is True


def test_the_limit_of_time_is_named(server: Running) -> None:
    response = server.sparql(RUNAWAY)
    assert response.status == 504
    assert response.headers["Retry-After"]
    assert response.headers["Graph-Digest"]
    assert response.json["type"].endswith("/time-limit")
    assert (response.json["limit"], response.json["seconds"]) == ("time_limit", 1.0)
    assert "1 s" in response.json["detail"]
    assert server.sparql(RUNAWAY, Accept="text/plain").body.startswith(b"504 Time limit reached\n")


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        ("SELECT * { " + "".join(map(MANY.format, "abc")) + "}", "rows"),
        ("CONSTRUCT { [] <a:b> ?a, ?b } { " + "".join(map(MANY.format, "abc")) + "}", "rows"),
        ("SELECT ?t { " + "".join(map(MANY.format, "ab")) + "BIND('" + "x" * 20_000 + "' AS ?t) }", "size"),
    ],
)
def test_an_answer_is_whole_or_refused(server: Running, query: str, limit: str) -> None:
    response = server.sparql(query)
    assert response.status == 413
    assert response.json["limit"] == limit
    assert "LIMIT" in response.json["detail"]
    assert server.sparql(query + " LIMIT 3").status == 200


def test_what_is_allowed_is_answered_whole(server: Running) -> None:
    """Exactly as many rows as are sent at most."""
    response = server.sparql("SELECT * { " + "".join(map(MANY.format, "abc")) + "} LIMIT 1000")
    assert len(response.json["results"]["bindings"]) == 1000


@linux
def test_the_limit_of_memory_is_named(tmp_path: Path) -> None:
    with running(tmp_path / "log", time_limit=20.0) as server:  # a busy machine takes its time to fill the memory
        response = server.sparql(DOUBLING + " BIND(STRLEN(?v32) AS ?x) }")
        assert (response.status, response.json["limit"]) == (413, "memory_limit")
        assert "200 MB" in response.json["detail"]
        assert "aaaa" not in server.log.read_text()


@linux
def test_a_worker_that_is_killed_costs_one_answer_at_most(server: Running) -> None:
    server.sparql("ASK {}")
    server.kill_workers()
    assert server.sparql("ASK {}").status == 200
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(server.sparql(RUNAWAY).status))
    asking.start()
    assert until(lambda: server.metric("kg_service_workers_busy") == 1)
    server.kill_workers()
    asking.join()
    assert answers == [503]
    assert server.sparql("ASK {}").status == 200


def test_long_requests_make_way_for_short_ones_and_for_each_other(server: Running) -> None:
    """Two may be long at once; the others of six are told when to come back, and short ones are answered meanwhile."""
    answers: list[tuple[int, str | None]] = []

    def ask() -> None:
        response = server.sparql(RUNAWAY)
        answers.append((response.status, response.headers["Retry-After"]))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    short: list[float] = []
    while any(thread.is_alive() for thread in threads):
        started = time.monotonic()
        assert server.sparql(f"ASK {{}} #{started}").status in {200, 503}
        short.append(time.monotonic() - started)
        time.sleep(0.02)
    assert sorted(short)[len(short) // 2] < 0.2
    assert {status for status, _ in answers} == {503, 504}
    assert all(wait for _, wait in answers)
    assert server.sparql("ASK {}").status == 200


def send(server: Running, *pieces: bytes, pause: float = 0.2) -> bytes:
    """Send pieces of a request slowly and return the first line of what comes back."""
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=20)) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        return connection.recv(1000).partition(b"\r\n")[0]


HEAD = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\nContent-Length: %d\r\n\r\n"


def test_bodies_that_are_too_long_or_too_slow(server: Running) -> None:
    assert send(server, HEAD % 10**10).startswith(b"HTTP/1.1 413")
    assert send(server, HEAD % 2_000_000, b"#" * 2_000_000).startswith(b"HTTP/1.1 413")
    long = server.ask("POST", "/sparql", "#" * 2_000_000, Content_Type="application/sparql-query")
    assert (long.status, long.json["limit"], long.json["bytes"]) == (413, "body", 1024 * 1024)
    broken = HEAD.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked") + b"zz\r\nASK {}\r\n0\r\n\r\n"
    assert send(server, broken).startswith(b"HTTP/1.1 400")
    assert send(server, HEAD % 100, b"ASK", b" {").startswith(b"HTTP/1.1 408")
    assert server.sparql("ASK {}").status == 200


def test_long_addresses(server: Running) -> None:
    response = server.get("/sparql?query=ASK+{}&x=" + "a" * 40_000)
    assert (response.status, response.json["limit"]) == (414, "address")
    assert server.get("/sparql?query=ASK+{}&x=" + "a" * 70_000).status == 414
    assert send(server, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 1_000_000)[:12] in {
        b"HTTP/1.1 431",
        b"HTTP/1.1 400",
        b"",
    }
    assert server.sparql("ASK {}").status == 200


def test_long_headers(server: Running) -> None:
    response = server.get("/", Accept="text/html," * 5_000)
    assert (response.status, response.json["limit"]) == (431, "headers")
    assert server.get("/?x=" + "a" * 40_000, Accept="text/html," * 5_000).status == 431  # before all else
    assert server.get("/", X_Other="a" * 20_000).status == 200


def test_hundreds_of_slow_clients_hold_up_nobody(tmp_path: Path) -> None:
    """Slow to send a head, slow to send a body, slow to take the answer; far more than the requests that may be."""
    big = b"GET /graphs?default HTTP/1.1\r\nHost: x\r\n\r\n"
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(tmp_path / "log", most_requests=8, client_time=5))
        for sent in [b"GET / HTTP/1.1\r\nHo", HEAD % 100 + b"ASK", big] * 100:
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(sent)
        started = time.monotonic()
        assert server.sparql("ASK {}").status == 200
        assert time.monotonic() - started < 2
        assert until(lambda: server.metric("kg_service_requests_under_way") == 1)


def test_a_client_that_takes_nothing_is_dropped(tmp_path: Path) -> None:
    many = "SELECT ?t { " + "".join(map(MANY.format, "ab")) + "BIND('" + "x" * 90_000 + "' AS ?t) }"
    body = many.encode()
    with running(tmp_path / "log", answer_limit=16) as server, closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(HEAD % len(body) + body)
        time.sleep(2)
        connection.settimeout(5)
        received = 0
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(1_000_000):
                received += len(piece)
        assert 0 < received < 144 * 90_000
        assert server.sparql("ASK {}").status == 200


def test_garbage(server: Running) -> None:
    for garbage in (b"\x00" * 100, b"GET\r\n\r\n", b"\xff\xfe / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"):
        assert send(server, garbage, pause=0)[:10] in {b"HTTP/1.1 4", b""}
    assert server.sparql("ASK {}").status == 200


def ask_in_vain(server: Running) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        assert server.sparql(RUNAWAY).status in {503, 504}


@linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_the_server(tmp_path: Path, how: signal.Signals) -> None:
    with running(tmp_path / "log", stop_time=0.2) as server:
        asking = threading.Thread(target=ask_in_vain, args=[server])
        asking.start()
        assert until(lambda: server.metric("kg_service_workers_busy") == 1)
        workers = server.workers()
        assert len(workers) == 2
        server.process.send_signal(how)
        server.process.wait(10)
        assert until(lambda: not any(map(alive, workers)))
        asking.join()

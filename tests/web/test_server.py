"""The application under the server that `kg-service serve` uses."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from waitress.server import create_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask


@pytest.fixture(scope="module")
def port(app: Flask) -> Iterator[int]:
    sockets: dict[int, object] = {}
    server = create_server(app, host="127.0.0.1", port=0, map=sockets, clear_untrusted_proxy_headers=True)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.effective_port
    server.trigger.pull_trigger(server.close)
    thread.join()


def exchange(port: int, method: str, path: str, **more: object) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request(method, path, **more)  # type: ignore[arg-type]
        response = connection.getresponse()
        return response, response.read()


def test_get_head_and_post(port: int) -> None:
    got, body = exchange(port, "GET", "/sparql?query=ASK+%7B%7D")
    assert (got.status, json.loads(body)["boolean"]) == (200, True)
    head, nothing = exchange(port, "HEAD", "/sparql?query=ASK+%7B%7D")
    assert (head.status, nothing) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.headers["ETag"] == got.headers["ETag"]
    posted, body = exchange(
        port, "POST", "/sparql", body="ASK {}", headers={"Content-Type": "application/sparql-query"}
    )
    assert (posted.status, json.loads(body)["boolean"]) == (200, True)


def test_what_the_client_holds_is_not_sent_again(port: int) -> None:
    got, _ = exchange(port, "GET", "/queries")
    again, body = exchange(port, "GET", "/queries", headers={"If-None-Match": got.headers["ETag"] or ""})
    assert (again.status, body) == (304, b"")


def test_odd_requests(port: int) -> None:
    assert exchange(port, "GET", "/sparql?query=%FF")[0].status == 400
    assert exchange(port, "BREW", "/sparql")[0].status == 405
    assert exchange(port, "GET", "/statements/%2e%2e%2fetc")[0].status == 404
    too_long = exchange(
        port, "POST", "/sparql", body=b"#" * 1_100_000, headers={"Content-Type": "application/sparql-query"}
    )
    assert too_long[0].status == 413


def test_requests_side_by_side(port: int) -> None:
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: answers.append(exchange(port, "GET", "/queries/advice?about=green+tea")[1]))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    assert len(set(answers)) == 1


def test_nothing_is_logged_of_a_query(
    port: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    exchange(port, "GET", "/sparql?query=ASK+%7B%7D%23markword")
    exchange(port, "GET", "/sparql?query=markword")
    output = capfd.readouterr()
    assert "markword" not in caplog.text + output.out + output.err

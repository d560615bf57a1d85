"""Servers that fail, stall, send away or overwhelm: each has a stated outcome, in bounded time."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from kg_service.errors import (
    AnswerTooLarge,
    KgServiceError,
    QueryError,
    StoreError,
    StoreTimeout,
    StoreUnavailable,
)
from kg_service.knowledge.remote import Bounds, Connection
from kg_service.knowledge.remote import connection as connecting
from kg_service.knowledge.remote.results import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Handler, Server

YES = b'{"head":{},"boolean":true}'
FORM = [("query", "ASK {}")]


def drop(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def status(number: int, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(b"SECRET words of the server", status=number, **headers)


def drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(30):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def cut(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


@pytest.mark.parametrize("fault", [drop, status(503), status(429), cut], ids=["drop", "503", "429", "cut"])
def test_a_read_is_sent_again(server: Server, fault: Callable[[Handler], None]) -> None:
    server.faults.extend([fault, fault])
    assert b"true" in Connection(server.url).read(FORM, ROWS).body
    assert len(server.forms) == 3


def test_a_read_is_not_sent_for_ever(server: Server) -> None:
    server.faults.extend([drop] * 9)
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        Connection(server.url).read(FORM, ROWS)
    assert len(server.forms) == 3


def test_an_update_is_sent_once(server: Server) -> None:
    server.faults.extend([status(503)] * 2)
    with pytest.raises(StoreUnavailable):
        Connection(server.url).write([("update", "CLEAR ALL")])
    assert len(server.forms) == 1


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [
        (302, StoreError, "redirects are not followed"),
        (308, StoreError, "redirects are not followed"),
        (400, QueryError, "does not take it"),
        (401, StoreError, "KG_SERVICE_STORE_USER"),
        (404, StoreError, "status 404"),
        (500, StoreError, "status 500"),
        (504, StoreTimeout, "30 seconds"),
    ],
)
def test_status(server: Server, number: int, kind: type[KgServiceError], message: str) -> None:
    server.faults.append(status(number, Location=server.url))
    with pytest.raises(kind, match=message) as caught:
        Connection(server.url).read(FORM, ROWS)
    assert len(server.forms) == 1
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("fault", [drip, lambda _: time.sleep(2)], ids=["slow drops", "silence"])
def test_a_slow_server_is_left(server: Server, fault: Callable[[Handler], None]) -> None:
    server.faults.append(fault)
    begin = time.monotonic()
    with pytest.raises(StoreTimeout, match=r"within 0\.5 seconds"):
        Connection(server.url, Bounds(seconds=0.5)).read(FORM, ROWS)
    assert time.monotonic() - begin < 1.5


def test_a_huge_answer_is_not_read_to_its_end(server: Server) -> None:
    server.faults.append(lambda handler: handler.answer(b" " * 100_000))
    with pytest.raises(AnswerTooLarge, match="longer than 1,000 bytes"):
        Connection(server.url, Bounds(size=1000)).read(FORM, ROWS)


@pytest.mark.parametrize("header", ["X_SPARQL_MaxRows", "X_SQL_State"])
def test_an_answer_that_the_server_cut_is_none(server: Server, header: str) -> None:
    server.faults.append(lambda handler: handler.answer(YES, **{header: "10000"}))
    with pytest.raises(AnswerTooLarge, match="cut"):
        Connection(server.url).read(FORM, ROWS)


def test_a_compressed_answer_is_not_read(server: Server) -> None:
    server.faults.append(lambda handler: handler.answer(YES, Content_Encoding="gzip"))
    with pytest.raises(StoreError, match="compresses"):
        Connection(server.url).read(FORM, ROWS)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://localhost/", "localhost:3030/kg", "http://", ""])
def test_only_http(url: str) -> None:
    with pytest.raises(KgServiceError, match="given by its URL"):
        Connection(url)


def test_a_password_in_the_url_is_not_shown() -> None:
    with pytest.raises(KgServiceError, match="KG_SERVICE_STORE_PASSWORD") as caught:
        Connection("http://ada:sesame@localhost/kg")
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("user", ["", "ada"])
def test_a_store_that_does_not_speak_tls(server: Server, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_SERVICE_STORE_USER", user)
    with pytest.raises(StoreError, match="no safe connection"):
        Connection(server.url.replace("http", "https")).read(FORM, ROWS)


@pytest.mark.parametrize("user", ["", "ada"])
def test_a_store_that_is_away_is_told_of_when_it_is_asked_without_a_key(
    user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KG_SERVICE_STORE_USER", user)
    monkeypatch.setattr(connecting, "PAUSES", ())
    away = Connection("http://127.0.0.1:1/kg?apikey=sesame")
    with pytest.raises(StoreUnavailable, match="cannot be reached: start it") as caught:
        away.read(FORM, ROWS)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "sent"),
    [
        ({}, ""),
        ({"KG_SERVICE_STORE_TOKEN": "sesame"}, "Bearer sesame"),
        ({"KG_SERVICE_STORE_USER": "ada", "KG_SERVICE_STORE_PASSWORD": "sesame"}, "Basic YWRhOnNlc2FtZQ=="),
    ],
    ids=["none", "bearer", "basic"],
)
def test_credentials(
    server: Server,
    variables: dict[str, str],
    sent: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with caplog.at_level("DEBUG"):
        Connection(server.url).read(FORM, ROWS)
    assert server.forms[-1]["authorization"] == [sent]
    assert "sesame" not in caplog.text
    assert "YWRh" not in caplog.text


def test_no_proxy_is_taken_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert Connection(server.url).read(FORM, ROWS).body

"""An application over a small release on tea, and a server for it on the loopback interface."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from kg_service import Guideline
from kg_service.web import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

RELEASE = Path(__file__).parent / "release"


class QuietHandler(WSGIRequestHandler):
    """Writes no access log."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Drop the line."""


@contextmanager
def serve(app: Flask) -> Iterator[str]:
    """Serve *app* on a free loopback port; gives the URL of its root, without the last slash."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def graph() -> Guideline:
    return Guideline.load(RELEASE)


@pytest.fixture(scope="session")
def app(graph: Guideline) -> Flask:
    return create_app(graph)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client(use_cookies=False)


@pytest.fixture(scope="session")
def url(app: Flask) -> Iterator[str]:
    with serve(app) as address:
        yield address

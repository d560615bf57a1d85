"""Calls the Flask application with a request that came from elsewhere, without an HTTP server (PEP 3333)."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from kg_service.serving.messages import Reply, Request
from kg_service.web.problems import problem_of

if TYPE_CHECKING:
    from flask import Flask, Response

    from kg_service.errors import KgServiceError

NO_ROUTE = "(none)"
"""Route of a request that no view answers: its path is the client's own text and is named nowhere."""

_WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def call(app: Flask, request: Request) -> Reply:
    """Return what the application answers."""
    with app.request_context(_environ(request)) as context:
        try:
            response = app.full_dispatch_request()
        except Exception as error:  # noqa: BLE001 - the outermost door: as Flask's own
            response = app.handle_exception(error)
        return _reply(response, request.method, context.request.url_rule)


def refuse(app: Flask, request: Request, error: KgServiceError) -> Reply:
    """Return the answer to a request that ended in *error*, in the form the client reads."""
    with app.request_context(_environ(request)) as context:
        response = app.finalize_request(app.handle_user_exception(error))
        return _reply(response, request.method, context.request.url_rule)


def _reply(response: Response, method: str, rule: object) -> Reply:
    route = NO_ROUTE if rule is None else str(rule)
    body = b"" if method == "HEAD" else response.get_data()
    headers = tuple(text for name, value in response.headers.items() for text in (name.lower(), value))
    return Reply(response.status_code, headers, route, problem_of(response), body)


def _environ(request: Request) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": request.server[0],
        "SERVER_PORT": request.server[1],
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        if "_" in name:  # would pass for a header with a hyphen
            continue
        key = _WITHOUT_PREFIX.get(name) or "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ

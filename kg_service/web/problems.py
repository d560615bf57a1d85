"""Turns every error into a body that says what is wrong and what to do (RFC 9457), or into text or a page."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, render_template, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from kg_service.errors import KgServiceError, MemoryLimit, NotAcceptable, RequestTooLarge
from kg_service.web.negotiation import HTML, HTML_OFFER, Offer, choose

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM = "application/problem+json"
_TEXT = "text/plain"
_OFFERS = (Offer(PROBLEM, aliases=("application/json",)), Offer(_TEXT), HTML_OFFER)
_TYPES = "https://w3id.org/guideline-kg/problem/"
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True)
class Problem:
    """One error as clients see it; *extras* are further members, such as the nearest names or the line."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The last part of the type, or of an HTTP error the words of its status."""
        return self.type.rpartition("/")[2] if self.type.startswith(_TYPES) else self.title.lower().replace(" ", "-")

    def members(self) -> dict[str, Any]:
        """Return the members of the problem details object."""
        return {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": self.instance,
            **self.extras,
        }


def install(app: Flask) -> None:
    """Answer every error of *app* with a problem."""
    app.register_error_handler(KgServiceError, _answer_own)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(MemoryError, _answer_out_of_memory)


def _answer_own(error: Exception) -> Response:
    assert isinstance(error, KgServiceError)  # noqa: S101 - narrows the type; registered for it alone
    kind = _CAMEL.sub("-", type(error).__name__).lower()
    problem = Problem(_TYPES + kind, error.title, error.status, str(error), request.path, error.extras)
    return _respond(problem, error.headers)


def _answer_out_of_memory(error: Exception) -> Response:  # noqa: ARG001 - as every error handler
    return _answer_own(MemoryLimit("Answering takes more memory than a request is given: ask for less at a time."))


def _answer_http(error: Exception) -> Response:
    """Answer an error that the framework raised, with its own headers (Allow of a 405) kept."""
    assert isinstance(error, HTTPException)  # noqa: S101 - narrows the type; registered for it alone
    if isinstance(error, RequestEntityTooLarge) and (most := request.max_content_length):
        return _answer_own(RequestTooLarge(f"The body is longer than {most:,} bytes.", limit="body", bytes=most))
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return Response(error.get_response().response, status=error.code, headers=error.get_response().headers)
    status = HTTPStatus(error.code)
    kept = {name: value for name, value in error.get_headers() if name not in {"Content-Type", "Content-Length"}}
    methods = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    extras = {"allow": sorted(methods)} if methods else {}
    problem = Problem("about:blank", status.phrase, status, error.description or "", request.path, extras)
    return _respond(problem, kept)


def _respond(problem: Problem, headers: Mapping[str, str]) -> Response:
    media_type = _media_type()
    if media_type == PROBLEM:
        body = json.dumps(problem.members(), ensure_ascii=False, indent=2) + "\n"
    elif media_type == _TEXT:
        body = _as_text(problem)
    else:
        body = render_template("problem.html", problem=problem)
    response = _ProblemResponse(body, problem.status, dict(headers), content_type=f"{media_type}; charset=utf-8")
    response.kind = problem.kind
    return response


class _ProblemResponse(Response):
    """A response that knows of which kind its problem is, for logs and counts."""

    kind = ""


def problem_of(response: Response) -> str:
    """Return the kind of problem that a response tells of, such as store-unavailable; nothing for another response."""
    return response.kind if isinstance(response, _ProblemResponse) else ""


def _media_type() -> str:
    try:
        chosen = choose(_OFFERS)
    except NotAcceptable:
        return PROBLEM
    can_link = request_ctx.url_adapter is not None  # no page can be made for a host that is not trusted, or none
    return chosen if can_link or chosen != HTML else _TEXT


def _as_text(problem: Problem) -> str:
    lines = [f"{problem.status} {problem.title}", problem.detail]
    for name, value in problem.extras.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        lines.append(f"{name}: {shown}")
    return "\n".join(lines) + "\n"

"""The description of the HTTP interface (OpenAPI 3.1), made from the routes and the questions' own headers.

Each view says by ``operation`` what it reads and sends, and its docstring is the summary. Nothing is listed
a second time, so the description cannot fall behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Blueprint, Flask, Response, current_app, jsonify, request

from kg_service import __version__
from kg_service.web.context import service

if TYPE_CHECKING:
    from werkzeug.routing import Rule

    from kg_service.knowledge import Parameter as Asked
    from kg_service.knowledge import Question

_View = TypeVar("_View", bound=Callable[..., Response])
_VARIABLE = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_QUESTION = "questions.question"
_LITERALS = {"integer": {"type": "integer"}, "date": {"type": "string", "format": "date"}}

blueprint = Blueprint("openapi", __name__)


@dataclass(frozen=True)
class Parameter:
    """A query parameter of a view."""

    name: str
    description: str
    schema: dict[str, Any]
    required: bool = False
    example: str | None = None

    def describe(self) -> dict[str, Any]:
        """Return the OpenAPI parameter object."""
        described = {
            "name": self.name,
            "in": "query",
            "description": self.description,
            "required": self.required,
        }
        shown = {} if self.example is None else {"example": self.example}
        return {**described, "schema": self.schema, **shown}


@dataclass(frozen=True)
class Operation:
    """What a view sends (media types) and reads: query parameters, and bodies by media type."""

    produces: Sequence[str]
    parameters: Sequence[Parameter]
    bodies: dict[str, Any]


def operation(
    *produces: str, parameters: Sequence[Parameter] = (), bodies: dict[str, Any] | None = None
) -> Callable[[_View], _View]:
    """Say of a view which media types it sends, and which parameters and bodies (type to schema) it reads."""

    def mark(view: _View) -> _View:
        vars(view)["operation"] = Operation(produces, parameters, bodies or {})
        return view

    return mark


@blueprint.get("/openapi.json")
@operation("application/json")
def document() -> Response:
    """Describe this interface in OpenAPI 3.1."""
    return jsonify(describe(current_app, service().graph.questions.values(), request.root_url))


def describe(app: Flask, questions: Iterable[Question], server: str) -> dict[str, Any]:
    """Return the OpenAPI document of *app*, whose questions get a path each."""
    paths: dict[str, Any] = {}
    known = list(questions)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        for path, described in _paths(app, rule, known):
            paths.setdefault(path, {}).update(described)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "guideline-kg",
            "version": __version__,
            "description": "Guideline statements with their sources, as a graph and as named questions.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server.rstrip("/")}],
        "paths": paths,
        "components": {"schemas": {"Problem": _PROBLEM_SCHEMA}},
    }


def _paths(app: Flask, rule: Rule, questions: Sequence[Question]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and path item of a route; the route of the questions gives one for each question."""
    view = app.view_functions[rule.endpoint]
    marked: Operation = vars(view)["operation"]
    summary = (view.__doc__ or "").partition("\n")[0]
    if rule.endpoint == _QUESTION:
        for question in questions:
            asked = Operation(marked.produces, [_of_question(item) for item in question.parameters], {})
            path = _VARIABLE.sub(question.name, rule.rule)
            item = _item(asked, question.summary, f"question-{question.name}", [])
            yield path, {"get": {**item, "description": question.description, "tags": list(question.tags)}}
        return
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        identity = f"{rule.endpoint}.{method.lower()}"
        yield (
            _VARIABLE.sub(r"{\1}", rule.rule),
            {method.lower(): _item(marked, summary, identity, sorted(rule.arguments))},
        )


def _item(marked: Operation, summary: str, identity: str, variables: Sequence[str]) -> dict[str, Any]:
    in_path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in variables]
    item: dict[str, Any] = {
        "operationId": identity,
        "summary": summary,
        "parameters": in_path + [parameter.describe() for parameter in marked.parameters],
        "responses": {
            "200": {
                "description": "The answer, in the media type that the Accept header prefers.",
                "headers": _HEADERS,
                "content": {media_type: {} for media_type in marked.produces},
            },
            "default": {
                "description": "What is wrong, and what to do about it.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
    if marked.bodies:
        content = {media_type: {"schema": schema} for media_type, schema in marked.bodies.items()}
        item["requestBody"] = {"required": True, "content": content}
    return item


def _of_question(parameter: Asked) -> Parameter:
    example = None if parameter.example is None else str(parameter.example)
    schema = _LITERALS.get(parameter.kind, {"type": "string"})
    return Parameter(parameter.name, parameter.description, schema, parameter.required, example)


_HEADERS = {
    "Graph-Digest": {"description": "The graph release that answered.", "schema": {"type": "string"}},
    "Query-Digest": {"description": "The query answered, or the rules applied.", "schema": {"type": "string"}},
    "ETag": {"description": "Validator of this answer.", "schema": {"type": "string"}},
    "Graph-Missing": {"description": "A graph asked for that is not loaded, so empty.", "schema": {"type": "string"}},
}
_PROBLEM_SCHEMA = {
    "type": "object",
    "description": "Problem details (RFC 9457); further members such as nearest, available or line say more.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
    },
}

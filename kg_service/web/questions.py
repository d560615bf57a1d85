"""The named questions: their list, their answers, and the list as example queries for SPARQL editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from kg_service.web.context import service
from kg_service.web.examples import as_examples
from kg_service.web.negotiation import HTML, HTML_OFFER, JSON, JSON_OFFER, accepted, choose
from kg_service.web.openapi import operation
from kg_service.web.pages import result_table
from kg_service.web.protocol import once, parse_parameters
from kg_service.web.responses import (
    KINDS,
    media_types,
    offers_for,
    send,
    send_answer,
    send_graph,
    write_graph,
)

if TYPE_CHECKING:
    from kg_service.knowledge.questions import Question
    from kg_service.web.rdf import Sketch

blueprint = Blueprint("questions", __name__)

_ANSWERS = (*media_types(KINDS), HTML)
_DOCUMENTS = media_types(["graph"])


@blueprint.get("/queries")
@operation(JSON, HTML, *_DOCUMENTS)
def questions() -> Response:
    """List the named questions with their parameters."""
    known = service().graph.questions
    media_type = choose([JSON_OFFER, HTML_OFFER, *offers_for("graph")])
    if media_type == JSON:
        return jsonify({"queries": [_summary(question) for question in known.values()]})
    if media_type == HTML:
        return send(render_template("questions.html", questions=known.values()), HTML)
    return send(write_graph(_examples(), media_type), media_type)


@blueprint.get("/.well-known/sparql-examples")
@operation(*_DOCUMENTS)
def examples() -> Response:
    """Give the named questions as example queries, in the form that SPARQL editors read."""
    return send_graph(_examples())


@blueprint.get("/queries/<name>")
@operation(*_ANSWERS)
def question(name: str) -> Response:
    """Answer a named question."""
    graph = service().graph
    asked = graph.questions.find(name)
    given = once(parse_parameters(request.query_string))
    if not given and _wants_form(asked):
        return send(render_template("question.html", question=asked, given={}, table=None), HTML)
    answer = graph.query(name, **given)
    return send_answer(
        answer,
        asked.text,
        lambda: render_template(
            "question.html", question=asked, given=given, answer=answer, table=result_table(answer)
        ),
    )


def _wants_form(asked: Question) -> bool:
    """Tell whether a browser opens a question that cannot be answered before its parameters are given."""
    required = any(parameter.required for parameter in asked.parameters)
    return required and (HTML, 1.0) in accepted()


def _summary(question: Question) -> dict[str, Any]:
    return {
        "name": question.name,
        "summary": question.summary,
        "description": question.description,
        "tags": list(question.tags),
        "href": url_for("questions.question", name=question.name, _external=True),
        "parameters": [
            {
                "name": parameter.name,
                "description": parameter.description,
                "kind": parameter.kind,
                "required": parameter.required,
                "example": parameter.example,
            }
            for parameter in question.parameters
        ],
    }


def _examples() -> Sketch:
    return as_examples(
        service().graph.questions.values(),
        address=url_for("questions.examples", _external=True),
        endpoint=url_for("sparql.get_query", _external=True),
    )

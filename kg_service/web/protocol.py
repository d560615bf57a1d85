"""Reads a request by the SPARQL 1.1 Protocol (https://www.w3.org/TR/sparql11-protocol/), section 2.1: query.

Everything is decoded strictly as UTF-8: what cannot be decoded is refused, never guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from werkzeug.exceptions import BadRequest, Forbidden, UnsupportedMediaType

from kg_service.errors import ParameterError
from kg_service.knowledge.names import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flask import Request

FORM = "application/x-www-form-urlencoded"
DIRECT = "application/sparql-query"
UPDATE = "application/sparql-update"

_MAX_FIELDS = 1000
_UTF8_NAMES = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})

Parameters = Mapping[str, list[str]]


@dataclass(frozen=True)
class ProtocolQuery:
    """One query operation: the text, and the dataset the protocol names for it (empty: the service's own)."""

    text: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


def from_url(request: Request) -> ProtocolQuery | None:
    """Return the query of a GET request, or None when it carries no ``query`` parameter."""
    parameters = parse_parameters(request.query_string)
    _refuse_update(parameters)
    if "query" not in parameters:
        return None
    return _operation(_only_query(parameters), parameters)


def from_body(request: Request) -> ProtocolQuery:
    """Return the query of a POST request, sent as a form or as the query itself.

    Raises BadRequest, Forbidden (an update) or UnsupportedMediaType.
    """
    refuse_encoding(request)
    if request.mimetype == UPDATE:
        raise Forbidden(READ_ONLY)
    if request.mimetype not in {FORM, DIRECT}:
        raise UnsupportedMediaType(f"Send the query as {FORM} (query=...) or as {DIRECT}.")
    in_url = parse_parameters(request.query_string)
    if request.mimetype == DIRECT:
        _refuse_update(in_url)
        if "query" in in_url:
            raise BadRequest("The query stands in the body and in the URL; send it once.")
        return _operation(body_text(request), in_url)
    in_body = parse_parameters(body_text(request).encode())
    merged = {name: in_url.get(name, []) + in_body.get(name, []) for name in (*in_url, *in_body)}
    _refuse_update(merged)
    return _operation(_only_query(merged), merged)


READ_ONLY = "This endpoint is read-only: it answers SPARQL queries and takes no updates."


def parse_parameters(raw: bytes) -> Parameters:
    """Split ``name=value&...`` strictly; raises BadRequest for what is not percent-encoded UTF-8."""
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except UnicodeDecodeError as error:
        raise BadRequest("The parameters are not UTF-8; encode them as UTF-8, then percent-encode.") from error
    except ValueError as error:
        raise BadRequest(f"Too many parameters; at most {_MAX_FIELDS} are read.") from error
    parameters: dict[str, list[str]] = {}
    for name, value in pairs:
        parameters.setdefault(name, []).append(value)
    return parameters


def once(parameters: Parameters) -> dict[str, str]:
    """Return the value of each parameter; one that a form leaves blank is left out. BadRequest for one given twice."""
    filled = {name: [value for value in values if value.strip()] for name, values in parameters.items()}
    for name, values in filled.items():
        if len(values) > 1:
            raise BadRequest(f"The parameter '{name}' is given {len(values)} times; give it once.")
    return {name: values[0] for name, values in filled.items() if values}


def refuse_unknown(given: Iterable[str], known: Sequence[str]) -> None:
    """Raise ParameterError, with the nearest, for a parameter that is not read here."""
    for name in given:
        if name not in known:
            raise ParameterError(f"There is no parameter {name!r} here.", nearest(name, known))


def _operation(text: str, parameters: Parameters) -> ProtocolQuery:
    return ProtocolQuery(
        text,
        tuple(parameters.get("default-graph-uri", ())),
        tuple(parameters.get("named-graph-uri", ())),
    )


def _only_query(parameters: Parameters) -> str:
    queries = parameters.get("query", [])
    if not queries:
        raise BadRequest("The parameter 'query' is missing; send one SPARQL query in it.")
    if len(queries) > 1:
        raise BadRequest(f"The parameter 'query' is given {len(queries)} times; send one query a request.")
    return queries[0]


def _refuse_update(parameters: Parameters) -> None:
    if "update" in parameters:
        raise Forbidden(READ_ONLY)


def refuse_encoding(request: Request) -> None:
    """Raise UnsupportedMediaType for a compressed body: what it would grow to cannot be bounded."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Compressed bodies are not read; send the body without Content-Encoding.")


def body_text(request: Request) -> str:
    """Return the body; BadRequest when it is not UTF-8."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in _UTF8_NAMES:
        raise BadRequest("Only UTF-8 is read; send the body in UTF-8.")
    try:
        return request.get_data(cache=False).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The body is not UTF-8 from byte {error.start} on; send it in UTF-8.") from error

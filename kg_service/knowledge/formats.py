"""The formats of answers: media type, short name, and the specification of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pyoxigraph import QueryResultsFormat, RdfFormat

from kg_service.errors import NotAcceptable

Kind: TypeAlias = Literal["select", "ask", "graph"]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write an answer of the given kinds; `aliases` are media types that clients use for it."""

    media_type: str
    name: str
    kinds: tuple[Kind, ...]
    writer: QueryResultsFormat | RdfFormat
    aliases: tuple[str, ...] = ()


# The first of each kind is what is written when the client has no preference. SPARQLWrapper asks for JSON as
# text/javascript, and for Turtle as application/turtle; a client may ask for plain JSON or XML.
FORMATS: tuple[Format, ...] = (
    # https://www.w3.org/TR/sparql11-results-json/
    Format(
        "application/sparql-results+json",
        "json",
        ("select", "ask"),
        QueryResultsFormat.JSON,
        ("application/json", "text/javascript", "application/javascript"),
    ),
    # https://www.w3.org/TR/rdf-sparql-XMLres/
    Format(
        "application/sparql-results+xml",
        "xml",
        ("select", "ask"),
        QueryResultsFormat.XML,
        ("application/xml", "text/xml"),
    ),
    # https://www.w3.org/TR/sparql11-results-csv-tsv/ defines no form for ASK
    Format("text/csv", "csv", ("select",), QueryResultsFormat.CSV),
    Format("text/tab-separated-values", "tsv", ("select",), QueryResultsFormat.TSV),
    # https://www.w3.org/TR/turtle/
    Format("text/turtle", "turtle", ("graph",), RdfFormat.TURTLE, ("application/turtle", "application/x-turtle")),
    # https://www.w3.org/TR/n-triples/
    Format("application/n-triples", "ntriples", ("graph",), RdfFormat.N_TRIPLES, ("text/plain",)),
    # https://www.w3.org/TR/rdf-syntax-grammar/
    Format("application/rdf+xml", "rdfxml", ("graph",), RdfFormat.RDF_XML, ("application/xml", "text/xml")),
    # https://www.w3.org/TR/json-ld11/
    Format("application/ld+json", "jsonld", ("graph",), RdfFormat.JSON_LD, ("application/json",)),
)


def formats_for(kind: Kind) -> list[Format]:
    """List the formats for an answer of this kind, the preferred one first."""
    return [f for f in FORMATS if kind in f.kinds]


def find_format(wanted: str, kind: Kind) -> Format:
    """Return the format by media type, alias or short name; NotAcceptable, with the list, when there is none."""
    offered = formats_for(kind)
    for chosen in offered:
        if wanted in {chosen.media_type, chosen.name, *chosen.aliases}:
            return chosen
    what = {"select": "A SELECT answer", "ask": "An ASK answer", "graph": "A CONSTRUCT or DESCRIBE answer"}[kind]
    in_kind = [f.media_type if "/" in wanted else f.name for f in offered]
    raise NotAcceptable(f"{what} cannot be written as {wanted}.", in_kind)

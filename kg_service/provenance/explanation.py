"""The answer to a why-question: a tree for people, JSON for programs, PROV for other tools."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pyoxigraph import RdfFormat, serialize

from kg_service.errors import NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyoxigraph import Triple

    from kg_service.guideline import Guideline
    from kg_service.provenance.absence import Obstacle
    from kg_service.provenance.derivation import Derivation
    from kg_service.provenance.query import Row
    from kg_service.validation.verdicts import Verdict

RDF_FORMS = {
    "turtle": RdfFormat.TURTLE,
    "ntriples": RdfFormat.N_TRIPLES,
    "rdfxml": RdfFormat.RDF_XML,
    "jsonld": RdfFormat.JSON_LD,
}
MEDIA_TYPES = {
    "json": "application/json",
    "table": "text/plain",
    **{name: form.media_type for name, form in RDF_FORMS.items()},
}
"""The forms of an explanation by their short names."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing explained: what made it, or what keeps it away.

    `says` sums it up, `row` holds the values of a row; `derivations` are the triples that made it, `obstacles` the
    conditions that keep it away, each of them enough by itself.
    """

    says: str
    row: Row
    derivations: tuple[Derivation, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a triple holds, a row came or did not, or a verdict is as it is (with one part for each finding).

    `record` is what a replay needs: see Answer and Report; for a row it names the row, for a triple there is no query.
    """

    subject: str
    parts: tuple[Part, ...]
    graph: Guideline
    record: Mapping[str, Any]
    verdict: Verdict | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as the JSON form has it; terms stand as in N-Triples."""
        told: dict[str, Any] = {"subject": self.subject, **self.record}
        if self.verdict:
            told["rule"] = self.verdict.rule.name
            told["outcome"] = str(self.verdict.outcome)
            told["message"] = self.verdict.message
            told["missing"] = [finding.missing for finding in self.verdict.findings if finding.missing]
            told["citations"] = [asdict(citation) for citation in self.verdict.grounds.citations]
        return {**told, "parts": [_part(part) for part in self.parts]}

    def to_rdf(self) -> list[Triple]:
        """Return the explanation in PROV-O (https://www.w3.org/TR/prov-o/)."""
        from kg_service.provenance.as_prov import as_prov  # noqa: PLC0415 - which few ask for

        return as_prov(self)

    def serialize(self, form: str) -> str:
        """Write the explanation by the short name or media type of a form; NotAcceptable, with the list, for others."""
        names = {media_type: name for name, media_type in MEDIA_TYPES.items()}
        name = names.get(form, form)
        if name == "table":
            return str(self)
        if name == "json":
            return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"
        if name not in RDF_FORMS:
            raise NotAcceptable(f"An explanation cannot be written as {form}.", list(MEDIA_TYPES))
        from kg_service.provenance.as_prov import PREFIXES  # noqa: PLC0415 - as above

        prefixes = {**self.graph.prefixes, **PREFIXES}
        return (serialize(self.to_rdf(), format=RDF_FORMS[name], prefixes=prefixes) or b"").decode()

    def __str__(self) -> str:
        """Return the explanation as people read it."""
        from kg_service.provenance.as_text import as_text  # noqa: PLC0415 - which imports this module's types

        return as_text(self)


def _part(part: Part) -> dict[str, Any]:
    return {
        "says": part.says,
        "row": _row(part.row),
        "triples": [_derivation(derivation) for derivation in part.derivations],
        "obstacles": [
            {"conditions": list(obstacle.conditions), "values": [_row(row) for row in obstacle.values]}
            for obstacle in part.obstacles
        ],
    }


def _row(row: Row) -> dict[str, str]:
    return {name: str(term) for name, term in row.items() if term is not None}


def _derivation(derivation: Derivation) -> dict[str, Any]:
    subject, predicate, obj = map(str, derivation.fact)
    told: dict[str, Any] = {"subject": subject, "predicate": predicate, "object": obj}
    if derivation.day:
        told["day"] = derivation.day.value
    if derivation.rule:
        return {**told, "rule": derivation.rule, "premises": [_derivation(one) for one in derivation.premises]}
    origin = derivation.origin
    if origin.record:
        return {**told, "record": origin.record}
    return {
        **told,
        "graph": origin.graph.value if origin.graph else "",
        "statements": [node.value for node in origin.statements],
        "sources": [node.value for node in origin.sources],
    }

"""The report as a SHACL validation report graph (https://www.w3.org/TR/shacl/#validation-report).

Each result also names the statements behind the rule (dcterms:source) and the place in the input (patient:inputPath).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize

from kg_service.knowledge.namespaces import CORE, DCTERMS, PATIENT, RDF, RULES, SH, TYPE, XSD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_service.validation.report import Report
    from kg_service.validation.verdicts import Finding, Verdict

PREFIXES = {"sh": SH, "rdf": RDF, "xsd": XSD, "dcterms": DCTERMS, "patient": PATIENT, "gkg": CORE, "rule": RULES}
SOURCE = NamedNode(DCTERMS + "source")
INPUT_PATH = NamedNode(PATIENT + "inputPath")


def write_turtle(report: Report) -> str:
    """Return the report graph as Turtle."""
    return (serialize(triples(report), format=RdfFormat.TURTLE, prefixes=PREFIXES) or b"").decode()


def write_jsonld(report: Report) -> str:
    """Return the report graph as JSON-LD 1.1."""
    return (serialize(triples(report), format=RdfFormat.JSON_LD, prefixes=PREFIXES) or b"").decode()


def triples(report: Report) -> Iterator[Triple]:
    """Yield the report graph: it conforms when no shape, of rules or of missing data, has reported anything."""
    root = BlankNode("report")
    found = [(verdict, finding) for verdict in report.verdicts for finding in verdict.findings]
    yield Triple(root, TYPE, _sh("ValidationReport"))
    yield Triple(root, _sh("conforms"), Literal(not found and not report.faulty))
    nodes = [BlankNode(f"result{number}") for number in range(1, len(found) + 1)]
    yield from (Triple(root, _sh("result"), node) for node in nodes)
    for node, (verdict, finding) in zip(nodes, found, strict=True):
        yield from _result(node, verdict, finding)


def _result(node: BlankNode, verdict: Verdict, finding: Finding) -> Iterator[Triple]:
    result = finding.result
    yield Triple(node, TYPE, _sh("ValidationResult"))
    yield Triple(node, _sh("focusNode"), NamedNode(result.focus))
    yield Triple(node, _sh("resultSeverity"), _sh(result.severity.capitalize()))
    yield Triple(node, _sh("sourceShape"), NamedNode(result.shape))
    yield Triple(node, _sh("sourceConstraintComponent"), NamedNode(result.component))
    yield Triple(node, _sh("resultMessage"), Literal(result.message, language="en"))
    if result.value:
        yield Triple(node, _sh("value"), NamedNode(result.value))
    if result.path:
        yield Triple(node, _sh("resultPath"), NamedNode(result.path))
    for statement in verdict.rule.statements:
        yield Triple(node, SOURCE, statement)
    yield Triple(node, INPUT_PATH, Literal(finding.input_path))


def _sh(name: str) -> NamedNode:
    return NamedNode(SH + name)

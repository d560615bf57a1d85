"""The named questions as example queries in SHACL's terms, the form that SPARQL editors collect.

After the collection at https://github.com/sib-swiss/sparql-examples: one executable per query with its
text, a comment with a language tag, keywords and target endpoint, and the prefixes declared once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg_service.knowledge.namespaces import XSD
from kg_service.web.rdf import PREFIXES, Sketch, name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg_service.knowledge.questions import Question

_DECLARED = re.compile(r"^\s*PREFIX\s+([\w-]+):\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)
_FORM = re.compile(r"^\s*(SELECT|ASK|CONSTRUCT)\b", re.IGNORECASE | re.MULTILINE)


def as_examples(questions: Iterable[Question], address: str, endpoint: str) -> Sketch:
    """Return the questions as examples named under *address*, to be sent to *endpoint*."""
    sketch = Sketch()
    prefixes: dict[str, str] = {}
    declarations = ox.NamedNode(f"{address}#prefixes")
    for question in questions:
        _add(sketch, question, ox.NamedNode(f"{address}/{question.name}"), declarations, ox.NamedNode(endpoint))
        prefixes.update(_DECLARED.findall(question.text))
    _declare(sketch, declarations, prefixes)
    return sketch


def _add(
    sketch: Sketch, question: Question, node: ox.NamedNode, declarations: ox.NamedNode, endpoint: ox.NamedNode
) -> None:
    found = _FORM.search(question.text)
    form = found.group(1).lower() if found else "select"
    sketch.add(node, "a", name("sh:SPARQLExecutable"), name(f"sh:SPARQL{form.capitalize()}Executable"))
    sketch.add(node, "rdfs:label", ox.Literal(question.summary, language="en"))
    sketch.add(node, "rdfs:comment", ox.Literal(question.description or question.summary, language="en"))
    sketch.add(node, "sh:prefixes", declarations)
    sketch.add(node, f"sh:{form}", question.text)
    sketch.add(node, "schema:keywords", *question.tags)
    sketch.add(node, "schema:target", endpoint)


def _declare(sketch: Sketch, declarations: ox.NamedNode, prefixes: dict[str, str]) -> None:
    sketch.add(declarations, "a", name("owl:Ontology"))
    sketch.add(declarations, "owl:imports", ox.NamedNode(PREFIXES["sh"]))
    for prefix, namespace in sorted(prefixes.items()):
        declaration = ox.BlankNode(f"prefix-{prefix}")
        sketch.add(declarations, "sh:declare", declaration)
        sketch.add(declaration, "sh:prefix", prefix)
        sketch.add(declaration, "sh:namespace", ox.Literal(namespace, datatype=ox.NamedNode(f"{XSD}anyURI")))

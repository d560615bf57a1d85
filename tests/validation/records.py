"""Random small records: pieces of the case library put together anew, with nonsense in them.

No xsd:double among it is a whole number: pySHACL passes terms through rdflib, which writes "1.0" in messages where the
store has "1". Nor is there an integer of more than 64 bits or "1_000", which Python reads and the store does not: the
compiled engine reports both as faults, pySHACL one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from kg_service.knowledge.namespaces import PATIENT, TYPE, XSD

from .conftest import library

if TYPE_CHECKING:
    from collections.abc import Iterable

PERSON, SUBJECT = NamedNode(PATIENT + "Patient"), NamedNode(PATIENT + "subject")
CASES = library()
NONSENSE = (
    NamedNode("https://example.org/unknown"),
    *(
        Literal(text, datatype=NamedNode(XSD + name))
        for text, name in (
            ("a word", "string"), ("12", "string"), ("0", "integer"), ("-3.50", "decimal"), ("7.25", "double"),
            ("0.5", "float"), ("1", "boolean"),
            ("true", "boolean"), ("2023-02-30", "date"), ("2023-05-04Z", "date"), ("2023-05-04+14:00", "date"),
            ("2023-05", "gYearMonth"), ("2023", "gYear"), ("0000", "gYear"), ("2023-05-04T10:00:00", "dateTime"),
            ("2999-12-31", "date"), ("1800", "gYear"),
        )
    ),
)  # fmt: skip


class Node:
    """What the library says of one node: a patient, or a record of one."""

    def __init__(self, triples: list[Triple]) -> None:
        """Take the node's triples."""
        self.triples = triples
        self.is_patient = any(t.predicate == TYPE and t.object == PERSON for t in triples)


def nodes() -> Iterable[Node]:
    """All nodes of all cases."""
    for case in CASES:
        described: dict[object, list[Triple]] = {}
        for quad in parse(case.document(), format=RdfFormat.TURTLE):
            described.setdefault(quad.subject, []).append(quad.triple)
        yield from map(Node, described.values())


NODES = tuple({str(node.triples): node for node in nodes()}.values())
PATIENTS = [node for node in NODES if node.is_patient]
RECORDS = [node for node in NODES if not node.is_patient]
VALUES: dict[NamedNode, list[NamedNode | Literal]] = {}
for node in NODES:
    for triple in node.triples:
        if triple.object not in VALUES.setdefault(triple.predicate, []):
            VALUES[triple.predicate].append(triple.object)
DAYS = sorted({case.as_of for case in CASES})
ONE = NamedNode("https://example.org/p")


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """N-Triples of one patient with up to six records, each with up to two changes."""
    found: list[Triple] = []
    for node in (draw(st.sampled_from(PATIENTS)), *draw(st.lists(st.sampled_from(RECORDS), max_size=6))):
        triples = list(node.triples)
        for _ in range(draw(st.integers(0, 2))):
            if triples:
                _change(draw, triples)
        found += triples
    persons = {triple.subject for triple in found if triple.object == PERSON}
    return "\n".join(f"{_of_one_patient(triple, persons)} ." for triple in found).encode()


def _of_one_patient(triple: Triple, persons: set[object]) -> Triple:
    subject = ONE if triple.subject in persons else triple.subject
    return Triple(subject, triple.predicate, ONE if triple.predicate == SUBJECT else triple.object)


def _change(draw: st.DrawFn, triples: list[Triple]) -> None:
    """Leave a triple out, or give it another value, or one more."""
    at = draw(st.integers(0, len(triples) - 1))
    old = triples[at]
    kind = draw(st.sampled_from(("drop", "drop", "other", "other", "other", "more", "more", "nonsense")))
    if kind != "more" and old.predicate != SUBJECT:
        del triples[at]
    if kind != "drop":
        values = NONSENSE if kind == "nonsense" else VALUES[old.predicate]
        triples.append(Triple(old.subject, old.predicate, draw(st.sampled_from(values))))

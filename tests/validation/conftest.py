"""The case library: small patients in Turtle, each with the outcome of every rule that applies, worked out by hand.

A file of `cases/` holds `bases` (whole patients) and `cases` (a base with something dropped or added). `expect` of a
case tells only what differs from its base; a rule that neither names must be not applicable. What a case `says` is part
of the message of a rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pyoxigraph import RdfFormat, parse

from kg_service.patients.rdf import read_rdf
from kg_service.validation.validator import Validator

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from kg_service import KnowledgeGraph
    from kg_service.patients.record import PatientRecord

CASES = Path(__file__).parent / "cases"
PROLOGUE = """
@prefix patient: <https://w3id.org/guideline-kg/patient/> .
@prefix concept: <https://w3id.org/guideline-kg/concept/> .
@prefix unit: <https://w3id.org/guideline-kg/unit/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix ex: <https://example.org/> .
"""


@dataclass(frozen=True)
class Case:
    """One patient: Turtle, the day of judgement, outcomes and parts of messages by rule name, and why.

    Rules that `expect` does not name are not applicable.
    """

    name: str
    as_of: dt.date
    turtle: str
    dropped: tuple[str, ...]
    expect: dict[str, str]
    why: str
    says: dict[str, str] = field(default_factory=dict)

    def records(self, graph: KnowledgeGraph) -> list[PatientRecord]:
        """Read the record, without the subjects that the case drops."""
        return read_rdf(self.document(), "text/turtle", graph)

    def document(self) -> bytes:
        """The case as one Turtle document."""
        gone = {f"https://example.org/{name.removeprefix('ex:')}" for name in self.dropped}
        quads = [
            q for q in parse((PROLOGUE + self.turtle).encode(), format=RdfFormat.TURTLE) if q.subject.value not in gone
        ]
        return "\n".join(f"{q.subject} {q.predicate} {q.object} ." for q in quads).encode()


def library() -> list[Case]:
    """Load every case of every file."""
    return [case for path in sorted(CASES.glob("*.yaml")) for case in _cases(path)]


def _cases(path: Path) -> Iterator[Case]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    bases = content["bases"]
    for name, base in bases.items():
        yield Case(f"{path.stem}: {name}", base["as_of"], base["record"], (), base["expect"], base["why"])
    for case in content["cases"]:
        base = bases[case["base"]]
        expect = {**base["expect"], **case.get("expect", {})}
        yield Case(
            name=f"{path.stem}: {case['name']}",
            as_of=case.get("as_of", base["as_of"]),
            turtle=base["record"] + "\n" + case.get("add", ""),
            dropped=tuple(case.get("drop", ())),
            expect={rule: outcome for rule, outcome in expect.items() if outcome != "not-applicable"},
            why=case["why"],
            says=case.get("says", {}),
        )


@pytest.fixture(scope="session")
def validator(guideline: KnowledgeGraph) -> Validator:
    """The rules of the released graph."""
    return Validator(guideline)

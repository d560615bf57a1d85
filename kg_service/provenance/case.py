"""How the facts of a patient's case come about: recorded, read off dates, worked out, or taken from the guideline."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad, QueryTriples, Store, Triple

from kg_service.errors import InconsistencyError
from kg_service.knowledge.namespaces import PATIENT, TYPE, XSD_DATE
from kg_service.knowledge.tokens import tokens
from kg_service.patients import calendar
from kg_service.patients.dating import TRUE, date_facts, judged_on
from kg_service.provenance.conditions import triples
from kg_service.provenance.derivation import Derivation, Origin, fact_of
from kg_service.provenance.query import SelectQuery, run
from kg_service.provenance.rows import quads_behind
from kg_service.provenance.shrink import shrunk

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from kg_service.knowledge.labels import Term
    from kg_service.patients.record import PatientRecord
    from kg_service.provenance.derivation import Deriver
    from kg_service.provenance.query import Row
    from kg_service.provenance.rules import Fact
    from kg_service.validation.validator import Validator

INPUT_PATH, SHOWN_AS = NamedNode(PATIENT + "inputPath"), NamedNode(PATIENT + "shownAs")
CALENDAR_INDEX = NamedNode(PATIENT + "calendarIndex")
CALENDAR = "calendar"
"""The rule by which days are read off dates: it stands in patients/dating.py, not in shapes/."""


class Case:
    """One patient's case, with the step that added each triple of it."""

    def __init__(self, record: PatientRecord, as_of: dt.date, validator: Validator, derive: Deriver) -> None:
        """Make the case of `record` as of a day; `derive` explains what in it is the guideline's."""
        self.store = validator.make_case(record, as_of)
        self._catalogue = validator.catalogue
        self._guideline = validator.graph.store
        self._derive = derive
        self._recorded = _as_stored(record.triples)
        self._judged = frozenset(judged_on(record.patient, as_of))
        self._explained: dict[Fact, Derivation] = {}

    def __call__(self, fact: Fact) -> Derivation:
        """Return how a triple of the case comes about; what was explained once is not worked out again."""
        if fact not in self._explained:
            self._explained[fact] = replace(self._derivation(fact), day=self._day(fact))
        return self._explained[fact]

    def _derivation(self, fact: Fact) -> Derivation:
        subject, predicate, obj = fact
        if self._is_guideline(fact):
            return self._derive(fact)
        triple = Triple(subject, predicate, obj)
        if triple in self._recorded | self._judged or predicate == SHOWN_AS:
            return Derivation(fact, origin=Origin(record=self._place(fact)))
        if triple in self._dated:
            return Derivation(fact, CALENDAR, tuple(map(self, self._dates_behind(triple))))
        if triple not in self._step_of:
            raise InconsistencyError("A fact of the case comes from no step known here: add its kind to case.py.")
        return self._worked_out(fact, self._step_of[triple])

    def explain(self, query: SelectQuery, solution: Row) -> tuple[Derivation, ...]:
        """Return how the triples behind a solution of a query over the case come about."""
        return tuple(self(fact_of(quad)) for quad in quads_behind(query, solution, self.store))

    def dated(self, row: Row) -> Row:
        """Return the row with calendar indexes as the dates that they stand for."""
        return {
            name: _date(term) if isinstance(term, Literal) and term in self._days else term
            for name, term in row.items()
        }

    def _day(self, fact: Fact) -> Literal | None:
        return _date(fact[2]) if fact[1] in self._indexed and isinstance(fact[2], Literal) else None

    @cached_property
    def _indexed(self) -> frozenset[Term]:
        """The properties whose values are calendar indexes."""
        return frozenset(quad.subject for quad in self._guideline.quads_for_pattern(None, CALENDAR_INDEX, TRUE))

    @cached_property
    def _days(self) -> frozenset[Term]:
        return frozenset(quad.object for quad in self.store if quad.predicate in self._indexed)

    @cached_property
    def _dated(self) -> frozenset[Triple]:
        return frozenset(date_facts(self._recorded))

    @cached_property
    def _given(self) -> list[Quad]:
        """What the case holds before anything is worked out."""
        known = self._recorded | self._judged | self._dated
        return [
            quad
            for quad in self.store
            if quad.triple in known or quad.predicate == SHOWN_AS or self._is_guideline(fact_of(quad))
        ]

    def _is_guideline(self, fact: Fact) -> bool:
        return any(self._guideline.quads_for_pattern(*fact))

    @cached_property
    def _step_of(self) -> dict[Triple, str]:
        """The text of the CONSTRUCT that added each triple first."""
        store = Store()
        store.extend(self._given)
        added: dict[Triple, str] = {}
        for step in (*self._catalogue.guideline_derivations, *self._catalogue.derivations):
            found = store.query(step)
            assert isinstance(found, QueryTriples)  # noqa: S101 - narrows the type; the text is a CONSTRUCT
            new = [triple for triple in found if Quad(*triple) not in store]
            store.extend([Quad(*triple) for triple in new])
            added.update(dict.fromkeys(new, step))
        return added

    def _worked_out(self, fact: Fact, step: str) -> Derivation:
        """Explain what a CONSTRUCT gave, from what there was before it."""
        steps = [*self._catalogue.guideline_derivations, *self._catalogue.derivations]
        earlier = set(steps[: steps.index(step)])
        before = Store()
        before.extend([*self._given, *(Quad(*triple) for triple, by in self._step_of.items() if by in earlier)])
        query, templates = as_select(step)
        for template in templates:
            for solution in run(query.whole(extra=_giving(template, fact)), before):
                premises = tuple(self(fact_of(quad)) for quad in quads_behind(query, solution, before))
                return Derivation(fact, self._catalogue.step_names[step], premises)
        raise InconsistencyError("A step no longer gives what it gave: the case was changed after it was made.")

    def _dates_behind(self, triple: Triple) -> list[Fact]:
        said = [recorded for recorded in self._recorded if recorded.subject == triple.subject]

        def suffices(part: Sequence[Triple]) -> bool:
            return triple in set(date_facts(part))

        return [(t.subject, t.predicate, t.object) for t in shrunk(sorted(said, key=str), suffices)]

    def _place(self, fact: Fact) -> str:
        """Return where in the input the record stands that a fact is of; without a place, the record's IRI."""
        subject = fact[0]
        for quad in self.store.quads_for_pattern(subject, INPUT_PATH, None):
            if isinstance(quad.object, Literal):
                return quad.object.value
        return subject.value if isinstance(subject, NamedNode) else str(subject)


def as_select(construct: str) -> tuple[SelectQuery, list[str]]:
    """Return a CONSTRUCT as a query for its solutions, and the triple patterns of its template."""
    found = list(tokens(construct))
    start = next(i for i, token in enumerate(found) if token.kind == "word" and token.text.upper() == "CONSTRUCT")
    opened, closed = found[start + 1].start, next(t.start + 1 for t in found[start:] if t.text == "}")
    query = SelectQuery.read(f"{construct[: found[start].start]}SELECT * {construct[closed:]}")
    return query, triples(construct[opened:closed])


def _as_stored(triples: Iterable[Triple]) -> frozenset[Triple]:
    """Return triples with their numbers written as a store writes them: it gives back 28.0 as 28."""
    store = Store()
    store.extend([Quad(*triple) for triple in triples])
    return frozenset(quad.triple for quad in store)


def _giving(template: str, fact: Fact) -> str:
    """Return the FILTER for the solutions that fill the template to the triple."""
    terms = [str(TYPE) if token.text == "a" else token.text for token in tokens(template)]
    same = " && ".join(f"sameTerm({term}, {value})" for term, value in zip(terms, fact, strict=True))
    return f"FILTER({same})"


def _date(index: Literal) -> Literal:
    """Return the day of a calendar index (see patients/calendar.py) as an xsd:date, "open" for what goes on."""
    number = int(Decimal(index.value))
    if number >= calendar.OPEN:
        return Literal("open")
    months, day = divmod(number, calendar.INDEX_MONTH)
    year, month = divmod(months - 1, calendar.MONTHS)
    return Literal(f"{year:04}-{month + 1:02}-{day:02}", datatype=XSD_DATE)

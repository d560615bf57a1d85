"""Why: one place to ask for a triple, for a row of an answer, and for a verdict on a patient."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from kg_service.errors import ParameterError
from kg_service.provenance.absence import matching, obstacles
from kg_service.provenance.derivation import Deriver, fact_of
from kg_service.provenance.explanation import Explanation, Part
from kg_service.provenance.meaning import find_fact, meanings
from kg_service.provenance.query import SelectQuery, run
from kg_service.provenance.rows import quads_behind, solution_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from kg_service.guideline import Given, Guideline
    from kg_service.knowledge import Answer
    from kg_service.provenance.absence import Obstacle
    from kg_service.provenance.query import Row

Which: TypeAlias = "int | Mapping[str, object]"
"""Which row is meant: its number, from 1, or values of some of its columns."""


class Explainer:
    """Answers why-questions on a guideline; what it learns of the graph is kept for the next one."""

    def __init__(self, graph: Guideline) -> None:
        """Explain what `graph` holds, answers and judges."""
        self._graph = graph

    @cached_property
    def derive(self) -> Deriver:
        """Explains triples."""
        return Deriver(self._graph.store)

    def triple(self, subject: str, predicate: str, object: str) -> Explanation:  # noqa: A002 - as RDF names it
        """Explain a triple down to what is asserted.

        Each term is an IRI, a CURIE, an identifier or a label in any case, the object also the text of a literal.
        Raises UnknownName, with what there is instead, for a triple that the graph does not hold.
        """
        derivation = self.derive(find_fact(subject, predicate, object, self._graph))
        says = "Inferred, in one way (others may hold as well):" if derivation.rule else "Asserted:"
        return Explanation(
            " ".join(self._graph.labels.shown(term) for term in derivation.fact),
            (Part(says, {}, (derivation,)),),
            self._graph,
            {
                "graph_digest": self._graph.digest,
                "parameters": {"subject": subject, "predicate": predicate, "object": object},
            },
        )

    def row(self, name: str, which: Which = 1, /, **params: object) -> Explanation:
        """Explain a row of the answer to a named question: see `sparql`."""
        text = self._graph.text_of(name, **params)
        return self._explained(self._graph.query(name, **params), text, which, name)

    def sparql(self, text: str, which: Which = 1) -> Explanation:
        """Explain a row of the answer to a SELECT query: the triples that made it, or what keeps it away.

        `which` is the row's number, or values of some columns, by label, identifier, IRI or text. A row that is not in
        the answer is told of by the fewest conditions of the query without which it would be. Raises QueryError for
        what is no SELECT or shows aggregates, ParameterError for a number or column that the answer has not.
        """
        return self._explained(self._graph.sparql(text), text, which, "the query")

    def verdict(
        self, records: Given | Iterable[Given], rule: str, *, as_of: dt.date | str | None = None, patient: str = ""
    ) -> Explanation:
        """Explain the outcome of one rule for one patient: what made it, or what keeps the rule from firing.

        `patient` is a resource id or IRI, needed where `records` hold several. Raises RecordError for what cannot be
        read or judged, UnknownName for a rule or patient that there is not.
        """
        from kg_service.guideline import as_day  # noqa: PLC0415 - which imports this module
        from kg_service.provenance.verdict import explain_verdict, one_record  # noqa: PLC0415 - what rows do not need

        chosen = one_record(self._graph.read(records), patient)
        return explain_verdict(self._graph, self.derive, chosen, rule, as_day(as_of))

    def _explained(self, answer: Answer, text: str, which: Which, name: str) -> Explanation:
        query = SelectQuery.read(text)
        if isinstance(which, Mapping):
            told = {column: str(value) for column, value in which.items()}
            return self._by_values(query, told, name, {**answer.record, "row": told})
        if not 1 <= which <= len(answer.terms):
            raise ParameterError(f"The answer has {len(answer.terms)} rows: there is no row {which}.")
        row = dict(zip(answer.variables, answer.terms[which - 1], strict=True))
        solution = solution_of(query, row, self._graph.store)
        return Explanation(
            f"Row {which} of {name}", (self._part(query, solution),), self._graph, {**answer.record, "row": which}
        )

    def _by_values(
        self, query: SelectQuery, which: Mapping[str, str], name: str, record: Mapping[str, Any]
    ) -> Explanation:
        unknown = sorted(which.keys() - set(query.shown))
        if unknown:
            raise ParameterError(f"The answer has no column {unknown[0]!r}.", list(query.shown))
        wanted = {column: meanings(value, self._graph) for column, value in which.items()}
        subject = f"{name}, where {' and '.join(f'{column} is {value}' for column, value in which.items())}"
        store = self._graph.store
        found = next(run(query.whole(extra=matching(wanted)), store, union=query.union), None)
        part = self._part(query, found) if found else _absent(obstacles(query, wanted, store))
        return Explanation(subject, (part,), self._graph, record)

    def _part(self, query: SelectQuery, solution: Row) -> Part:
        quads = quads_behind(query, solution, self._graph.store)
        derivations = tuple(self.derive(fact) for fact in dict.fromkeys(map(fact_of, quads)))
        shown = {name: solution.get(name) for name in query.shown}
        return Part(f"Made by {len(derivations)} triples:", shown, derivations)


def _absent(found: Sequence[Obstacle]) -> Part:
    if not found:
        return Part("No such row, whatever conditions of the query are left out.", {})
    return Part("No such row. It would be there but for:", {}, obstacles=tuple(found))

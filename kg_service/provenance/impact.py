"""What would fall with a source or a statement: statements, derived links, answers of named questions, rules."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode, Quad, Store

from kg_service.knowledge.answer import Answer
from kg_service.knowledge.closure import axioms
from kg_service.knowledge.graph import is_part
from kg_service.knowledge.namespaces import DCTERMS, INFERRED, TYPE
from kg_service.provenance.case import as_select
from kg_service.provenance.closure import Closure
from kg_service.provenance.derivation import PASSAGE, SOURCE, fact_of, minimal
from kg_service.provenance.query import SelectQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg_service.guideline import Guideline
    from kg_service.knowledge.labels import Term
    from kg_service.knowledge.questions import Question
    from kg_service.provenance.rules import Fact
    from kg_service.validation.catalogue import Rule

PART_OF = NamedNode(DCTERMS + "isPartOf")


@dataclass(frozen=True, slots=True)
class Standing:
    """A derived link that a withdrawn statement bore out and that others still do; `by` are statements that do."""

    fact: Fact
    by: tuple[NamedNode, ...]


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that is still there, and what it says now."""

    before: dict[str, str]
    after: dict[str, str]


@dataclass(frozen=True, slots=True)
class LostRows:
    """What the answer to a named question, with these parameters, loses, in the answer's own columns.

    `rows` are those that are gone, `changed` those of which only some cells are others.
    """

    question: str
    parameters: dict[str, str]
    rows_before: int
    rows: tuple[dict[str, str], ...]
    changed: tuple[ChangedRow, ...]


@dataclass(frozen=True, slots=True)
class RuleImpact:
    """A rule that enforces or reads what is withdrawn: `left` are the statements that it still enforces."""

    rule: Rule
    withdrawn: tuple[NamedNode, ...]
    left: tuple[NamedNode, ...]
    reads: tuple[NamedNode, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """All that changes when `statements` are withdrawn.

    `references` are asserted links of others to them, `fallen` and `standing` derived links between other things.
    """

    graph: Guideline
    subject: NamedNode
    statements: tuple[NamedNode, ...]
    references: tuple[Fact, ...]
    fallen: tuple[Fact, ...]
    standing: tuple[Standing, ...]
    questions: tuple[LostRows, ...]
    rules: tuple[RuleImpact, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the impact as the JSON form has it: things by identifier or label."""
        shown = self.graph.labels.shown
        return {
            "withdrawn": shown(self.subject),
            "graph_digest": self.graph.digest,
            "statements": [shown(node) for node in self.statements],
            "references": [self._triple(fact) for fact in self.references],
            "fallen": [self._triple(fact) for fact in self.fallen],
            "standing": [{**self._triple(one.fact), "by": [*map(shown, one.by)]} for one in self.standing],
            "questions": [asdict(lost) for lost in self.questions],
            "rules": [
                {
                    "rule": one.rule.name,
                    "withdrawn": [*map(shown, one.withdrawn)],
                    "left": [*map(shown, one.left)],
                    "reads": [*map(shown, one.reads)],
                }
                for one in self.rules
            ],
        }

    def to_table(self, width: int | None = None) -> str:
        """Lay the impact out for people, at most `width` characters wide where that is given."""
        from kg_service.provenance.sections import impact_text  # noqa: PLC0415 - which imports this module

        return impact_text(self, width)

    def _triple(self, fact: Fact) -> dict[str, str]:
        return dict(zip(("subject", "predicate", "object"), map(self.graph.labels.shown, fact), strict=True))


def impact_of_source(graph: Guideline, source: NamedNode) -> Impact:
    """Return what falls without all that a source says."""
    said = (quad.subject for quad in graph.store.quads_for_pattern(None, SOURCE, source))
    return _Withdrawal(graph, source, [node for node in said if _is_passage(node, graph.store)])()


def impact_of_statement(graph: Guideline, statement: NamedNode) -> Impact:
    """Return what falls without a statement, and without its parts where it is composite."""
    withdrawn: list[Term] = [statement]
    for node in withdrawn:
        withdrawn += (quad.subject for quad in graph.store.quads_for_pattern(None, PART_OF, node))
    return _Withdrawal(graph, statement, withdrawn)()


class _Withdrawal:
    """A graph without some statements."""

    def __init__(self, graph: Guideline, subject: NamedNode, statements: Iterable[Term]) -> None:
        self._graph = graph
        self._subject = subject
        self._statements = frozenset(statements)
        self._gone = self._statements | frozenset(_parts(self._statements, graph.store))
        asserted = [quad for quad in graph.store if quad.graph_name != INFERRED]
        self._inferred = [fact_of(quad) for quad in graph.store.quads_for_pattern(None, None, None, INFERRED)]
        self._kept = [quad for quad in asserted if not self._concerns(fact_of(quad))]
        self._references = [fact_of(q) for q in asserted if q.object in self._gone and q.subject not in self._gone]
        self._closure = _closure(self._kept)
        passages = {quad.subject for quad in graph.store.quads_for_pattern(None, TYPE, PASSAGE)}
        said = passages | set(_parts(passages, graph.store))
        self._background = [quad for quad in asserted if quad.subject not in said and quad.object not in said]
        self._own = [quad for quad in asserted if quad.subject in self._gone]

    def __call__(self) -> Impact:
        links = [fact for fact in self._inferred if not self._concerns(fact) and not is_part(fact[0])]
        return Impact(
            graph=self._graph,
            subject=self._subject,
            statements=_sorted(self._statements),
            references=tuple(sorted(self._references, key=str)),
            fallen=tuple(sorted((fact for fact in links if fact not in self._closure), key=str)),
            standing=tuple(sorted(self._standing(links), key=str)),
            questions=tuple(self._questions()),
            rules=tuple(self._rules()),
        )

    def _concerns(self, fact: Fact) -> bool:
        return fact[0] in self._gone or fact[2] in self._gone

    def _standing(self, links: Iterable[Fact]) -> Iterator[Standing]:
        """Yield the links that follow from the withdrawn statements by themselves, and from others too."""
        anyhow, alone = _closure(self._background), _closure([*self._background, *self._own])
        for fact in links:
            if fact in alone and fact not in anyhow and fact in self._closure:
                leaves = minimal(self._closure, fact).asserted
                by = {node for leaf in leaves for node in self._graph.explain.derive.origin(leaf).statements}
                yield Standing(fact, _sorted(by))

    def _questions(self) -> Iterator[LostRows]:
        """Yield what named questions lose, asked with their examples and without optional parameters."""
        without = Store()
        without.extend(self._kept)
        without.extend(Quad(*fact, INFERRED) for fact in self._inferred if fact in self._closure)
        for question in self._graph.questions.values():
            for parameters in _examples(question):
                before, after = (self._answer(question, parameters, s) for s in (self._graph.store, without))
                gone, new = _difference(before, after), _difference(after, before)
                changed = tuple(_paired(gone, new))
                lost = tuple(row for row in gone if not any(row is one.before for one in changed))
                if gone:
                    yield LostRows(question.name, parameters, len(before.terms), lost, changed)

    def _answer(self, question: Question, parameters: dict[str, str], store: Store) -> Answer:
        graph = self._graph
        text = graph.text_of(question.name, **parameters)
        result = store.query(text, use_default_graph_as_union=True)
        record = graph.record(text, parameters)
        return Answer(result, record=record, labels=graph.labels, prefixes=graph.prefixes)

    def _rules(self) -> Iterator[RuleImpact]:
        for rule in self._graph.validator.catalogue.rules:
            withdrawn = self._statements.intersection(rule.statements)
            reads = self._gone.intersection(self._read_by(rule))
            if withdrawn or reads:
                left = set(rule.statements) - withdrawn
                yield RuleImpact(rule, _sorted(withdrawn), _sorted(left), _sorted(reads))

    def _read_by(self, rule: Rule) -> frozenset[NamedNode]:
        """Return the IRIs that the queries of a rule name: where it takes its limits from."""
        catalogue = self._graph.validator.catalogue
        judging = [text for shape in (rule.iri, rule.missing_data_shape) for text in catalogue.selects(shape)]
        queries = [SelectQuery.read(text) for text in judging]
        queries += (as_select(text)[0] for text in catalogue.constructs(rule.target))
        return frozenset[NamedNode]().union(*(query.named for query in queries))


def _closure(quads: Sequence[Quad]) -> Closure:
    return Closure(fact_of(quad) for quad in axioms(quads))


def _examples(question: Question) -> list[dict[str, str]]:
    """Return the parameters to ask with: all examples that `query` shows, and only those that are required."""
    required = {parameter.name: parameter.example for parameter in question.parameters if parameter.required}
    return [required] if required == question.example() else [required, question.example()]


def _difference(answer: Answer, other: Answer) -> list[dict[str, str]]:
    """Return the rows of an answer that the other has not, or not as often."""
    remaining = Counter(map(str, other.terms))
    found = []
    for terms, row in zip(answer.terms, answer.readable(), strict=True):
        if remaining[str(terms)]:
            remaining[str(terms)] -= 1
        else:
            found.append(row)
    return found


def _paired(gone: Iterable[dict[str, str]], new: Iterable[dict[str, str]]) -> Iterator[ChangedRow]:
    """Yield the rows that came in place of others: each is most like one of these, with most cells the same."""
    left = list(new)
    for row in gone:
        alike = {place: sum(row[name] == other[name] for name in row) for place, other in enumerate(left)}
        best = max(alike, key=alike.__getitem__, default=None)
        if best is not None and alike[best] * 2 > len(row):
            yield ChangedRow(row, left.pop(best))


def _parts(owners: Iterable[Term], store: Store) -> Iterator[Term]:
    """Yield the parts and locators of things that nothing else has: a locator may be shared with another statement."""
    pending = list(owners)
    known = set(pending)
    for owner in pending:
        for quad in () if isinstance(owner, Literal) else store.quads_for_pattern(owner, None, None):
            part = quad.object
            owners_of = (other.subject for other in store.quads_for_pattern(None, None, part))
            if is_part(part) and part not in known and known.issuperset(owners_of):
                known.add(part)
                pending.append(part)
                yield part


def _is_passage(node: Term, store: Store) -> bool:
    return isinstance(node, NamedNode) and any(store.quads_for_pattern(node, TYPE, PASSAGE))


def _sorted(nodes: Iterable[Term]) -> tuple[NamedNode, ...]:
    return tuple(sorted((node for node in nodes if isinstance(node, NamedNode)), key=str))

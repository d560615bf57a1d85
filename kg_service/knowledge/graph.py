"""The knowledge graph in memory: one way in (`load`) and one way through for every question."""

from __future__ import annotations

import hashlib
import logging
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeGuard

from pyoxigraph import (
    BlankNode,
    Dataset,
    Literal,
    NamedNode,
    RdfFormat,
    Store,
    Triple,
    parse,
)

from kg_service.errors import MalformedQuery, QueryError, UnknownName
from kg_service.knowledge import cache, closure
from kg_service.knowledge.answer import Answer
from kg_service.knowledge.binding import bind
from kg_service.knowledge.canonical import canonical_quads, sha256, sorted_quads
from kg_service.knowledge.check import CheckReport, check
from kg_service.knowledge.engine import Engine, LocalEngine, Query
from kg_service.knowledge.labels import Labels
from kg_service.knowledge.limits import Limits
from kg_service.knowledge.names import nearest
from kg_service.knowledge.namespaces import IDENTIFIER, LOCATOR, PART
from kg_service.knowledge.questions import Questions
from kg_service.knowledge.release import Release
from kg_service.knowledge.resolve import Resolver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

SYNTAX_ERROR = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
NO_PREFIX = "Prefix not found"
PREFIX_BEFORE = re.compile(r"([A-Za-z][\w.-]*):[^\s:]*$")
SENTENCE = re.compile(NO_PREFIX + r"|The SELECT [a-z ]+[a-z]|[A-Z][a-z]+(?: [A-Za-z]+){3,}")


class KnowledgeGraph:
    """A closed release: the asserted graphs, one per ontology file, and the graph of what follows from them."""

    def __init__(self, release: Release, snapshot: cache.Snapshot) -> None:
        """Fill the store; use `load`."""
        self.release = release
        self.digest = snapshot.digest
        self.prefixes = snapshot.prefixes
        self.store = Store()
        self.store.extend(parse(snapshot.quads, format=RdfFormat.N_QUADS))  # keeps blank nodes' canonical names
        self.questions = Questions(release)
        self.engine: Engine = LocalEngine(self.store)
        self.limits = Limits()

    @classmethod
    def load(cls, root: str | Path | None = None, *, store: str | None = None) -> Self:
        """Load the release in `root` (default: the one that comes with the package), closed, from the cache if there.

        With the URL of a SPARQL server as `store`, its queries are answered there: the server must hold this very
        release (`kg-service load`). Raises ReleaseError when files cannot be read or contradict each other, StoreError
        when the server is away or holds something else.
        """
        release = Release.find(root)
        key = hashlib.sha256(f"{closure.VERSION} {release.fingerprint()}".encode()).hexdigest()
        snapshot = cache.read(key)
        if snapshot is None:
            logger.info("Reasoning over the ontology; the result is kept for the next start.")
            snapshot = _close(release)
            cache.write(key, snapshot)
        graph = cls(release, snapshot)
        if store is not None:
            from kg_service.knowledge.remote import connect  # noqa: PLC0415 - an optional library, and 0.1 s to import

            graph.engine = connect(store, graph)
        return graph

    def sparql(
        self,
        text: str,
        *,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        base_iri: str | None = None,
    ) -> Answer:
        """Answer a SPARQL 1.1 query (https://www.w3.org/TR/sparql11-query/).

        The default graph is the union of all graphs, unless the arguments (which win) or FROM name others; a graph
        that is not loaded is empty, never fetched, and named in the answer. Raises MalformedQuery, RefusedQuery or
        QueryError.
        """
        given = {
            "default-graph-uri": list(default_graphs),
            "named-graph-uri": list(named_graphs),
            "base": base_iri,
        }
        record = self.record(text, {name: value for name, value in given.items() if value})
        return self._answer(text, record, default_graphs, named_graphs, base_iri)

    def query(self, name: str, /, **params: object) -> Answer:
        """Answer the named question.

        A value is an IRI, a CURIE, a label in any case, an identifier, a code, or a number or date; None is as good as
        not given. Raises UnknownName or ParameterError, with the nearest names.
        """
        text = self.text_of(name, **params)
        return self._answer(text, {"question": name, **self.record(text, _given(params))})

    def text_of(self, name: str, /, **params: object) -> str:
        """Return the SPARQL text of a named question with its parameters bound: see `query`."""
        question = self.questions.find(name)
        terms = {p.variable: self.resolve(value, p.kind) for p, value in question.match(_given(params))}
        return bind(question.text, terms)

    def record(self, text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return what it takes to replay an answer and to tell that it is the same question to the same graph."""
        return {"graph_digest": self.digest, "query_digest": sha256(text), "parameters": dict(parameters)}

    @cached_property
    def graph_names(self) -> frozenset[str]:
        """IRIs of the named graphs."""
        return frozenset(graph.value for graph in self.store.named_graphs())

    @cached_property
    def closed_digest(self) -> str:
        """Digest of all quads, asserted and inferred, as this store writes them."""
        return sha256(sorted_quads(Dataset(self.store)))

    @cached_property
    def labels(self) -> Labels:
        """Short readable texts by IRI."""
        return Labels(self.store, self.prefixes)

    def resolve(self, value: str, kind: str) -> NamedNode | Literal:
        """Return the term that `value` stands for: see Resolver."""
        return Resolver(self.store, self.prefixes, self.labels)(value, kind)

    def describe(self, iri: str) -> list[Triple]:
        """Return all triples from and to `iri`, with the parts and the locator of what it is; sorted.

        Raises UnknownName when the graph does not speak of it.
        """
        try:
            triples = set(self._around(NamedNode(iri)))
        except ValueError:  # no IRI at all
            triples = set()
        if not triples:
            identifiers = [q.object for q in self.store.quads_for_pattern(None, IDENTIFIER, None)]
            known = [o.value for o in identifiers if isinstance(o, Literal)]
            raise UnknownName(f"This graph says nothing of {iri}.", nearest(iri.rpartition("/")[2], known))
        return sorted(triples, key=str)

    def check(self) -> CheckReport:
        """Hold the whole graph against shapes/graph-*.ttl."""
        return check(self.release, self.store)

    def _answer(
        self,
        text: str,
        record: dict[str, Any],
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        base_iri: str | None = None,
    ) -> Answer:
        query = Query.inspect(text, default_graphs, named_graphs, base_iri)
        try:
            return Answer(
                self.engine.query(query),
                record=record,
                labels=self.labels,
                prefixes=self.prefixes,
                missing_graphs=[iri for iri in query.graphs if iri not in self.graph_names],
                limits=self.limits,
            )
        except SyntaxError as error:
            raise _malformed(text, error, self.prefixes) from error
        except UnicodeEncodeError as error:
            raise QueryError("The query holds a lone surrogate, which is no character: leave it out.") from error
        except (ValueError, RuntimeError, OSError) as error:
            raise QueryError(f"The query cannot be evaluated: {error}") from error

    def _around(self, node: NamedNode) -> Iterator[Triple]:
        yield from (q.triple for q in self.store.quads_for_pattern(None, None, node))
        todo: list[NamedNode | BlankNode] = [node]
        seen = set(todo)
        while todo:
            for quad in self.store.quads_for_pattern(todo.pop(), None, None):
                yield quad.triple
                if is_part(quad.object) and quad.object not in seen:
                    seen.add(quad.object)
                    todo.append(quad.object)


def is_part(term: object) -> TypeGuard[NamedNode | BlankNode]:
    """Tell whether a node has no life outside what points to it."""
    return isinstance(term, BlankNode) or (isinstance(term, NamedNode) and term.value.startswith((PART, LOCATOR)))


def _close(release: Release) -> cache.Snapshot:
    asserted = release.read()
    stated = canonical_quads(asserted.dataset)
    inferred = sorted_quads(Dataset(closure.infer(asserted.dataset)))
    return cache.Snapshot(sha256(stated), asserted.prefixes, stated + inferred)


def _given(params: Mapping[str, object]) -> dict[str, str]:
    return {parameter: str(value) for parameter, value in params.items() if value is not None}


def _malformed(text: str, error: SyntaxError, known: Mapping[str, str]) -> MalformedQuery:
    """Turn Oxigraph's `error at L:C: expected …` into a sentence with the place and what stands there.

    The place is the furthest that it read: what is wrong may be the word before.
    """
    match = SYNTAX_ERROR.match(str(error.msg))
    if match is None:
        return MalformedQuery(f"The query is not valid SPARQL 1.1: {error.msg}", 1, 1)
    line, column = int(match[1]), int(match[2])
    there = [*text.split("\n"), ""][line - 1]
    before, after = there[: column - 1], there[column - 1 :]
    here = (before.rpartition(" ")[2] + after[:20]).strip() if after.strip() else ""
    message = f"The query is not valid SPARQL 1.1 at or before line {line}, column {column}"
    message += f", near {here!r}." if here else ", at its end."
    if reason := SENTENCE.search(match[3]):
        message += f" {reason[0]}."
    prefix = PREFIX_BEFORE.search(before)
    if NO_PREFIX in match[3] and prefix and prefix[1] in known:
        message += f" Put before the query: PREFIX {prefix[1]}: <{known[prefix[1]]}>"
    return MalformedQuery(message, line, column)

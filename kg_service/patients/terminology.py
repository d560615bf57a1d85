"""From the codes, words and units of records to the concepts of the graph."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from pyoxigraph import Literal as RdfLiteral
from pyoxigraph import NamedNode

from kg_service.knowledge.names import fold
from kg_service.knowledge.namespaces import (
    ALT_LABEL,
    CODE_SYSTEM,
    CORE,
    DENOTES,
    DENOTES_PRODUCT,
    HIDDEN_LABEL,
    NOTATION,
    PREF_LABEL,
    RDFS_LABEL,
    TYPE,
)
from kg_service.patients.wording import closes, cue_pattern, opens, without_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyoxigraph import Store

Kind: TypeAlias = Literal["denotes", "history", "product", "covers", "begins"]
By: TypeAlias = Literal["code", "text", "wider"]

AGENT = NamedNode(CORE + "Agent")
AGENT_CLASS = NamedNode(CORE + "AgentClass")
CONDITION = NamedNode(CORE + "Condition")
OBSERVABLE = NamedNode(CORE + "Observable")
ROUTE = NamedNode(CORE + "Route")
UNIT = NamedNode(CORE + "Unit")
MEMBER_OF = NamedNode(CORE + "memberOf")
SYSTEM_URI = NamedNode(CORE + "systemUri")
HIERARCHICAL = NamedNode(CORE + "hierarchical")
LATER_NOTATION = NamedNode(CORE + "laterNotation")
IS_EVENT = NamedNode(CORE + "isEvent")
CUE = NamedNode(CORE + "cue")
SPECIMEN = NamedNode(CORE + "specimenCue")
EMPTY_NAME = NamedNode(CORE + "emptyName")
FORM_WORD = NamedNode(CORE + "formWord")
KIND_OF = NamedNode(CORE + "kindOf")

LINKS: dict[NamedNode, Kind] = {
    DENOTES: "denotes",
    NamedNode(CORE + "denotesHistoryOf"): "history",
    DENOTES_PRODUCT: "product",
    NamedNode(CORE + "covers"): "covers",
}
NAMES = (PREF_LABEL, ALT_LABEL, HIDDEN_LABEL)
SHORTEST_WITHIN = 4
"""A shorter name must be the whole text: within a longer one its letters mean too many things."""

LONGEST = 2000
"""Of a longer text only the beginning is searched: it is no name but a report."""

SCHEME = re.compile(r"^https?://")
MEGA = re.compile(r"M[a-z]{1,3}(?![^\W\d_])")
"""What begins like a symbol with the prefix M, which is a thousand million times m."""


@dataclass(frozen=True, slots=True)
class Match:
    """A concept that a code or text stands for.

    `kind` says how: it denotes the concept, its past occurrence, a product of it, or only covers it among others; a
    text may begin with a name and go on to something else.
    `by` says how it was found: by the code, by words, or by the wider code of which this one is a kind.
    """

    concept: NamedNode
    kind: Kind
    by: By


class Terminology:
    """Looks codes, texts and units up in a closed guideline graph; what it has indexed it keeps."""

    def __init__(self, store: Store) -> None:
        """Read from `store`, which must not change afterwards."""
        self._store = store
        self._members = cache(self._read_members)
        self._labels = cache(self._read_labels)
        self._cues = cache(self._read_cues)
        self._wider = cache(self._read_wider)

    def find_code(self, system: str, code: str) -> tuple[Match, ...]:
        """Return what a code means; nothing when it is not known.

        `system` is a URI or a name of the code system. In a hierarchical system an unknown code means what the
        longest known code that it begins with means; dots do not count. Where it tells of a later time
        (gkg:laterNotation), an event that the known code denotes is past.
        """
        for node in self._systems.get(_system_key(system), ()):
            known = self._codes.get(node, {})
            whole = _code_key(code, dotless=node in self._hierarchical)
            if whole in known:
                return tuple(Match(concept, kind, "code") for kind, concept in known[whole])
            if node in self._hierarchical and (begun := [code for code in known if whole.startswith(code)]):
                is_later = any(re.fullmatch(late, whole) for late in self._names(node, (LATER_NOTATION,)))
                return tuple(
                    Match(
                        concept,
                        "history" if is_later and kind == "denotes" and self.is_event(concept) else kind,
                        "wider",
                    )
                    for kind, concept in known[max(begun, key=len)]
                )
        return ()

    def is_event(self, concept: NamedNode) -> bool:
        """Tell whether a condition happens on a day, and may happen anew, rather than last."""
        return any("true" in self._names(node, (IS_EVENT,)) for node in (concept, *self._wider(concept)))

    def find_text(self, text: str, kind: NamedNode) -> tuple[Match, ...]:
        """Return the concepts of the class `kind` that a text names as whole words, in any case.

        A name within a longer one that fits as well is not counted. The kind of the match is "denotes" where the
        name opens the text or a part of it ("name 70 mg / …"), and "covers" where other words stand before
        it ("no …", "… salt of"): they may turn its meaning. So may words after the name of an agent
        ("… analogue"), unless they are of its form, strength or route (gkg:formWord): then it is "begins".
        """
        names_agents = kind in {AGENT, AGENT_CLASS}
        folded = fold(text[:LONGEST])
        taken: list[tuple[int, int]] = []
        found: dict[NamedNode, Match] = {}
        for name, concept in self._labels(kind):
            if name not in folded or (len(name) < SHORTEST_WITHIN and name != folded):
                continue
            for hit in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", folded):
                if any(start <= hit.start() and hit.end() <= end for start, end in taken):
                    continue
                taken.append(hit.span())
                way: Kind = "denotes" if opens(folded, hit.start()) else "covers"
                if way == "denotes" and names_agents and not closes(folded, hit.end(), self._form_words):
                    way = "begins"
                match = Match(concept, way, "text")
                if concept not in found or match.kind == "denotes":
                    found[concept] = match
        return tuple(found.values())

    def find_cues(self, text: str, kind: NamedNode) -> tuple[NamedNode, ...]:
        """Return the concepts of the class `kind` that words anywhere in a text make possible, sorted.

        A cue within a longer one is not counted.
        """
        cue, concepts = self._cues(kind)
        found: set[NamedNode] = set()
        read = 0
        for hit in cue.finditer(fold(text)):
            if hit.end(1) > read:
                read = hit.end(1)
                found |= concepts[hit[1]]
        return tuple(sorted(found, key=str))

    def is_near(self, concept: NamedNode, other: NamedNode) -> bool:
        """Tell whether two conditions are the same, or one is a kind of the other."""
        return concept == other or concept in self._wider(other) or other in self._wider(concept)

    def has_system(self, system: str) -> bool:
        """Tell whether a published code system goes by this URI or name."""
        return any(any(self._names(node, (SYSTEM_URI,))) for node in self._systems.get(_system_key(system), ()))

    def is_called(self, concept: NamedNode, text: str) -> bool:
        """Tell whether a text is nothing but a name of the concept."""
        return any(fold(name) == fold(text) for name in self._names(concept, NAMES))

    def is_measured_in(self, observable: NamedNode, specimen: Iterable[str]) -> bool:
        """Tell whether words for a specimen name one in which it is measured; so they do where either is not told."""
        right = [fold(word) for word in self._names(observable, (SPECIMEN,))]
        said = [fold(text) for text in specimen]
        return not right or not said or any(word in text for word in right for text in said)

    def says_nothing(self, text: str) -> bool:
        """Tell whether a text does not tell which thing it is of: "unknown", "disease (disorder)"."""
        return without_tag(fold(text)) in self._empty_names

    def find_unit(self, text: str) -> NamedNode | None:
        """Return the unit with this UCUM code (whose case matters), or else with this name in any case.

        A symbol that begins with M in upper case only is not one that begins with m.
        """
        if known := self._unit_codes.get(text.strip()):
            return known
        return None if MEGA.match(text.strip()) else self._unit_names.get(fold(text))

    def name(self, concept: NamedNode) -> str:
        """Return the name by which messages call a concept."""
        return min(self._names(concept, (PREF_LABEL, RDFS_LABEL)), default=concept.value)

    def ucum(self, unit: NamedNode) -> str:
        """Return the UCUM code of a unit."""
        return next(self._names(unit, (NOTATION,)), "")

    def is_a(self, concept: NamedNode, kind: NamedNode) -> bool:
        """Tell whether a concept is of a class."""
        return concept in self._members(kind)

    def concepts(self, kind: NamedNode) -> tuple[NamedNode, ...]:
        """Return all concepts of a class, sorted."""
        return tuple(sorted(self._members(kind), key=str))

    def members(self, agent_class: NamedNode) -> tuple[NamedNode, ...]:
        """Return the agents of a class of agents, sorted."""
        quads = self._store.quads_for_pattern(None, MEMBER_OF, agent_class)
        found = {q.subject for q in quads if isinstance(q.subject, NamedNode)}
        return tuple(sorted(found & self._members(AGENT), key=str))

    def _read_members(self, kind: NamedNode) -> frozenset[NamedNode]:
        quads = self._store.quads_for_pattern(None, TYPE, kind)
        return frozenset(q.subject for q in quads if isinstance(q.subject, NamedNode))

    def _read_labels(self, kind: NamedNode) -> tuple[tuple[str, NamedNode], ...]:
        """Return the folded names of the concepts of a class, longest first."""
        found = {(fold(name), node) for node in self._members(kind) for name in self._names(node, NAMES)}
        return tuple(sorted(found, key=lambda pair: (-len(pair[0]), pair[0])))

    def _read_cues(self, kind: NamedNode) -> tuple[re.Pattern[str], dict[str, set[NamedNode]]]:
        """Return the pattern of the cues of a class, and what each makes possible."""
        found: defaultdict[str, set[NamedNode]] = defaultdict(set)
        for node in self._members(kind):
            for word in self._names(node, (CUE,)):
                found[fold(word)].add(node)
        return cue_pattern(found), found

    def _read_wider(self, concept: NamedNode) -> frozenset[NamedNode]:
        """Return what a condition is a kind of, at any remove."""
        found: set[NamedNode] = set()
        todo = [concept]
        while todo:
            objects = {quad.object for quad in self._store.quads_for_pattern(todo.pop(), KIND_OF, None)}
            new = {node for node in objects if isinstance(node, NamedNode)} - found
            found |= new
            todo.extend(new)
        return frozenset(found)

    def _names(self, node: NamedNode, predicates: tuple[NamedNode, ...]) -> Iterator[str]:
        for predicate in predicates:
            for quad in self._store.quads_for_pattern(node, predicate, None):
                if isinstance(quad.object, RdfLiteral):
                    yield quad.object.value

    @cached_property
    def _empty_names(self) -> frozenset[str]:
        return self._texts(EMPTY_NAME)

    @cached_property
    def _form_words(self) -> frozenset[str]:
        return self._texts(FORM_WORD)

    def _texts(self, predicate: NamedNode) -> frozenset[str]:
        quads = self._store.quads_for_pattern(None, predicate, None)
        return frozenset(fold(q.object.value) for q in quads if isinstance(q.object, RdfLiteral))

    @cached_property
    def _systems(self) -> dict[str, list[NamedNode]]:
        """Code systems by every URI and name that they have; one URI may stand for several."""
        found: defaultdict[str, list[NamedNode]] = defaultdict(list)
        for node in sorted(self._members(NamedNode(CORE + "CodeSystem")), key=str):
            for name in {_system_key(n) for n in self._names(node, (SYSTEM_URI, NOTATION, *NAMES))}:
                found[name].append(node)
        return found

    @cached_property
    def _hierarchical(self) -> set[NamedNode]:
        quads = self._store.quads_for_pattern(None, HIERARCHICAL, None)
        return {
            q.subject
            for q in quads
            if isinstance(q.subject, NamedNode) and isinstance(q.object, RdfLiteral) and q.object.value == "true"
        }

    @cached_property
    def _codes(self) -> dict[NamedNode, dict[str, tuple[tuple[Kind, NamedNode], ...]]]:
        """Meanings by system and code."""
        found: defaultdict[NamedNode, dict[str, tuple[tuple[Kind, NamedNode], ...]]] = defaultdict(dict)
        for coded in self._store.quads_for_pattern(None, CODE_SYSTEM, None):
            if isinstance(coded.subject, NamedNode) and isinstance(coded.object, NamedNode):
                meanings = tuple(self._meanings(coded.subject))
                for notation in self._names(coded.subject, (NOTATION,)):
                    key = _code_key(notation, dotless=coded.object in self._hierarchical)
                    found[coded.object][key] = meanings
        return found

    def _meanings(self, code: NamedNode) -> Iterator[tuple[Kind, NamedNode]]:
        for link, kind in LINKS.items():
            objects = {q.object for q in self._store.quads_for_pattern(code, link, None)}
            yield from ((kind, o) for o in sorted(objects, key=str) if isinstance(o, NamedNode))

    @cached_property
    def _unit_names(self) -> dict[str, NamedNode]:
        units = sorted(self._members(UNIT), key=str, reverse=True)
        return {fold(n): unit for unit in units for n in self._names(unit, (HIDDEN_LABEL, ALT_LABEL, RDFS_LABEL))}

    @cached_property
    def _unit_codes(self) -> dict[str, NamedNode]:
        units = sorted(self._members(UNIT), key=str, reverse=True)
        return {code: unit for unit in units for code in self._names(unit, (NOTATION,))}


def _system_key(system: str) -> str:
    """Fold what does not tell code systems apart: case, http or https, a version after |, a slash at the end."""
    return SCHEME.sub("//", fold(system).partition("|")[0].rstrip("/"))


def _code_key(code: str, *, dotless: bool) -> str:
    folded = fold(code)
    return folded.replace(".", "") if dotless else folded

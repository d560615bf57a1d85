"""CodeableConcepts (https://hl7.org/fhir/R4/datatypes.html#CodeableConcept) and coded statuses, understood or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from kg_service.knowledge.names import fold
from kg_service.patients.fhir.element import Element, shown_code
from kg_service.patients.terminology import CONDITION, Match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import NamedNode

    from kg_service.patients.terminology import Terminology

Meaning = TypeVar("Meaning")
CODES_SHOWN = 3
VOID = frozenset({"entered-in-error", "cancelled"})
"""Codes of statuses, of whatever resource, by which it says nothing of the patient."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a CodeableConcept says: codes with their systems, and texts."""

    codes: tuple[tuple[str, str], ...]
    texts: tuple[str, ...]

    def shown(self) -> str:
        """Return the codes as remarks show them."""
        codes = dict.fromkeys(shown_code(system, code) for system, code in self.codes[:CODES_SHOWN])
        return ", ".join(codes) or "a text without a code"

    def lacking(self) -> str:
        """Return why no code tells what it is, as remarks say it."""
        if not self.codes:
            return "there is no code"
        codes = self.shown()
        return "its code is not known here" if codes.startswith("a code") else f"{codes} is not known here"

    @property
    def is_bare(self) -> bool:
        """Whether it is codes alone, which no reader understands who does not know them."""
        return bool(self.codes) and not self.texts

    def is_readable(self, terminology: Terminology) -> bool:
        """Tell whether a reader can say that it is something else: a code of a known system, and a text that tells."""
        tells = any(not terminology.says_nothing(text) for text in self.texts)
        return tells and any(terminology.has_system(system) for system, _ in self.codes)


def read_words(concept: Element | None) -> Words:
    """Return the codes and the texts of a CodeableConcept, in the order in which they stand."""
    if concept is None:
        return Words((), ())
    codings = concept.children("coding")
    codes = [(coding.text("system") or "", code) for coding in codings if (code := coding.text("code"))]
    texts = [concept.text("text"), *(coding.text("display") for coding in codings)]
    return Words(tuple(codes), tuple(dict.fromkeys(text for text in texts if text)))


def by_code(words: Words, terminology: Terminology, kinds: tuple[NamedNode, ...]) -> list[Match]:
    """Return what the codes mean, of these classes."""
    found = [match for system, code in words.codes for match in terminology.find_code(system, code)]
    fitting = [match for match in found if any(terminology.is_a(match.concept, kind) for kind in kinds)]
    return list(dict.fromkeys(fitting))


def by_text(words: Words, terminology: Terminology, kinds: tuple[NamedNode, ...]) -> list[Match]:
    """Return what the first text that names anything of these classes names."""
    for text in words.texts:
        found = [match for kind in kinds for match in terminology.find_text(text, kind)]
        if found:
            return list(dict.fromkeys(found))
    return []


def by_cues(
    texts: Iterable[str], terminology: Terminology, understood: Iterable[Match], kind: NamedNode = CONDITION
) -> list[Match]:
    """Return what of a class words in any of the texts make possible, beside what is understood and its like."""
    known = {match.concept for match in understood}
    found = {concept: None for text in texts for concept in terminology.find_cues(text, kind)}
    further = [node for node in found if not any(terminology.is_near(node, other) for other in known)]
    return [Match(node, "covers", "text") for node in further]


def understand(parent: Element, name: str, terminology: Terminology, kind: NamedNode) -> tuple[Words, list[Match]]:
    """Return the words of a CodeableConcept and what they mean as `kind`: by code, else by text, else nothing.

    A remark says so unless a code is understood.
    """
    words = read_words(parent.child(name))
    if found := by_code(words, terminology, (kind,)):
        return words, found
    found = by_text(words, terminology, (kind,))
    if found:
        names = " and ".join(sorted({terminology.name(match.concept) for match in found}))
        parent.remark(f"Understood by its words only, as {names}: {words.lacking()}", name)
    elif words.codes or words.texts:
        said = "stands for" if words.codes else "names"
        parent.remark(f"Not understood: {words.shown()} {said} no {terminology.name(kind)} known here", name)
    else:
        parent.remark("There is neither a code nor a text: it may be anything", name)
    return words, found


def coded(element: Element, name: str, known: Mapping[str, Meaning]) -> Meaning | None:
    """Return what a status given as CodeableConcept means; a remark when it is none of those known."""
    concept = element.child(name)
    if concept is None:
        return None
    words = read_words(concept)
    for code in (*(code for _, code in words.codes), *words.texts):
        if fold(code) in known:
            return known[fold(code)]
    concept.remark(f"This {name} is none of FHIR R4, so it is unknown")
    return None


def plain(element: Element, name: str, known: Mapping[str, Meaning], otherwise: Meaning) -> Meaning:
    """Return what a status given as code means; `otherwise`, with a remark, when it is none of those known."""
    code = element.text(name)
    if code is not None and code in known:
        return known[code]
    element.remark(f"This {name} is none of FHIR R4, so it is unknown" if code else f"There is no {name}", name)
    return otherwise

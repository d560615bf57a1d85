"""Observation and RiskAssessment to observations; yes and no to a condition's code make a condition or an absence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kg_service.knowledge.names import fold
from kg_service.patients.fhir.chart import term
from kg_service.patients.fhir.coding import VOID, Words, by_code, by_cues, by_text, plain, read_words
from kg_service.patients.fhir.conditions import ENTERED_IN_ERROR, Facts, Origin, write_conditions, write_possible
from kg_service.patients.fhir.element import decimal_literal
from kg_service.patients.fhir.periods import when
from kg_service.patients.fhir.quantities import Quantity, read_quantity
from kg_service.patients.terminology import CONDITION, OBSERVABLE, Match

if TYPE_CHECKING:
    from pyoxigraph import Literal, NamedNode

    from kg_service.patients.fhir.chart import Chart, Draft
    from kg_service.patients.fhir.element import Element
    from kg_service.patients.fhir.entries import Entry

IN_ERROR, CANCELLED, UNKNOWN = term("EnteredInError"), term("Cancelled"), term("UnknownStatus")
STATUSES = {
    **dict.fromkeys(("final", "amended", "corrected"), term("Done")),
    **dict.fromkeys(("registered", "preliminary"), term("Preliminary")),
    "cancelled": CANCELLED,
    "unknown": UNKNOWN,
    "entered-in-error": IN_ERROR,
}
UNCONFIRMED = term("Unconfirmed")
VERIFIED = {term("Preliminary"): term("Provisional"), UNKNOWN: term("Unconfirmed")}
LEVELS = {
    **dict.fromkeys(("l", "ll", "low", "critical low", "critically low"), term("Low")),
    **dict.fromkeys(("n", "normal"), term("Normal")),
    **dict.fromkeys(("h", "hh", "high", "critical high", "critically high"), term("High")),
}
NORMAL = re.compile(r"\b(?:normal|referen)")
YES_OR_NO = "http://terminology.hl7.org/CodeSystem/v2-0136"
ANSWERS = {
    **dict.fromkeys(("yes", "true", "present", f"{YES_OR_NO}|y".casefold()), True),
    **dict.fromkeys(("no", "false", "absent", f"{YES_OR_NO}|n".casefold()), False),
}
LARGEST_PROBABILITY = 100
PER_CENT = "%"
TAG = re.compile(r"\s*\([^()]*\)$")
VALUES = (
    "valueCodeableConcept", "valueString", "valueBoolean", "valueRange", "valueRatio", "valueSampledData", "valueTime",
    "valueDateTime", "valuePeriod",
)  # fmt: skip


class Stated(NamedTuple):
    """What holds for an observation and its components alike."""

    status: NamedNode
    effective: Literal | None
    recorded: Literal | None


class Part(NamedTuple):
    """An observation or one of its components, and what its code stands for."""

    name: str
    element: Element
    words: Words
    observables: list[Match]
    conditions: list[Match]

    @property
    def says_nothing(self) -> bool:
        """Whether nothing tells what it is of."""
        return not self.words.codes and not self.words.texts


def read_observation(chart: Chart, entry: Entry) -> None:
    """Read an Observation (https://hl7.org/fhir/R4/observation.html) and each component as one of its own."""
    element = chart.element(entry)
    components = element.children("component")
    parts = [_part("", element, chart), *(_part(f"component-{n}", c, chart) for n, c in enumerate(components))]
    if not components and parts[0].says_nothing:
        observables = [Match(node, "covers", "code") for node in chart.terminology.concepts(OBSERVABLE)]
        parts = [parts[0]._replace(observables=observables)]
        element.remark("There is neither a code nor a text: anything may have been observed", "code")
    understood = [part for part in parts if part.observables or part.conditions]
    for part in parts:
        _write_named(chart, entry, part)
        if part not in understood and not (part.element is element and components):  # a mere heading of components
            part.element.remark(f"Not understood: {part.words.shown()} stands for no observable known here", "code")
    if not understood:
        return
    stated = _stated(element)
    heading = parts[0]
    for part in understood:
        if part.observables:
            _write_observation(chart, entry, part, stated)
        elif part is not heading and heading not in understood:
            part.element.remark("What this finding is of is not understood, as its heading is not: it is only possible")
            _write_finding(chart, entry, part, stated._replace(status=UNKNOWN))
        else:
            _write_finding(chart, entry, part, stated)


def _part(name: str, element: Element, chart: Chart) -> Part:
    words = read_words(element.child("code"))
    observables = by_code(words, chart.terminology, (OBSERVABLE,))
    conditions = by_code(words, chart.terminology, (CONDITION,))
    if not observables and not conditions:
        observables = by_text(words, chart.terminology, (OBSERVABLE,))
        observables = observables or by_cues(words.texts, chart.terminology, (), OBSERVABLE)
    return Part(name, element, words, observables, conditions)


def _stated(element: Element) -> Stated:
    status = plain(element, "status", STATUSES, UNKNOWN)
    whose = [part.text("reference") for part in (element.child("subject"), *element.children("focus")) if part]
    if element.has("focus") and len(set(whose)) > 1 and status not in {IN_ERROR, CANCELLED}:
        element.remark("It may be of somebody or something else than the patient: it is only possible", "focus")
        status = UNKNOWN
    if element.has("effectiveTiming"):
        element.remark("A timing is no one date: it is not read", "effectiveTiming")
    return Stated(status, _effective(element), element.date("issued"))


def _effective(element: Element) -> Literal | None:
    return when(element, "effective").latest or element.date("effectiveInstant")


def _write_observation(chart: Chart, entry: Entry, part: Part, stated: Stated) -> None:
    draft = chart.record(entry, "Observation", part.name, part.element.path)
    _write_observable(draft, part.element, part.words, part.observables, _specimen(chart, entry))
    draft.say("status", stated.status)
    draft.say("effective", stated.effective)
    draft.say("recorded", stated.recorded)
    quantity = _value(part.element, chart)
    level = _interpretation(part.element)
    if level is None and part.element.children("interpretation"):
        part.element.remark("The interpretation is not understood: the value is not used", "interpretation")
        quantity = Quantity(None, None)
    _write_quantity(draft, quantity)
    _write_limits(draft, part.element, quantity)
    draft.say("interpretation", level)


def _specimen(chart: Chart, entry: Entry) -> tuple[str, ...]:
    """Return the words for the specimen that was examined."""
    reference = chart.element(entry).child("specimen")
    found = chart.library.find(reference, entry, ("Specimen",))
    words = read_words(chart.element(found).child("type")) if found else Words((), ())
    display = reference.text("display") if reference else None
    return (*words.texts, *filter(None, [display]))


def _write_observable(
    draft: Draft, place: Element, words: Words, matches: list[Match], specimen: tuple[str, ...] = ()
) -> None:
    """Write what was observed: of the codes the surest.

    Words that are not just its name do not prove it, nor does a name beside a specimen that may be another.
    """
    terminology = draft.chart.terminology
    sure = [match for match in matches if match.kind != "covers"]
    chosen = sure or matches
    for match in chosen:
        draft.say("observable", match.concept)
    if chosen[0].by == "text":
        fitting = [match.concept for match in chosen if terminology.is_measured_in(match.concept, specimen)]
        if specimen and not fitting:
            place.remark("The specimen may be one in which something else is measured: the value is only possible")
        named = {node for node in fitting if any(terminology.is_called(node, text) for text in words.texts)}
        draft.say("codeMatch", term("ByText" if len(named) == len(chosen) else "ByWiderCode"))
        names = " and ".join(sorted(terminology.name(match.concept) for match in chosen))
        place.remark(f"Understood by its words only, as {names}: {words.shown()} is not known here", "code")
    elif not sure:
        draft.say("codeMatch", term("ByWiderCode"))


def write_any_observable(draft: Draft) -> None:
    """Write that anything may have been observed."""
    for observable in draft.chart.terminology.concepts(OBSERVABLE):
        draft.say("observable", observable)
    draft.say("codeMatch", term("ByWiderCode"))


def _value(element: Element, chart: Chart) -> Quantity:
    """Return a value that is a number; a remark on any other."""
    if element.has("valueQuantity"):
        return read_quantity(element.child("valueQuantity"), chart.terminology)
    if element.has("valueInteger"):
        return Quantity(element.number("valueInteger"), None)
    for name in VALUES:
        if element.has(name):
            element.remark("The value is no quantity: it is not used", name)
    return Quantity(None, None)


def _write_quantity(draft: Draft, quantity: Quantity) -> None:
    if quantity.value is not None:
        draft.say("value", decimal_literal(quantity.value))
        draft.say("unit", quantity.unit)


def _write_limits(draft: Draft, element: Element, quantity: Quantity) -> None:
    """Write the laboratory's own range, where there is one such range and it is in the unit of the value."""
    ranges = [one for one in element.children("referenceRange") if _is_normal(one) and _is_for_all(one)]
    if quantity.value is None or not ranges:
        return
    if len(ranges) > 1:
        element.remark("Several reference ranges: none is used", "referenceRange")
        return
    for side, name in (("low", "lowLimit"), ("high", "highLimit")):
        limit = read_quantity(ranges[0].child(side), draft.chart.terminology)
        if limit.value is None:
            continue
        if limit.unit is not None and limit.unit == quantity.unit:
            draft.say(name, decimal_literal(limit.value))
        else:
            ranges[0].remark("The limit is not in the unit of the value: it is not used", side)


def _is_for_all(reference: Element) -> bool:
    """Tell whether a range is for everybody; whether the patient is one of those named cannot be told."""
    if reference.has("age") or reference.has("appliesTo"):
        reference.remark("The range is for some people only: it is not used")
        return False
    return True


def _is_normal(reference: Element) -> bool:
    """Tell whether a range is the normal one, which it also is where nothing says what it is."""
    words = read_words(reference.child("type"))
    said = {fold(word) for word in [code for _, code in words.codes] or words.texts}
    if said and not any(NORMAL.search(word) for word in said):
        reference.remark("The range is not said to be the normal one: it is not used", "type")
        return False
    return True


def _interpretation(element: Element) -> NamedNode | None:
    """Return the one level that the laboratory's interpretation names."""
    levels: set[NamedNode | None] = set()
    for concept in element.children("interpretation"):
        words = read_words(concept)
        said = (fold(text) for text in (*(code for _, code in words.codes), *words.texts))
        levels |= {LEVELS[text] for text in said if text in LEVELS} or {None}
    return levels.pop() if len(levels) == 1 else None


def _write_finding(chart: Chart, entry: Entry, part: Part, stated: Stated) -> None:
    """Write a yes or no to a condition. When it began is not said: only when it was found."""
    if stated.status == IN_ERROR:
        part.element.remark(ENTERED_IN_ERROR)
        return
    if stated.status == CANCELLED:
        part.element.remark("The observation was cancelled: left out")
        return
    answer = _answer(part.element)
    found = stated.effective or stated.recorded
    verification = VERIFIED.get(stated.status)
    if answer is None:
        part.element.remark("Neither yes nor no to the condition that the code stands for: it is only possible")
        verification = UNCONFIRMED
    facts = Facts(found, verification=verification, effective=found if answer is False else None)
    kind = "Absence" if answer is False else "Condition"
    write_conditions(chart, Origin(entry, part.name, part.element.path), kind, part.conditions, facts)


def _write_named(chart: Chart, entry: Entry, part: Part) -> None:
    """Write the conditions that a value names, or that the words of an affirmed code make possible: no more than that.

    Of a code that is understood the words say nothing more.
    """
    element, terminology = part.element, chart.terminology
    if chart.element(entry).text("status") in VOID:
        return
    words = read_words(element.child("valueCodeableConcept"))
    texts = [*words.texts, *filter(None, [element.text("valueString")])]
    found = by_code(words, terminology, (CONDITION,))
    found = found or by_text(Words((), tuple(texts)), terminology, (CONDITION,))
    if not part.observables and not part.conditions and _answer(element):
        texts += part.words.texts
    stated = _effective(chart.element(entry))
    further = [*found, *by_cues(texts, terminology, [*found, *part.conditions])]
    origin = Origin(entry, f"{part.name}-value".removeprefix("-"), element.path)
    write_possible(chart, origin, further, Facts(stated, verification=UNCONFIRMED))


def _answer(element: Element) -> bool | None:
    """Return what value[x] answers, by boolean, by yes-or-no code, or by the very word."""
    if element.has("valueBoolean"):
        return element.boolean("valueBoolean")
    words = read_words(element.child("valueCodeableConcept"))
    said = [f"{system}|{code}" for system, code in words.codes]
    said += [TAG.sub("", text) for text in (*words.texts, element.text("valueString") or "")]
    answers = {ANSWERS[fold(text)] for text in said if fold(text) in ANSWERS}
    return answers.pop() if len(answers) == 1 else None


def read_risk_assessment(chart: Chart, entry: Entry) -> None:
    """Read a RiskAssessment (https://hl7.org/fhir/R4/riskassessment.html): each prediction is an observation."""
    element = chart.element(entry)
    status = plain(element, "status", STATUSES, UNKNOWN)
    effective = when(element, "occurrence").latest
    for place, prediction in enumerate(element.children("prediction")):
        words = read_words(prediction.child("outcome"))
        found = by_code(words, chart.terminology, (OBSERVABLE,)) or by_text(words, chart.terminology, (OBSERVABLE,))
        if not found:
            prediction.remark(f"Not understood: {words.shown()} stands for no risk known here", "outcome")
            continue
        draft = chart.record(entry, "Observation", f"prediction-{place}", prediction.path)
        _write_observable(draft, prediction, words, found)
        draft.say("status", status)
        draft.say("effective", effective)
        _write_quantity(draft, _probability(prediction, chart))


def _probability(prediction: Element, chart: Chart) -> Quantity:
    """Return a probability, which R4 gives in per cent."""
    if prediction.has("probabilityRange"):
        prediction.remark("A range is no one probability: it is not read", "probabilityRange")
    value = prediction.number("probabilityDecimal")
    if value is None:
        return Quantity(None, None)
    if not 0 <= value <= LARGEST_PROBABILITY:
        prediction.fault("A probability is between 0 and 100 per cent: correct it.", "probabilityDecimal")
        return Quantity(None, None)
    if 0 < value < 1:
        prediction.remark(
            "Read as per cent, as FHIR R4 has it; a share of 1 would be a hundred times as much", "probabilityDecimal"
        )
    return Quantity(value, chart.terminology.find_unit(PER_CENT))

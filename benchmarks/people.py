"""Draws patients as a description of a population says (see population.yaml), in the vocabulary of records.

The description is in words of a graph; this code knows none of them. A value in it is a plain value, a range such as
8.6..10.2 (both ends may come, with as many decimals as are written), or a mapping of such values to weights, where the
null key means that nothing is recorded. A date is given as a number of days from an anchor.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import yaml
from fhir_names import RESOURCE_TYPES, URN
from pyoxigraph import Literal, NamedNode, Triple

from kg_service.knowledge.namespaces import BASE, PATIENT, TYPE, XSD
from kg_service.patients.calendar import DATE, MONTH, YEAR
from kg_service.patients.record import PatientRecord
from kg_service.patients.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kg_service import Guideline

DESCRIPTION = Path(__file__).with_name("population.yaml")
RANGE = re.compile(r"(-?\d+(?:\.(\d+))?)\.\.(-?\d+(?:\.\d+)?)")
PRECISIONS = {"day": (DATE, 10), "month": (MONTH, 7), "year": (YEAR, 4)}
"""The datatype of a date known so well, and how many letters of an ISO date are known."""

CONCEPTS = frozenset({"condition", "agent", "observable"})
UNITS = {"unit": ("value", "dose"), "everyUnit": ("every",)}
"""What is left out where no number is recorded that it is the unit of."""

ENDS = frozenset({"end", "abatement"})
ONGOING = "Ongoing"
SAME_AS = "="
THEN, AND = " then ", " and "
YEAR_DAYS = 365

Draft: TypeAlias = dict[str, Any]


class Course(NamedTuple):
    """One treatment of a patient: its doses, or when it began; when it last went on; and its records."""

    name: str
    days: list[dt.date]
    end: dt.date
    drafts: list[Draft]


@dataclass(frozen=True, slots=True)
class Life:
    """What holds for all records of one patient."""

    random: random.Random
    until: dt.date
    is_sloppy: bool
    is_by_urn: bool

    def iri(self, kind: str) -> NamedNode:
        """Return a new IRI, such as a reader of FHIR makes for a resource of this kind."""
        name = new_id(self.random)
        return NamedNode(f"{URN}{name}" if self.is_by_urn else f"{BASE}record/{RESOURCE_TYPES[kind]}/{name}")


class Population:
    """Patients by seed and number: the same two give the same patient, whichever others are drawn."""

    def __init__(self, graph: Guideline, path: Path = DESCRIPTION) -> None:
        """Read the description at `path`, which is in words of `graph`."""
        self.described: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.as_of: dt.date = self.described["as_of"]
        self._store = graph.store
        properties = Vocabulary.of(graph.store).properties
        self._ranges = {node.value.removeprefix(PATIENT): kind for node, kind in properties.items()}
        self._members = cache(self._read_members)
        self._term = cache(self._make_term)

    def patients(self, seed: int, numbers: Iterable[int]) -> Iterator[PatientRecord]:
        """Yield the patients with these numbers."""
        return (self.patient(seed, number) for number in numbers)

    def patient(self, seed: int, number: int) -> PatientRecord:
        """Return the patient with this number, as records in the patient vocabulary."""
        rng = random.Random(f"patient {seed} {number}")  # noqa: S311 - a sample, no secret
        said = self.described
        kind = said["people"][draw(rng, said["shares"])]
        died = draw(rng, said["died"])
        until = self.as_of - dt.timedelta(days=died or 0)
        life = Life(rng, until, rng.random() < said["sloppy"], rng.random() < said["by_urn"])
        patient = life.iri("Patient")
        person = {"type": "Patient", "sex": draw(rng, kind["sex"]), "birthDate": self._birth(life, kind["age"])}
        if died is not None:
            person["deathDate"] = _date(until)
        triples = [*self._triples(patient, person)]
        for draft in self._drafts(life, kind["history"]):
            triples += self._triples(life.iri(draft["type"]), {**draft, "subject": patient})
        return PatientRecord(patient, patient.value, tuple(triples), (), ())

    def _birth(self, life: Life, age: object) -> Literal | None:
        faulty = self.described["faulty"]
        if life.random.random() < faulty["share"]:
            return Literal(faulty["birthDate"], datatype=DATE)
        days = draw(life.random, age) * YEAR_DAYS + life.random.randrange(YEAR_DAYS)
        return self._dated(life, self.as_of - dt.timedelta(days=days))

    def _drafts(self, life: Life, history: Iterable[str]) -> Iterator[Draft]:
        """Yield all records: what was there before any treatment, what stands beside each, and the treatments."""
        said = self.described
        courses = list(self._courses(life))
        yield from self._beside(life, history, courses[0].days[0] if courses else life.until)
        for course in courses:
            yield from self._beside(life, said["treatments"][course.name].get("beside", ()), course.days[0])
            for day in course.days:
                yield from self._beside(life, said["treatments"][course.name].get("each", ()), day)
            yield from course.drafts
        yield from self._beside(life, said["now"], life.until)
        for _ in range(draw(life.random, said["unread"]["records"])):
            yield from self._beside(life, ("unread",), life.until)

    def _courses(self, life: Life) -> Iterator[Course]:
        """Yield the treatments of a pathway one after the other, as far as they have begun."""
        pathway = draw(life.random, self.described["pathways"]) or ""
        end: dt.date | None = None
        for name in filter(None, pathway.split(THEN)):
            treatment = self.described["treatments"][name]
            begin = (
                life.until - dt.timedelta(days=draw(life.random, treatment["begun"]))
                if end is None
                else end + dt.timedelta(days=draw(life.random, treatment["after"]))
            )
            if begin > life.until:
                return
            course = self._course(life, name, begin)
            end = course.end
            yield course

    def _course(self, life: Life, name: str, begin: dt.date) -> Course:
        """Return a treatment by one prescription: doses on days, or one use or order that lasts."""
        treatment = self.described["treatments"][name]
        rng = life.random
        prescribed = {"start": 0} | {key: draw(rng, value) for key, value in treatment["record"].items()}
        days, end = [begin], begin
        if "lasts" in treatment:
            prescribed["end"] = draw(rng, treatment["lasts"])
            end = min(begin + dt.timedelta(days=prescribed["end"]), life.until)
        else:
            for _ in range(draw(rng, treatment["number"]) - 1):
                days.append(days[-1] + dt.timedelta(days=draw(rng, treatment["step"])))
            days = [day for day in days if day <= life.until]
            end = days[-1]
        return Course(name, days, end, [draft for day in days for draft in self._draft(life, prescribed, day)])

    def _beside(self, life: Life, groups: Iterable[str], anchor: dt.date) -> Iterator[Draft]:
        """Yield what is drawn of each of the groups, dated from the anchor."""
        for group in groups:
            names = draw(life.random, self.described["groups"][group]) or ""
            for name in filter(None, names.split(AND)):
                yield from self._draft(life, self.described["records"][name], anchor)

    def _draft(self, life: Life, template: Mapping[str, Any], anchor: dt.date) -> Iterator[Draft]:
        """Yield the one record that a template describes; none where it would lie in the future.

        What would end in the future has no end yet, and a treatment without an end goes on.
        """
        specified = {**self.described["defaults"].get(template["type"], {}), **template}
        said = {key: draw(life.random, value) for key, value in specified.items()}
        offsets = {key: value for key, value in said.items() if self._ranges.get(key) == "" and isinstance(value, int)}
        for key, offset in offsets.items():
            day = anchor + dt.timedelta(days=offset)
            if day > life.until and key not in ENDS:
                return
            said[key] = self._dated(life, day) if day <= life.until else None
            if day > life.until and "agent" in said:
                said["status"] = ONGOING
        if life.is_sloppy:
            self._slip(life, said)
        if not any(said.get(key) for key in CONCEPTS):
            said.setdefault("unreadable", False)  # it is something else
        for unit, numbers in UNITS.items():
            if all(said.get(number) is None for number in numbers):
                said[unit] = None
        copied = {key: said.get(value[1:]) for key, value in said.items() if str(value).startswith(SAME_AS)}
        yield said | copied

    def _slip(self, life: Life, said: Draft) -> None:
        """Spoil a record by the first of the slips that happens; one that nobody reads stays as it is."""
        for slip in self.described["slips"] if said.keys() & CONCEPTS else ():
            if said["type"] in slip["of"] and life.random.random() < slip["share"]:
                said |= {**dict.fromkeys(slip.get("drop", ())), **slip.get("set", {})}
                return

    def _dated(self, life: Life, day: dt.date) -> Literal | None:
        """Return a date as exactly as it is known; None where it is not."""
        precision = draw(life.random, self.described["precision"]) if life.is_sloppy else "day"
        return None if precision is None else _date(day, precision)

    def _triples(self, node: NamedNode, said: Draft) -> Iterator[Triple]:
        yield Triple(node, TYPE, NamedNode(PATIENT + said["type"]))
        for key, value in said.items():
            if value is not None and key != "type":
                term = value if isinstance(value, Literal | NamedNode) else self._term(key, value)
                yield Triple(node, NamedNode(PATIENT + key), term)

    def _make_term(self, key: str, value: object) -> NamedNode | Literal:
        """Return a value of a property as a literal of its datatype, or as the thing of that name."""
        wanted = self._ranges[key]
        if wanted.startswith(XSD):
            return Literal(str(value).lower(), datatype=NamedNode(wanted))
        members = self._members(wanted)
        if str(value) not in members:
            raise LookupError(f"{value} is no value of {key} in the graph: correct the description.")
        return members[str(value)]

    def _read_members(self, kind: str) -> Mapping[str, NamedNode]:
        """Return the things of a class by local name."""
        found = (quad.subject for quad in self._store.quads_for_pattern(None, TYPE, NamedNode(kind)))
        return {node.value.rpartition("/")[2]: node for node in found if isinstance(node, NamedNode)}


def draw(rng: random.Random, value: Any) -> Any:  # noqa: ANN401 - whatever a description holds
    """Draw a plain value: one of a mapping by its weights, or one of a range; a plain value stays as it is."""
    if isinstance(value, dict):
        (value,) = rng.choices(list(value), list(value.values()))
    bounds = _bounds(value) if isinstance(value, str) else None
    if bounds is None:
        return value
    low, high, decimals = bounds
    number = rng.randint(low, high)
    return f"{number / 10**decimals:.{decimals}f}" if decimals else number


def new_id(rng: random.Random) -> str:
    """Return a random UUID that the same generator gives again."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


@cache
def _bounds(text: str) -> tuple[int, int, int] | None:
    """Return the ends of a range, counted in units of its last decimal, and how many decimals it has."""
    match = RANGE.fullmatch(text)
    if match is None:
        return None
    decimals = len(match[2] or "")
    return round(float(match[1]) * 10**decimals), round(float(match[3]) * 10**decimals), decimals


def _date(day: dt.date, precision: str = "day") -> Literal:
    datatype, length = PRECISIONS[precision]
    return Literal(day.isoformat()[:length], datatype=datatype)

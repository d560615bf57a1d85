"""One JSON object of a resource with its place: what is read through it is checked and, where wrong, noted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from kg_service.knowledge.namespaces import XSD
from kg_service.patients.fhir.dates import date_literal
from kg_service.patients.record import Fault, Remark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DECIMAL = NamedNode(XSD + "decimal")
LARGEST_EXPONENT = 30
SHOWN = re.compile(r"[A-Za-z0-9.:\-]{1,20}", re.ASCII)
"""The codes that remarks quote: what else may stand in their place may be words about a person."""

MODIFIERS = ("modifierExtension", "implicitRules")
SURROGATE = re.compile("[\ud800-\udfff]")
TYPE_SHOWN = re.compile(r"[A-Za-z]{1,40}", re.ASCII)
SYSTEM_SHOWN = re.compile(r"(?:https?://|urn:)[!-~]{1,80}", re.IGNORECASE)


@dataclass(slots=True)
class Notes:
    """Remarks and faults as they are found. Remarks with the same reason are one, with the first place and a count."""

    _remarks: dict[str, tuple[str, int]] = field(default_factory=dict)
    _faults: dict[Fault, None] = field(default_factory=dict)

    def remark(self, path: str, reason: str) -> None:
        """Note something not understood."""
        first, count = self._remarks.get(reason, (path, 0))
        self._remarks[reason] = (first, count + 1)

    def fault(self, path: str, reason: str) -> None:
        """Note something of the wrong form."""
        self._faults[Fault(path, reason)] = None

    def absorb(self, other: Notes) -> None:
        """Take over what other notes hold."""
        for reason, (path, count) in other._remarks.items():
            first, before = self._remarks.get(reason, (path, 0))
            self._remarks[reason] = (first, before + count)
        self._faults.update(other._faults)

    def remarks(self) -> Iterator[Remark]:
        """Yield the remarks in the order in which they were first made."""
        for reason, (path, count) in self._remarks.items():
            more = f" (and {count - 1} more)" if count > 1 else ""
            yield Remark(path, f"{reason.removesuffix('.')}{more}.")

    def faults(self) -> Iterator[Fault]:
        """Yield the faults in the order in which they were found."""
        yield from self._faults


@dataclass(frozen=True, slots=True)
class Element:
    """A JSON object at a place. An absent member and a null one are the same; a member of the wrong type is a fault."""

    value: Mapping[str, object]
    path: str
    notes: Notes

    def at(self, name: str) -> str:
        """Return the path of a member."""
        return f"{self.path}.{name}"

    def has(self, name: str) -> bool:
        """Tell whether there is such a member."""
        return self.value.get(name) is not None

    def remark(self, reason: str, name: str | None = None) -> None:
        """Note something not understood, here or at a member."""
        self.notes.remark(self.at(name) if name else self.path, reason)

    def fault(self, reason: str, name: str) -> None:
        """Note a member of the wrong form."""
        self.notes.fault(self.at(name), reason)

    def child(self, name: str) -> Element | None:
        """Return the object that a member is."""
        value = self.value.get(name)
        if isinstance(value, dict):
            return opened(value, self.at(name), self.notes)
        if value is not None:
            self.fault("An object was expected here: write it as FHIR R4 says.", name)
        return None

    def children(self, name: str) -> list[Element]:
        """Return the objects in the array that a member is."""
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fault("An array was expected here: write it in square brackets.", name)
            return []
        found = []
        for place, item in enumerate(value):
            if isinstance(item, dict):
                found.append(opened(item, f"{self.at(name)}[{place}]", self.notes))
            elif item is not None:
                self.notes.fault(f"{self.at(name)}[{place}]", "An object was expected here: write it as FHIR R4 says.")
        return found

    def text(self, name: str) -> str | None:
        """Return the string that a member is, without white space around; none when that leaves nothing."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.fault("A string was expected here: write it in double quotes.", name)
            return None
        if not is_sound(value):
            self.fault("The string holds a lone surrogate, which is no character: leave it out.", name)
            return None
        return value.strip() or None

    def texts(self, name: str) -> list[str]:
        """Return the strings in the array that a member is."""
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(one is None or isinstance(one, str) for one in value):
            self.fault("An array of strings was expected here: write it as FHIR R4 says.", name)
            return []
        return [one for one in value if one]

    def boolean(self, name: str) -> bool | None:
        """Return the boolean that a member is."""
        value = self.value.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.fault("true or false was expected here, without quotes.", name)
        return None

    def number(self, name: str) -> Decimal | None:
        """Return the number that a member is."""
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            self.fault("A number was expected here, without quotes.", name)
            return None
        number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
        if not number.is_finite() or (number and abs(number.adjusted()) > LARGEST_EXPONENT):
            self.fault("The number is beyond all measure: correct it.", name)
            return None
        return number

    def date(self, name: str) -> Literal | None:
        """Return the date, dateTime or instant that a member is, as the day, month or year that it writes."""
        written = self.text(name)
        if written is None:
            return None
        literal = date_literal(written)
        if literal is None:
            self.fault("This is no date: write it like 2026-01-31, 2026-01 or 2026.", name)
        return literal


def opened(value: Mapping[str, object], path: str, notes: Notes) -> Element:
    """Return a JSON object as an element; a fault where it holds what turns the meaning of the rest around.

    See https://hl7.org/fhir/R4/extensibility.html#modifierExtension: who does not understand one must not go on.
    """
    for name in MODIFIERS:
        if value.get(name):
            notes.fault(f"{path}.{name}", "This may turn the meaning around, and is not understood: send it without.")
    return Element(value, path, notes)


def objects_in(value: object) -> Iterator[Mapping[str, object]]:
    """Yield all objects in some JSON, in no certain order."""
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, list):
            pending.extend(part)
        elif isinstance(part, dict):
            yield part
            pending.extend(inner for inner in part.values() if isinstance(inner, dict | list))


def is_sound(text: str) -> bool:
    """Tell whether all of a string is characters (no lone surrogates)."""
    return text.isascii() or not SURROGATE.search(text)


def decimal_literal(number: Decimal) -> Literal:
    """Return an xsd:decimal, written without exponent."""
    return Literal(f"{number:f}", datatype=DECIMAL)


def shown(text: str | None, what: str) -> str:
    """Return a code or unit as remarks show it: as it stands, or where it is no such thing, by `what` it should be."""
    return text if text and SHOWN.fullmatch(text) else f"a {what} not known here"


def shown_type(kind: str) -> str:
    """Return a resourceType as remarks show it."""
    return kind if TYPE_SHOWN.fullmatch(kind) else "resource of a type not known here"


def shown_code(system: str, code: str) -> str:
    """Return a code with its system as remarks show it."""
    place = "(no system)" if not system else system if SYSTEM_SHOWN.fullmatch(system) else "(a system not known here)"
    return f"{place}|{code}" if SHOWN.fullmatch(code) else "a code not known here"

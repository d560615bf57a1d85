"""Quantities (https://hl7.org/fhir/R4/datatypes.html#Quantity): a number in a unit that the graph knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg_service.patients.fhir.element import Element, shown

if TYPE_CHECKING:
    from decimal import Decimal

    from pyoxigraph import NamedNode

    from kg_service.patients.terminology import Terminology

UCUM_SYSTEMS = {None, "http://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8"}


class Quantity(NamedTuple):
    """An exact value and its unit, each where it is known."""

    value: Decimal | None
    unit: NamedNode | None


def read_quantity(element: Element | None, terminology: Terminology) -> Quantity:
    """Return value and unit. A value with a comparator (<, >=) is only a bound: it is left out, with a remark."""
    if element is None:
        return Quantity(None, None)
    value = element.number("value")
    if element.text("comparator"):
        element.remark("The value is only bounded, not known: it is not used", "comparator")
        value = None
    return Quantity(value, _unit(element, terminology) if value is not None else None)


def _unit(element: Element, terminology: Terminology) -> NamedNode | None:
    """Return the unit by UCUM code and by text; none, with a remark, when unknown or when the two contradict."""
    code = element.text("code") if element.text("system") in UCUM_SYSTEMS else None
    word = element.text("unit")
    named = {unit for text in (code, word) if text and (unit := terminology.find_unit(text))}
    if len(named) == 1:
        return named.pop()
    if named:
        element.remark(
            f"Code and text give two units, {' and '.join(sorted(map(terminology.ucum, named)))}: neither is used"
        )
    elif code or word:
        what = shown(code or word, "unit")
        element.remark(
            f"The unit {what} is not known here" if what in {code, word} else "It is in a unit not known here"
        )
    return None

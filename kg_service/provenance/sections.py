"""Impact and difference as people read them: a heading and a table for each kind of thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.knowledge.table import to_table
from kg_service.provenance.diff import Changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg_service.provenance.diff import Difference
    from kg_service.provenance.impact import Impact

Rows = list[list[str]]


def impact_text(impact: Impact, width: int | None) -> str:
    """Return what falls and what stands as text, at most `width` characters wide where that is given."""
    told = impact.to_dict()
    rules = [[one["rule"], *(", ".join(one[key]) for key in ("withdrawn", "left", "reads"))] for one in told["rules"]]
    sections: list[tuple[str, Sequence[str], Rows]] = [
        ("Statements that fall", ["statement"], [[name] for name in told["statements"]]),
        ("What others say of them, which falls too", list(TRIPLE), [_triple(one) for one in told["references"]]),
        ("Derived links that fall", list(TRIPLE), [_triple(one) for one in told["fallen"]]),
        (
            "Derived links that stand, borne out by others",
            [*TRIPLE, "for example by"],
            [[*_triple(one), ", ".join(one["by"])] for one in told["standing"]],
        ),
        ("Named questions whose answers change", ["question", "parameters", "rows", "lost", "changed"], _lost(impact)),
        ("Patient rules", ["rule", "withdrawn", "still enforces", "reads what falls"], rules),
    ]
    return f"Without {told['withdrawn']}:\n\n" + "\n\n".join(_section(*section, width) for section in sections) + "\n"


def difference_text(found: Difference, width: int | None) -> str:
    """Return the difference as text, at most `width` characters wide where that is given."""
    digests = [[name, getattr(found.before, name), getattr(found.after, name)] for name in ("graph", "rules")]
    links = Changes(found.links_added, found.links_withdrawn, ())
    kinds = {
        "Statements": found.statements,
        "Concepts, codes, quantities, sources and other things": found.things,
        "Derived links": links,
        "Rules": found.rules,
        "Derivations and other shapes": found.derivations,
    }
    told = [to_table(["digest", "before", "after"], digests, width)]
    told += [_section(*section, width) for kind, changes in kinds.items() for section in _changes(kind, changes)]
    if found.patients:
        verdicts = [
            [one.patient, one.rule, one.before or "no such rule", one.after or "no such rule"] for one in found.verdicts
        ]
        told.append(_section("Verdicts changed", ["patient", "rule", "before", "after"], verdicts, width))
    return "\n\n".join(told) + "\n"


def _changes(kind: str, changes: Changes) -> Iterator[tuple[str, Sequence[str], Rows]]:
    """Yield the sections on what differs of one kind, one that says so where nothing does."""
    changed = [
        [one.name, change.property, _values(change.before), _values(change.after)]
        for one in changes.changed
        for change in one.changes
    ]
    sections: list[tuple[str, Sequence[str], Rows]] = [
        (f"{kind} added", ["name"], [[name] for name in changes.added]),
        (f"{kind} withdrawn", ["name"], [[name] for name in changes.withdrawn]),
        (f"{kind} changed", ["name", "property", "before", "after"], changed),
    ]
    yield from [section for section in sections if section[2]] or [(f"{kind} that differ", [], [])]


def _values(values: Sequence[str]) -> str:
    """Return values as one cell; a text of several lines, which is a query, is left to the JSON form."""
    return ", ".join("(a query)" if "\n" in value else value for value in values)


TRIPLE = ("subject", "predicate", "object")


def _triple(one: dict[str, str]) -> list[str]:
    return [one[name] for name in TRIPLE]


def _lost(impact: Impact) -> Rows:
    return [
        [
            lost.question,
            ", ".join(f"{k}={v}" for k, v in lost.parameters.items()),
            str(lost.rows_before),
            str(len(lost.rows)),
            str(len(lost.changed)),
        ]
        for lost in impact.questions
    ]


def _section(heading: str, columns: Sequence[str], rows: Rows, width: int | None) -> str:
    if not rows:
        return f"{heading}: none"
    return f"{heading}: {len(rows)}\n{to_table(columns, rows, width)}"

"""Impact and difference as people read them: a heading and a table for each kind of thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.knowledge.table import to_table

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    changes = [
        [one.statement, change.property, ", ".join(change.before), ", ".join(change.after)]
        for one in found.changed
        for change in one.changes
    ]
    verdicts = [
        [one.patient, one.rule, one.before or "no such rule", one.after or "no such rule"] for one in found.verdicts
    ]
    sections: list[tuple[str, Sequence[str], Rows]] = [
        ("Statements added", ["statement"], [[name] for name in found.added]),
        ("Statements withdrawn", ["statement"], [[name] for name in found.withdrawn]),
        ("Statements changed", ["statement", "property", "before", "after"], changes),
        ("Rules added", ["rule"], [[name] for name in found.rules_added]),
        ("Rules withdrawn", ["rule"], [[name] for name in found.rules_withdrawn]),
    ]
    if found.patients:
        sections.append(("Verdicts changed", ["patient", "rule", "before", "after"], verdicts))
    return "\n\n".join(_section(*section, width) for section in sections) + "\n"


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

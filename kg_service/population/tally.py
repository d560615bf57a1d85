"""How often there was what: counts that add up over patients."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from kg_service.knowledge.table import to_table
from kg_service.validation.report import is_violation
from kg_service.validation.verdicts import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg_service.validation.catalogue import Rule
    from kg_service.validation.verdicts import PatientVerdicts


@dataclass(slots=True)
class Tally:
    """Patients: all, those with a violated rule, an undecided one, something not understood, not judged; and verdicts.

    A record that cannot be read counts as a patient not judged. A rule that only informs is not violated, as in
    `Report.violated`; `unread` are patients of whom a medication could not be read.
    """

    patients: int = 0
    violated: int = 0
    undecided: int = 0
    unread: int = 0
    unclear: int = 0
    faulty: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, patients: Iterable[PatientVerdicts]) -> Self:
        """Count."""
        tally = cls()
        for patient in patients:
            outcomes = {verdict.outcome for verdict in patient.verdicts}
            tally.patients += 1
            tally.violated += any(map(is_violation, patient.verdicts))
            tally.undecided += Outcome.UNDECIDED in outcomes
            tally.unread += patient.unread_treatment
            tally.unclear += bool(patient.not_understood)
            tally.faulty += bool(patient.faults)
            tally.outcomes.update((verdict.rule.name, str(verdict.outcome)) for verdict in patient.verdicts)
        return tally

    def __add__(self, other: Tally) -> Tally:
        """Return the counts of both."""
        return Tally(
            self.patients + other.patients,
            self.violated + other.violated,
            self.undecided + other.undecided,
            self.unread + other.unread,
            self.unclear + other.unclear,
            self.faulty + other.faulty,
            self.outcomes + other.outcomes,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON can hold them."""
        return {
            "patients": self.patients,
            "violated": self.violated,
            "undecided": self.undecided,
            "unread": self.unread,
            "unclear": self.unclear,
            "faulty": self.faulty,
            "outcomes": [[rule, outcome, number] for (rule, outcome), number in sorted(self.outcomes.items())],
        }

    @classmethod
    def from_dict(cls, counts: Mapping[str, Any]) -> Self:
        """Return what `to_dict` has made."""
        outcomes = Counter({(rule, outcome): number for rule, outcome, number in counts["outcomes"]})
        return cls(**{**counts, "outcomes": outcomes})

    def table(self, rules: Iterable[Rule], width: int | None = None) -> str:
        """Return a table of the rules, and how often each had which outcome; at most `width` characters wide."""
        columns = ["rule", *Outcome, "severity", "label"]
        rows = [
            [rule.name, *(f"{self.outcomes[rule.name, outcome]:,}" for outcome in Outcome), rule.severity, rule.label]
            for rule in rules
        ]
        return to_table(columns, rows, width) if width else _aligned([columns, *rows])


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows in columns: numbers to the right, text to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    are_numbers = [column[0].replace(",", "").isdigit() for column in zip(*rows[1:], strict=True)] or [False] * len(
        widths
    )
    lines = [
        "  ".join(
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, are_numbers, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines) + "\n"

"""The report on a validation: verdicts on patients, and of which graph, day and jurisdictions they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from kg_service.knowledge.table import to_frame
from kg_service.validation.verdicts import Outcome

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from pyoxigraph import NamedNode

    from kg_service.patients.record import PatientRecord
    from kg_service.validation.validator import Validator
    from kg_service.validation.verdicts import PatientVerdicts, Verdict

INFO = "info"


@dataclass(frozen=True, slots=True)
class Report:
    """Verdicts on all patients; `jurisdictions` are the names of those asked for (empty: all).

    `query_digest` names the rules, as `graph_digest` names the graph.
    """

    patients: tuple[PatientVerdicts, ...]
    as_of: dt.date
    graph_digest: str
    query_digest: str
    jurisdictions: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, validator: Validator, records: Iterable[PatientRecord], as_of: dt.date, jurisdictions: Sequence[NamedNode]
    ) -> Self:
        """Hold records against the rules of a validator as of a day, for jurisdictions (none: all rules)."""
        graph = validator.graph
        return cls(
            patients=tuple(validator(records, as_of, jurisdictions)),
            as_of=as_of,
            graph_digest=graph.digest,
            query_digest=validator.catalogue.digest,
            jurisdictions=tuple(graph.labels[place.value] for place in jurisdictions),
        )

    @property
    def record(self) -> dict[str, Any]:
        """What a replay needs beside the patients' records, of which it tells nothing."""
        return {
            "graph_digest": self.graph_digest,
            "query_digest": self.query_digest,
            "parameters": {"as_of": self.as_of.isoformat(), "jurisdiction": list(self.jurisdictions)},
        }

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All verdicts on all patients."""
        return tuple(verdict for patient in self.patients for verdict in patient.verdicts)

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many verdicts there are of each outcome; information that applies is counted as violated."""
        return Counter(verdict.outcome for verdict in self.verdicts)

    @property
    def faulty(self) -> bool:
        """Whether a record was of the wrong form and therefore not judged."""
        return any(patient.faults for patient in self.patients)

    @property
    def violated(self) -> bool:
        """Whether a rule is violated, other than one that only informs."""
        return any(is_violation(verdict) for verdict in self.verdicts)

    @property
    def undecided(self) -> bool:
        """Whether a rule could not be decided, or a medication not be read for which one might apply."""
        unread = any(patient.unread_treatment for patient in self.patients)
        return unread or any(verdict.outcome == Outcome.UNDECIDED for verdict in self.verdicts)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as the JSON form has it."""
        from kg_service.validation.reports.document import as_document  # noqa: PLC0415 - which imports this module

        return as_document(self)

    def serialize(self, form: str) -> str:
        """Write the report: see `reports.FORMATS` for the forms; NotAcceptable, with the list, for another."""
        from kg_service.validation.reports import write  # noqa: PLC0415 - which imports this module

        return write(self, form)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row for each patient and rule, with the columns of the CSV form.

        Raises KgServiceError when pandas is not installed.
        """
        from kg_service.validation.reports.rows import COLUMNS, as_text, rows_of  # noqa: PLC0415 - which imports this module

        return to_frame([tuple(map(as_text, row)) for patient in self.patients for row in rows_of(patient)], COLUMNS)

    def __str__(self) -> str:
        """Return the report as people read it."""
        return self.serialize("table")


def is_violation(verdict: Verdict) -> bool:
    """Tell whether the rule is violated and does more than inform."""
    return verdict.outcome == Outcome.VIOLATED and verdict.rule.severity != INFO

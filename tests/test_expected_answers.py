"""Hold the graph to the answers that were worked out by hand from the evidence.

Beside queries/NAME.rq stand files NAME.csv and NAME.PARAMETER=VALUE[.PARAMETER=VALUE].csv. Each gives the whole answer,
row by row in any order, for the columns in its header; cells are written as the tables show them.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service import KnowledgeGraph

QUERIES = Path(__file__).parents[1] / "queries"
EXPECTED = sorted(QUERIES.glob("*.csv"))
NEXT_PARAMETER = re.compile(r"\.(?=[a-z][a-z0-9_]*=)")  # a value may hold a dot: statement=S-EFF-2.1


def read_name(path: Path) -> tuple[str, dict[str, str]]:
    """Return the question and the parameters that a file's name spells."""
    name, *given = NEXT_PARAMETER.split(path.stem)
    return name, dict(pair.split("=", 1) for pair in given)


def difference(wanted: Sequence[tuple[str, ...]], found: Sequence[tuple[str, ...]]) -> list[str]:
    """Say which rows are missing (-) and which are too many (+), sorted so that near ones stand together."""
    missing = Counter(wanted) - Counter(found)
    extra = Counter(found) - Counter(wanted)
    marked = [("- ", row) for row in missing.elements()] + [("+ ", row) for row in extra.elements()]
    return [mark + " | ".join(row) for mark, row in sorted(marked, key=lambda pair: (pair[1], pair[0]))]


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.stem)
def test_answer_has_exactly_the_expected_rows(guideline: KnowledgeGraph, path: Path) -> None:
    name, parameters = read_name(path)
    with path.open(encoding="utf-8", newline="") as file:
        columns, *wanted = (tuple(row) for row in csv.reader(file))
    answer = guideline.query(name, **parameters)
    assert set(columns) <= set(answer.variables), f"{path.name} checks columns that {name} does not have"
    found = [tuple(row[column] for column in columns) for row in answer.readable()]
    wrong = difference(wanted, found)
    assert not wrong, "\n".join([f"{path.name}: - expected, + answered", " | ".join(columns), *wrong])


def test_every_question_has_an_expected_answer(guideline: KnowledgeGraph) -> None:
    checked = {read_name(path)[0] for path in EXPECTED}
    assert checked == set(guideline.questions)


def test_file_names_can_be_written_on_every_system() -> None:
    names = [path.name for path in QUERIES.iterdir()]
    assert [name for name in names if re.search(r'[<>:"/\\|?*\x00-\x1f]|[ .]$', name)] == []
    assert len({name.casefold() for name in names}) == len(names)


def test_a_missing_and_an_extra_row_are_both_told() -> None:
    assert difference([("a", "1"), ("b", "2"), ("b", "2")], [("b", "2"), ("c", "3")]) == [
        "- a | 1",
        "- b | 2",
        "+ c | 3",
    ]

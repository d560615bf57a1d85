"""Tables stay readable at any width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_service.knowledge.table import to_table

COLUMNS = ["id", "remark"]
ROWS = [["A-1", "a remark that is longer than the column"], ["A-22", ""]]


def test_without_a_width_every_row_is_one_line() -> None:
    assert to_table(COLUMNS, ROWS, None) == (
        "id    remark\n"
        "----  ---------------------------------------\n"
        "A-1   a remark that is longer than the column\n"
        "A-22"
    )


def test_long_cells_wrap() -> None:
    assert to_table(COLUMNS, ROWS, 26) == (
        "id    remark\n----  --------------------\nA-1   a remark that is\n      longer than the\n      column\nA-22"
    )


def test_what_cannot_fit_becomes_records_without_empty_fields() -> None:
    columns = [f"column{n}" for n in range(10)]
    rows = [[f"value {n}" for n in range(10)], ["", "only this one, which is too long for the line", *[""] * 8]]
    lines = to_table(columns, rows, 40).splitlines()
    assert lines[:3] == ["[1]", "column0  value 0", "column1  value 1"]
    assert lines[11:] == ["[2]", "column1  only this one, which is too", "         long for the line"]


def test_neighbours_that_differ_in_their_first_cell_share_a_line() -> None:
    rows = [["a", "same"], ["b", "same"], ["c", "other"], ["d", "same"], ["d", "same"], ["", "same"]]
    assert to_table(["first", "second"], rows, 80).splitlines()[2:] == [
        "a, b   same",
        "c      other",
        "d      same",
        "d      same",
        "       same",
    ]


def test_numbers_are_those_of_one_thing() -> None:
    """Two sources with one statement each: 'a, b  1' would say that there is one of both."""
    rows = [["a", "1", "-0.5"], ["b", "1", "-0.5"], ["c", "1", "mg"], ["d", "1", "mg"]]
    assert to_table(["first", "second", "third"], rows, 80).splitlines()[2:] == [
        "a      1       -0.5",
        "b      1       -0.5",
        "c, d   1       mg",
    ]


def test_a_single_column_keeps_its_rows() -> None:
    assert to_table(["only"], [["a"], ["b"], ["b"]], 80) == "only\n----\na\nb\nb"


def test_empty_columns_are_left_out_unless_all_are() -> None:
    assert to_table(["a", "b", "c"], [["", "x", ""]], 80) == "b\n-\nx"
    assert to_table(["a", "b"], [["", ""]], 80) == "a  b\n-  -\n"


def test_no_rows_leave_the_head() -> None:
    assert to_table(COLUMNS, [], 80) == "id  remark\n--  ------"


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in to_table(["a"], [["\x1b[31mred\nnext\tcell"]], None)
    assert to_table(["a"], [["b\nc\td"]], None).splitlines()[2] == "b c d"


CELL = st.text(alphabet=st.sampled_from("abc  -\n"), max_size=60)


@given(st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=4), st.integers(40, 200))
def test_no_line_is_longer_than_the_width_and_no_word_is_lost(rows: list[list[str]], width: int) -> None:
    numbered = [[*row, str(number)] for number, row in enumerate(rows)]  # so that none share a line
    table = to_table(["1", "2", "3", "4", "5"], numbered, width)
    assert max(len(line) for line in table.splitlines()) <= width
    assert sorted(c for c in table if c in "abc") == sorted(
        c for row in rows for cell in row for c in cell if c in "abc"
    )


@pytest.mark.parametrize("count", [8, 12])
def test_wide_answers_fit_an_ordinary_terminal(count: int) -> None:
    table = to_table([f"c{n}" for n in range(count)], [["some words here"] * count], 80)
    assert max(len(line) for line in table.splitlines()) <= 80

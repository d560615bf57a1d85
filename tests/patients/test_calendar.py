"""Calendar indexes order days as the calendar does, and count months as people do."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal

from kg_service.patients.calendar import DATE, MONTH, YEAR, Days, days, index

DAYS = st.dates(dt.date(1, 1, 1), dt.date(9998, 12, 31))


def written(day: dt.date) -> Literal:
    return Literal(day.isoformat(), datatype=DATE)


@given(DAYS, DAYS)
def test_indexes_order_days(one: dt.date, other: dt.date) -> None:
    assert (index(one) < index(other)) == (one < other)


@given(DAYS)
def test_a_year_is_384(day: dt.date) -> None:
    """The same day a year later; for 29 February there is none, and 1 March comes just after it."""
    leap_day = (day.month, day.day) == (2, 29)
    later = dt.date(day.year + 1, 3, 1) if leap_day else day.replace(year=day.year + 1)
    assert index(later) - index(day) == (384 + 4 if leap_day else 384)


@given(DAYS)
def test_a_date_lies_within_its_month_and_its_year(day: dt.date) -> None:
    exact = days(written(day))
    month = days(Literal(day.strftime("%Y-%m").zfill(7), datatype=MONTH))
    year = days(Literal(str(day.year).zfill(4), datatype=YEAR))
    assert exact is not None
    assert month is not None
    assert year is not None
    assert year.first <= month.first <= exact.first == exact.last <= month.last <= year.last


@pytest.mark.parametrize(
    ("text", "first", "last", "rounded"),
    [
        ("2024-02-29", (2024, 2, 29), (2024, 2, 29), (2024, 2, 31)),
        ("2024-02-28", (2024, 2, 28), (2024, 2, 28), (2024, 2, 28)),
        ("2023-02-28", (2023, 2, 28), (2023, 2, 28), (2023, 2, 31)),
        ("2024-04-30", (2024, 4, 30), (2024, 4, 30), (2024, 4, 31)),
        ("2024-02", (2024, 2, 1), (2024, 2, 29), (2024, 2, 31)),
        ("2023-02", (2023, 2, 1), (2023, 2, 28), (2023, 2, 31)),
        ("2024", (2024, 1, 1), (2024, 12, 31), (2024, 12, 31)),
    ],
)
def test_known_dates(text: str, first: tuple[int, int, int], last: tuple[int, ...], rounded: tuple[int, ...]) -> None:
    form = {4: YEAR, 7: MONTH, 10: DATE}[len(text)]
    expected = Days(*((y * 12 + m) * 32 + d for y, m, d in (first, last, rounded)))
    assert days(Literal(text, datatype=form)) == expected


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2023-02-29", DATE), ("2024-13-01", DATE), ("2024-00-10", DATE), ("2024-1-1", DATE), ("20240101", DATE),
        ("2024-01-01Z", DATE), ("2024-01-01T00:00:00", DATE), ("-2024-01-01", DATE), ("0000-01-01", DATE), ("", DATE),
        ("2024-13", MONTH), ("2024-1", MONTH), ("2024-01-01", MONTH), ("24", YEAR), ("20245", YEAR),
        ("yesterday", YEAR), ("\uff12\uff10\uff12\uff14", YEAR),
    ],
)  # fmt: skip
def test_what_is_no_date(text: str, form: object) -> None:
    assert days(Literal(text, datatype=form)) is None


def test_other_literals_are_no_dates() -> None:
    assert days(Literal("2024-01-01")) is None
    assert days(Literal(2024)) is None

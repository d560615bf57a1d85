"""How far a long run is, told on standard error: on a terminal in one line, elsewhere in a line now and then."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TypeVar

import click

from kg_service.cli.output import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg_service.population.run import Stage

TOLD_EVERY = 2.0  # seconds
TOLD_IN_PLACE_EVERY = 0.2
MINUTE, HOUR = 60, 3600

T = TypeVar("T")


class Progress:
    """Takes the stages of a run and tells of them, but not of each."""

    def __init__(self) -> None:
        """Begin to take time."""
        self._in_place = sys.stderr.isatty()
        self._every = TOLD_IN_PLACE_EVERY if self._in_place else TOLD_EVERY
        self._begun = self._last = time.monotonic()
        self._from: Stage | None = None

    def __call__(self, stage: Stage) -> None:
        """Take a stage; tell of it when it is time."""
        now = time.monotonic()
        if self._from is None or self._from.is_survey != stage.is_survey:
            self._from, self._begun = stage, now
        if now - self._last > self._every:
            self._last = now
            self._tell(_as_text(self._from, stage, now - self._begun))

    def end(self) -> None:
        """Leave the line that was written in place."""
        if self._in_place:
            click.echo("\r\x1b[K", err=True, nl=False)

    def _tell(self, text: str) -> None:
        click.echo(f"\r{text}\x1b[K" if self._in_place else text, err=True, nl=not self._in_place)


def tell(records: Iterable[T]) -> Iterator[T]:
    """Pass records on, and tell now and then how many there were: for input of which the size is not known."""
    begun = last = time.monotonic()
    for number, record in enumerate(records, start=1):
        yield record
        now = time.monotonic()
        if now - last > TOLD_EVERY:
            last = now
            click.echo(f"{count(number, 'patient')} checked, {number / (now - begun):,.0f} a second", err=True)


def _as_text(first: Stage, stage: Stage, seconds: float) -> str:
    share = stage.done / max(stage.total, 1)
    if stage.is_survey:
        return f"{share:.0%} of the input surveyed"
    done = stage.done - first.done
    told = f"{count(stage.patients, 'patient')} checked; {share:.0%} of the input"
    if not done:
        return told
    rate = (stage.patients - first.patients) / max(seconds, 1e-9)
    left = _duration(seconds * (stage.total - stage.done) / done)
    return f"{told}; {rate:,.0f} a second, time left {left}"


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"

"""What a quick look at a line of a file tells: whom it is of, and what else decides with which lines it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag


class Trait(IntFlag):
    """What is so of a line."""

    NOTHING = 0
    PATIENT = 1  # describes a patient
    RECORD = 2  # holds a record that is reason enough to judge whom it names, described or not
    CONCERN = 4  # says something of somebody, perhaps not of whom
    COMPLETE = 8  # a bundle of patients and their records, which needs no other line
    SHARED = 16  # holds what records of any patient may refer to
    BROKEN = 32  # not of its format
    OPEN = 64  # leaves verdicts open on all whom it may be of
    WHOLE = 128  # a source that is no FHIR, or cannot be read


@dataclass(slots=True)
class Glance:
    """Whom a line names, and what it is itself: lines that share one of `names` are read together.

    `offered` are further names, by which only lines that use them find this one.
    """

    traits: Trait = Trait.NOTHING
    names: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)

"""Every patient of the case library gets the outcome worked out by hand, from every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import Case, library

if TYPE_CHECKING:
    from kg_service import KnowledgeGraph
    from kg_service.validation.validator import Validator

LIBRARY = library()


@pytest.mark.parametrize("case", LIBRARY, ids=lambda case: case.name)
def test_case(case: Case, guideline: KnowledgeGraph, validator: Validator) -> None:
    (found,) = validator(case.records(guideline), case.as_of)
    assert not found.faults
    outcomes = {v.rule.name: str(v.outcome) for v in found.verdicts if v.outcome != "not-applicable"}
    messages = {v.rule.name: v.message for v in found.verdicts}
    wrong = {
        rule: f"{outcomes.get(rule)} instead of {case.expect.get(rule)}: {messages.get(rule)}"
        for rule in outcomes.keys() | case.expect.keys()
        if outcomes.get(rule) != case.expect.get(rule)
    }
    assert not wrong, case.why
    for rule, part in case.says.items():
        assert part in messages[rule]


def test_every_rule_has_a_case_of_every_outcome(validator: Validator) -> None:
    seen = {(rule, outcome) for case in LIBRARY for rule, outcome in case.expect.items()}
    rules = {rule.name for rule in validator.catalogue.rules}
    absent = {(rule, "not-applicable") for case in LIBRARY for rule in rules - case.expect.keys()}
    wanted = {(rule, o) for rule in rules for o in ("violated", "satisfied", "undecided", "not-applicable")}
    assert wanted - seen - absent == set()


def test_names_are_unique_and_the_library_is_large() -> None:
    names = [case.name for case in LIBRARY]
    assert len(names) == len(set(names)) >= 80

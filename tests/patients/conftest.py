"""The terminology of the released graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg_service.patients.terminology import Terminology

if TYPE_CHECKING:
    from kg_service import KnowledgeGraph


@pytest.fixture(scope="session")
def terminology(guideline: KnowledgeGraph) -> Terminology:
    return Terminology(guideline.store)

"""What all tests share: a cache folder of their own, the released graph, and a small release on knots."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from kg_service import Guideline, load

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile("any machine", deadline=None)  # a busy machine is no failure
settings.load_profile("any machine")

MINI = Path(__file__).parent / "data" / "mini"


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep closures for this run only, so that nothing is read from or left in the user's folder.

    A folder given in KG_SERVICE_CACHE is used instead.
    """
    chosen = os.environ.get("KG_SERVICE_CACHE")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("closures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KG_SERVICE_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def guideline(cache_folder: Path) -> Guideline:  # noqa: ARG001 - set before the first load
    """The released graph. Its closure is the dearest thing of a run, and it does not change: all tests share it."""
    return load()


@pytest.fixture(scope="session")
def knots(cache_folder: Path) -> Guideline:  # noqa: ARG001 - set before the first load
    """A release that has nothing to do with medicine: a second guideline needs no line of code."""
    return load(MINI)

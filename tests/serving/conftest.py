"""A server for the tests of each module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .live import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("server") / "log") as started:
        yield started

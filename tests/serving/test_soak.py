"""A short soak; `python benchmarks/soak.py` is the long one, which also holds the times against each other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of all processes is read from /proc")
def test_hostile_requests_harm_no_other() -> None:
    """Times are not judged here: other tests run beside."""
    command = [sys.executable, str(SOAK), "0.1", "25"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "hostile requests" in result.stdout, result.stderr
    assert "a well-formed request failed" not in result.stdout, result.stdout
    assert "memory grew" not in result.stdout, result.stdout

"""The ontology files as rdflib reads them."""

from pathlib import Path

import pytest
import rdflib

ROOT = Path(__file__).parents[2]
ONTOLOGY_FILES = sorted((ROOT / "ontology").rglob("*.ttl"))


@pytest.fixture(scope="session")
def asserted() -> rdflib.Graph:
    graph = rdflib.Graph()
    for path in ONTOLOGY_FILES:
        graph.parse(path, format="turtle")
    return graph

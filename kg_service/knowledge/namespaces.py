"""The IRIs that the engine itself relies on; everything else it learns from the ontology files."""

from pyoxigraph import NamedNode

BASE = "https://w3id.org/guideline-kg/"
CORE = BASE + "core/"
PART = BASE + "part/"  # figures, regimens and criteria: they have no life outside their statement
PATIENT = BASE + "patient/"  # what records say of a person
RULES = BASE + "rule/"  # what patient records are held against
LOCATOR = BASE + "locator/"  # where in its document a statement stands

INFERRED = NamedNode(BASE + "graph/inferred")
"""The named graph of all that was derived."""

OWL = "http://www.w3.org/2002/07/owl#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
XSD = "http://www.w3.org/2001/XMLSchema#"
DCTERMS = "http://purl.org/dc/terms/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SH = "http://www.w3.org/ns/shacl#"

XSD_DATE = NamedNode(XSD + "date")
TYPE = NamedNode(RDF + "type")
ONTOLOGY = NamedNode(OWL + "Ontology")
RDFS_LABEL = NamedNode(RDFS + "label")
TITLE = NamedNode(DCTERMS + "title")
IDENTIFIER = NamedNode(DCTERMS + "identifier")
PREF_LABEL = NamedNode(SKOS + "prefLabel")
ALT_LABEL = NamedNode(SKOS + "altLabel")
HIDDEN_LABEL = NamedNode(SKOS + "hiddenLabel")
NOTATION = NamedNode(SKOS + "notation")
CODE_SYSTEM = NamedNode(CORE + "codeSystem")
SYSTEM_URI = NamedNode(CORE + "systemUri")
DENOTES = NamedNode(CORE + "denotes")
DENOTES_PRODUCT = NamedNode(CORE + "denotesProductOf")

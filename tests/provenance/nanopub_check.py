"""Reads a list of TriG documents (JSON) and writes what the `nanopub` library finds wrong with each, or null.

Run in a process of its own: the library changes how rdflib reads literals, for the whole process.
"""

from __future__ import annotations

import json
import sys

from nanopub import Nanopub, NanopubConf
from nanopub.utils import MalformedNanopubError
from rdflib import ConjunctiveGraph

AS_IT_IS = NanopubConf(
    add_prov_generated_time=False,
    add_pubinfo_generated_time=False,
    attribute_assertion_to_profile=False,
    attribute_publication_to_profile=False,
)


def fault(document: str) -> str | None:
    graph = ConjunctiveGraph()
    graph.parse(data=document, format="trig")
    try:
        found = Nanopub(rdf=graph, conf=AS_IT_IS)
        valid = found.is_valid and found.has_valid_trusty
    except MalformedNanopubError as error:
        return str(error)
    return None if valid else "not valid"


json.dump([fault(document) for document in json.load(sys.stdin)], sys.stdout)

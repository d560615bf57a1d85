"""Graphs that `kg-service load` makes on a server beside those of the release; no query is asked of them by name."""

from kg_service.knowledge.namespaces import BASE

UNION = BASE + "store/union"
"""Every triple of the release once: the default graph. Servers are slow on, or repeat rows of, a union of many."""

RELEASE = BASE + "store/release"
"""Says which release the server holds, and which graphs are its: written last, removed first."""

NOTHING = BASE + "store/nothing"
"""Never there: given to servers that take an empty list of graphs for all."""

STAGED = BASE + "store/staged/"
"""What begins the name of a graph while it is loaded."""

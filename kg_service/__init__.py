"""Clinical guidelines as a knowledge graph: `load()` gives the graph, ready for questions.

>>> from kg_service import load
>>> kg = load()
>>> print(kg.query("NAME", PARAMETER="value").to_table())  # doctest: +SKIP
"""

from kg_service.errors import KgServiceError
from kg_service.guideline import Guideline
from kg_service.knowledge import Answer, KnowledgeGraph

__all__ = ["Answer", "Guideline", "KgServiceError", "KnowledgeGraph", "__version__", "load"]

__version__ = "0.2.0"

load = Guideline.load

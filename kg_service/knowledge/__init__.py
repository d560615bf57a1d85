"""The knowledge graph: read a release, close it, store it, ask it."""

from kg_service.knowledge.answer import Answer
from kg_service.knowledge.check import CheckReport
from kg_service.knowledge.graph import KnowledgeGraph
from kg_service.knowledge.questions import Parameter, Question

__all__ = ["Answer", "CheckReport", "KnowledgeGraph", "Parameter", "Question"]

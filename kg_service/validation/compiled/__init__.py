"""The fast engine: shapes and derivations compiled to Python functions over one patient's indexed facts."""

from kg_service.validation.compiled.engine import CompiledEngine

__all__ = ["CompiledEngine"]

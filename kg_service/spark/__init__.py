"""A population on Apache Spark: needs the extra `guideline-kg[spark]` and Java."""

from kg_service.spark.population import validate

__all__ = ["validate"]

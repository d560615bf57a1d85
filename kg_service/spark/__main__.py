"""`python -m kg_service.spark`, or `spark-submit` of this file: verdicts on a population, as Parquet."""

from __future__ import annotations

import click
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from kg_service.cli import options
from kg_service.errors import KgServiceError
from kg_service.spark import validate


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="Where Parquet is written; it must not exist.")
@options.as_of
@options.jurisdictions
def main(source: str, output: str, as_of: str | None, jurisdictions: tuple[str, ...]) -> None:
    """Hold the patients of SOURCE against the guideline's rules, with Spark.

    SOURCE is an NDJSON file of FHIR R4 or a folder of them, such as a bulk export, under any path that Spark reads.
    One row is written for each patient and rule, and one for each fault of a record that was not judged.

    Exit status: 0 all is written, 1 it is not, 2 usage or unreadable input.
    """
    spark = SparkSession.builder.appName("guideline-kg").getOrCreate()
    try:
        validate(source, as_of=as_of, jurisdiction=jurisdictions).write.parquet(output)
    except KgServiceError as error:
        raise click.UsageError(str(error)) from error
    except AnalysisException as error:  # a path that is not there, or an output that is
        raise click.UsageError(f"Spark cannot do it: {str(error).splitlines()[0]} Check the paths.") from error
    for row in spark.read.parquet(output).groupBy("outcome").count().orderBy("outcome").collect():
        click.echo(f"{row.outcome}: {row['count']:,}")


if __name__ == "__main__":
    main()

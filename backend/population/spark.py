"""The plan on Spark, for where one machine is outgrown: the same expression, and the same scores.

It needs `pyspark`, which is an extra of this package (`pip install shangding[spark]`) and wants Java 17. Nothing else
of the system imports this module.
"""

from datetime import date
from typing import Any

import ibis.expr.operations as ops
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.expr.types import Table
from pyspark.sql import DataFrame

from scoring.population.choosing import Stages, judge_special
from scoring.population.columns import CityTables
from scoring.population.plan import plan_scores
from scoring.population.weighing import price_contents
from scoring.rulebook import Rulebook


class _Compiler(PySparkCompiler):  # type: ignore[misc]  # ibis ships no types
    """Ibis' own compiler, and what it does not know of Spark."""

    def visit_BitOr(self, _: ops.BitOr, *, arg: object, where: object) -> Any:  # noqa: ANN401, N802 - ibis finds it by its name
        return self.agg.bit_or(arg, where=where)


def score_on_spark(backend: Backend, tables: CityTables, rulebook: Rulebook, *, as_of: date) -> DataFrame:
    """Give everybody's score as `plan_scores` says, by tables of a session whose time zone is UTC.

    The first steps are kept on the way, as on DuckDB: Spark would plan each of them again wherever it is used.
    """
    backend.compiler = _Compiler()
    priced = _keep(backend, "priced", price_contents(tables.contents, rulebook, as_of))
    judged = _keep(backend, "judged", judge_special(tables, rulebook, priced, as_of=as_of))
    return _run(backend, plan_scores(tables, rulebook, as_of=as_of, stages=Stages(priced, judged)))


def _keep(backend: Backend, name: str, expression: Table) -> Table:
    _run(backend, expression).localCheckpoint().createOrReplaceTempView(name)
    return backend.table(name)


def _run(backend: Backend, expression: Table) -> DataFrame:
    session: Any = backend._session  # noqa: SLF001 - ibis gives no other way to it
    found: DataFrame = session.sql(backend.compile(expression))
    return found

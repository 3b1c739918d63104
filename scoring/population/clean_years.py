"""Whole clean calendar years since an account was opened, counted back from the last without a gap."""

from datetime import date

import ibis
from ibis.expr.types import DateValue, IntegerValue, Table

from scoring.pricing import Streak


def find_last_marred(judged: Table, as_of: date) -> DateValue:
    """Give the last day of a past year that a record marred: each that speaks against the person and does not wait.

    A continuing act mars every year until its end. Aggregates over the records of a person; null: none was marred.
    """
    last_day = date(as_of.year - 1, 12, 31)
    until = ibis.greatest(judged.occurred_on, judged.ended_on.fill_null(as_of))
    marred = ibis.least(judged.from_end.ifelse(until, judged.occurred_on), last_day)
    return marred.max(where=judged.is_adverse & ~judged.suspended & (judged.occurred_on <= last_day))


def count_clean_years(since: DateValue, marred_on: DateValue, as_of: date) -> IntegerValue:
    """Count the clean years of an account; none, or less than none, where none is whole or it counts no years."""
    is_new_year = (since.month() == 1) & (since.day() == 1)
    first = is_new_year.ifelse(since.year(), since.year() + 1)
    clean = as_of.year - 1 - ibis.greatest(first - 1, marred_on.year().fill_null(0))
    return since.notnull().ifelse(clean, 0).cast("int64")


def price_years(clean: IntegerValue, streak: Streak) -> IntegerValue:
    """Give the points of so many clean years."""
    return (ibis.least(ibis.greatest(clean, 0), streak.most) * streak.points).cast("int64")

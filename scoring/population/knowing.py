"""Records as they were known at a moment: what is gone is left out, what was corrected is as it was corrected."""

from datetime import datetime

from ibis.expr.types import Table

from scoring.population.columns import CONTENT, KEY, CityTables
from scoring.records import EventKind

_GONE = (EventKind.WITHDRAWN, EventKind.REPAIRED)


def know_records(records: Table, known_at: datetime | None) -> Table:
    """Give the records known at a moment, as they were reported; without a moment, all."""
    return records if known_at is None else records.filter(records.known_at <= known_at)


def find_fates(tables: CityTables, known_at: datetime | None) -> Table:
    """Tell of each record that a later word touched whether it `is_gone` or `suspended`, and its last correction.

    Columns: subject_no, record_no, these two, and `new_` with the name of each column of the content. They say of a
    record what `scoring.records.as_known` says.
    """
    told = tables.events if known_at is None else tables.events.filter(tables.events.known_at <= known_at)
    fates = told.group_by(KEY).aggregate(
        is_gone=told.kind.isin(_GONE).any(),
        objections=(told.kind == EventKind.OBJECTED).sum(),
        decisions=(told.kind == EventKind.DECIDED).sum(),
        correction_no=told.event_no.max(where=(told.kind == EventKind.CORRECTED) & told.occurred_on.notnull()),
    )
    corrections = told.select("subject_no", correction_no="event_no", **{f"new_{name}": told[name] for name in CONTENT})
    found = fates.left_join(corrections, ["subject_no", "correction_no"])
    return found.select(
        *KEY,
        "is_gone",
        *(f"new_{name}" for name in CONTENT),
        suspended=(found.objections > 0) & (found.decisions == 0),
    )


def leave_untouched(records: Table, fates: Table) -> Table:
    """Leave the records of which nothing more was heard."""
    return records.anti_join(fates, KEY).drop("record_no")


def follow(records: Table, fates: Table) -> Table:
    """Give the touched records that are not gone, as they were last corrected; without record_no and known_at."""
    kept = fates.filter(~fates.is_gone)
    found = records.inner_join(kept, KEY)
    is_corrected = found.new_content_no.notnull()
    followed = {f"now_{name}": is_corrected.ifelse(found[f"new_{name}"], found[name]) for name in CONTENT}
    found = found.select("subject_no", "record_hi", "record_lo", "suspended", **followed)
    return found.rename({name: f"now_{name}" for name in CONTENT})

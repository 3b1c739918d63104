"""Records as they were known at a moment: what is gone is left out, what was corrected is as it was corrected."""

from datetime import datetime

import ibis
from ibis.expr.types import Table

from scoring.records import EventKind

_GONE = (EventKind.WITHDRAWN, EventKind.REPAIRED)
_KEY = ("subject", "record_id")


def know(records: Table, events: Table, content: list[str], known_at: datetime) -> Table:
    """Give the records as `scoring.records.as_known` gives each, with `suspended`; `content` are its columns."""
    moment = ibis.literal(known_at)
    told = events.filter(events.known_at <= moment)
    is_content = (told.kind == EventKind.CORRECTED) & told.occurred_on.notnull()
    fates = told.group_by(_KEY).aggregate(
        is_gone=told.kind.isin(_GONE).any(),
        objections=(told.kind == EventKind.OBJECTED).sum(),
        decisions=(told.kind == EventKind.DECIDED).sum(),
        correction_no=told.event_no.max(where=is_content),
    )
    corrections = told.select(*_KEY, "event_no", **{_new(name): told[name] for name in content})
    fates = fates.left_join(
        corrections,
        [*((fates[name] == corrections[name]) for name in _KEY), fates.correction_no == corrections.event_no],
    ).select(
        *(fates[name].name(f"fate_{name}") for name in _KEY),
        fates.is_gone,
        is_suspended=(fates.objections > 0) & (fates.decisions == 0),
        is_corrected=fates.correction_no.notnull(),
        **{_new(name): corrections[_new(name)] for name in content},
    )
    reported = records.filter(records.known_at <= moment)
    joined = reported.left_join(
        fates, [reported.subject == fates.fate_subject, reported.record_id == fates.fate_record_id]
    )
    known = joined.filter(~joined.is_gone.fill_null(False))  # noqa: FBT003 - the value of a column
    return known.select(
        "subject",
        "record_id",
        "indicator",
        suspended=known.is_suspended.fill_null(False),  # noqa: FBT003 - the value of a column
        **{
            name: known.is_corrected.fill_null(False).ifelse(known[_new(name)], known[name])  # noqa: FBT003 - as above
            for name in content
        },
    )


def _new(name: str) -> str:
    return f"new_{name}"

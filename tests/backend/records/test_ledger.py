import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.records.ledger import Report, read_content, read_records, write_content
from backend.records.tables import append_entry
from backend.storage.database import Database
from scoring.admission import Confirmation, Finality, LegalFacts, Procedure
from scoring.records import Event, EventKind, Record
from tests.backend.builders import COURT, NOON, make_report, settle
from tests.scoring.strategies import FIELDS, contents

DAY = timedelta(days=1)
legals = st.builds(
    LegalFacts,
    st.none() | st.text(max_size=10),
    st.none() | st.sampled_from(Procedure),
    st.none() | st.sampled_from(Finality),
    st.booleans(),
    st.none() | st.sampled_from(Confirmation),
)


@given(st.builds(Report, st.sampled_from(sorted(FIELDS)).flatmap(contents), legals))
def test_content_is_read_as_it_was_written(report: Report) -> None:
    assert read_content(json.loads(json.dumps(write_content(report)))) == report


@pytest.mark.parametrize("change", [{"occurred_on": "yesterday"}, {"occurred_on": None}, {"legal": {"luck": 1}}])
def test_content_that_nobody_here_wrote_is_a_fault(change: dict[str, object]) -> None:
    document: dict[str, object] = {
        "occurred_on": "2026-01-01",
        "ended_on": None,
        "fields": {},
        "act": None,
        "legal": {},
    }
    assert read_content(document).legal == LegalFacts()
    with pytest.raises((TypeError, ValueError)):
        read_content(document | change)


def test_a_record_is_read_with_all_that_became_known(database: Database) -> None:
    subject_id = settle(database)
    first: dict[str, object] = {
        "occurred_on": "2026-01-01",
        "ended_on": None,
        "fields": {"hours": 3},
        "act": "a",
        "legal": {},
    }
    second = first | {"occurred_on": "2026-01-02", "legal": {"document_no": "2"}}
    report = make_report(content=first)
    later = {"record_id": report.record_id}
    with database.transaction() as session:
        append_entry(session, subject_id, report, now=NOON)
        append_entry(session, subject_id, make_report(kind="objected", content={}, **later), now=NOON)
        append_entry(session, subject_id, make_report(kind="corrected", content=second, **later), now=NOON + DAY)
    with database.reading() as session:
        (record,) = read_records(session, subject_id)
        (then,) = read_records(session, subject_id, known_at=NOON)
        assert read_records(session, subject_id, known_at=NOON - DAY) == ()
    said, corrected = read_content(first).content, read_content(second).content
    objected = Event(EventKind.OBJECTED, NOON)
    expected = Record(
        record_id=str(report.record_id),
        indicator="volunteer_hours",
        known_at=NOON,
        **said._asdict(),
        source=COURT,
        events=(objected, Event(EventKind.CORRECTED, NOON + DAY, corrected, "2")),
    )
    assert record == expected
    assert then == expected._replace(events=(objected,))


def test_an_entry_about_no_record_is_a_fault(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        append_entry(session, subject_id, make_report(kind="withdrawn", content={}), now=NOON)
    with database.reading() as session, pytest.raises(LookupError, match="never reported"):
        read_records(session, subject_id)

"""Random records of the small city, with corrections, withdrawals, repairs and objections."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from scoring.records import Content, Event, EventKind, Record, Value

FIRST, LAST = date(2021, 1, 1), date(2026, 6, 1)
days = st.dates(FIRST, LAST)
moments = st.datetimes(datetime(2021, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive by hypothesis' own rule
FIELDS: dict[str, st.SearchStrategy[dict[str, Value]]] = {
    "HONOUR": st.fixed_dictionaries({"grade": st.sampled_from(["nation", "city", "school"])}),
    "HOURS": st.fixed_dictionaries({"hours": st.integers(1, 300)}),
    "STARS": st.fixed_dictionaries({"stars": st.integers(1, 5)}),
    "BLOOD": st.just({}),
    "FINE": st.fixed_dictionaries({"amount_fen": st.integers(0, 100_000)}),
    "ARREARS": st.fixed_dictionaries({"months": st.integers(1, 12)}),
    "GRADED": st.fixed_dictionaries({"stated_points": st.integers(-50, -10)}),
    "DEFAULTER": st.just({}),
    "REGISTRATION": st.just({}),
}
CONTINUING = {"ARREARS", "DEFAULTER"}


@st.composite
def contents(draw: st.DrawFn, indicator: str) -> Content:
    occurred_on = draw(days)
    lasts = draw(st.none() | st.integers(0, 900)) if indicator in CONTINUING else None
    return Content(
        occurred_on,
        None if lasts is None else occurred_on + timedelta(days=lasts),
        draw(FIELDS[indicator]),
        draw(st.none() | st.sampled_from(["act-1", "act-2"])),
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    indicator = draw(st.sampled_from(sorted(FIELDS)))
    known_at = draw(moments)
    kinds = draw(st.lists(st.sampled_from(list(EventKind)), max_size=2))
    events = []
    for number, kind in enumerate(kinds, start=1):
        content = draw(contents(indicator)) if kind is EventKind.CORRECTED else None
        events.append(Event(kind, known_at + timedelta(days=draw(st.integers(0, 300)) + number), content))
    events.sort(key=lambda event: event.known_at)
    content = draw(contents(indicator))
    return Record(str(draw(st.uuids())), indicator, known_at, *content, events=tuple(events))


people = st.lists(records(), max_size=14)

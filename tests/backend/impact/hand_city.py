"""A city of 38 people, small enough to be worked out by hand, as files; and a change of its rules and its scenarios.

| who | how many | sex | born | registered | what is known of them              | before   | after    |
|-----|----------|-----|------|------------|------------------------------------|----------|----------|
| A   | 6        | 3+3 | 1990 | 410102     | one blood donation                 | 110 fair | 115 fair |
| B   | 4        | F   | 1990 | 410102     | two of them, the limit of the year | 120 high | 120 high |
| C   | 5        | M   | 2000 | 410105     | one, and six hours as a volunteer  | 116 fair | 121 high |
| E   | 4        | M   | 1980 | 410105     | one fine of 100 yuan               |  95 fair |  90 fair |
| F   | 3        | F   | 1980 | 410105     | two of them, the second doubled    |  85 fair |  70 low  |
| G   | 5        | F   | 1970 | 330106     | a commendation of the nation       | 130 high | 130 high |
| H   | 3        | M   | 1960 | 330106     | on the list of defaulters: a veto  | 100 low  | 100 low  |
| I   | 7        | 4+3 | 1950 | 410181, *  | nothing                            | 100 fair | 100 fair |
| J   | 1        | ?   | ?    | ?          | one blood donation                 | 110 fair | 115 fair |

(3+3: women and men. *: one of them in 110105. ?: not known.) One more is known of and not scored: nobody counts him.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pyarrow as pa

from backend.population.city_files import CityFiles, Kind, begin_files, files_step, open_city_files
from backend.population.columns import split_id, write_rows
from scenarios.scenario_document import read_scenarios
from scoring.rulebook_document import read_rulebook
from tests.scenarios.small_offers import TEXT as OFFERS_TEXT
from tests.scenarios.small_offers import write_scenario
from tests.scoring.small_city import CATALOGUE, RULEBOOK_TEXT

AS_OF = date(2026, 6, 1)
KNOWN_AT = datetime(2026, 6, 1, 3, tzinfo=UTC)
OPENED_ON = date(2026, 1, 5)  # too late for a clean year
PARTS = 2


def amend(text: str, *changes: tuple[str, str]) -> str:
    """Change a document; each passage stands there once."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


OLD_TEXT = RULEBOOK_TEXT
NEW_TEXT = amend(
    RULEBOOK_TEXT,
    ('[rulebook]\ncity = "smallville"\nversion = "1"', '[rulebook]\ncity = "smallville"\nversion = "2"'),
    ('effective_on = 2020-01-01\ntitle = "小城积分规则"', 'effective_on = 2026-07-01\ntitle = "小城积分规则"'),
    ("points = 10\nvalid", "points = 15\nvalid"),
    ("at_most = 50000, points = -5", "at_most = 50000, points = -10"),
    ("小城办法第三条", "小城办法第三条第一款"),
)
BIKE = write_scenario("bike", "deposit_waiver", "limit_fen = 5_000\nlasting_days = 1", "least_points = 85")
OLD_OFFERS_TEXT = OFFERS_TEXT + BIKE
NEW_OFFERS_TEXT = amend(
    OLD_OFFERS_TEXT,
    ('version = "1"\neffective_on = 2026-01-01', 'version = "2"\neffective_on = 2026-07-01'),
    ("limit_fen = 10_000", "limit_fen = 12_000"),
    ("least_points = 140", "least_points = 120"),
)
OLD, NEW = read_rulebook(OLD_TEXT, "old", CATALOGUE), read_rulebook(NEW_TEXT, "new", CATALOGUE)
OLD_OFFERS = read_scenarios(OLD_OFFERS_TEXT, "old offers", OLD)
NEW_OFFERS = read_scenarios(NEW_OFFERS_TEXT, "new offers", NEW)


class Reported(NamedTuple):
    """A record of somebody."""

    indicator: str
    occurred_on: date
    fields: Mapping[str, int | str]
    act: str | None = None


class Person(NamedTuple):
    """Somebody of the city."""

    sex: str | None
    birth_year: int | None
    district: str | None
    records: tuple[Reported, ...] = ()
    since: date | None = OPENED_ON


def list_people() -> Iterator[Person]:
    """List everybody, as the table above has it."""
    blood = Reported("BLOOD", date(2026, 3, 1), {})
    fine = Reported("FINE", date(2026, 2, 1), {"amount_fen": 10_000})
    for sex in ("female", "male"):
        yield from [Person(sex, 1990, "410102", (blood,))] * 3
    yield from [Person("female", 1990, "410102", (blood, blood._replace(occurred_on=date(2026, 4, 1))))] * 4
    yield from [Person("male", 2000, "410105", (blood, Reported("HOURS", date(2026, 2, 1), {"hours": 6})))] * 5
    yield from [Person("male", 1980, "410105", (fine,))] * 4
    yield from [Person("female", 1980, "410105", (fine, fine._replace(occurred_on=date(2026, 3, 1))))] * 3
    honour = Reported("HONOUR", date(2026, 2, 1), {"grade": "nation"})
    yield from [Person("female", 1970, "330106", (honour,))] * 5
    yield from [Person("male", 1960, "330106", (Reported("DEFAULTER", date(2026, 1, 1), {}),))] * 3
    yield from [Person("female", 1950, "410181")] * 4
    yield from [Person("male", 1950, "410181")] * 2
    yield Person("male", 1950, "110105")
    yield Person(None, None, None, (blood,))
    yield Person(None, None, None, (fine,), since=None)


def write_city(folder: Path, living: Iterable[Person] | None = None) -> CityFiles:
    """Write the files of the city, or of one of other people."""
    people = list(enumerate(list_people() if living is None else living))
    said = {(each.indicator, json.dumps(each.fields)) for _, person in people for each in person.records}
    contents = {key: number for number, key in enumerate(sorted(said), start=1)}
    begin_files(folder, city="smallville", parts=PARTS)
    with files_step(folder) as step:
        rows = [{"content_no": number, "indicator": key[0], "items": key[1]} for key, number in contents.items()]
        write_rows(Kind.CONTENTS, step.add(Kind.CONTENTS), [pa.Table.from_pylist(rows)])
        numbers = count(1)
        for part in range(PARTS):
            inside = [(number, person) for number, person in people if number % PARTS == part]
            subjects = [_describe(number, person) for number, person in inside]
            records = [
                {
                    "subject_no": number,
                    "record_no": (record_no := next(numbers)),
                    **dict(zip(("record_hi", "record_lo"), split_id(UUID(int=record_no)), strict=True)),
                    "content_no": contents[each.indicator, json.dumps(each.fields)],
                    "occurred_on": each.occurred_on,
                    "ended_on": None,
                    "act": each.act,
                    "known_at": datetime(2026, 5, 1, tzinfo=UTC),
                }
                for number, person in inside
                for each in person.records
            ]
            for kind, found in ((Kind.SUBJECTS, subjects), (Kind.RECORDS, records)):
                write_rows(kind, step.add(kind, part), [pa.Table.from_pylist(found)])
        step.keep(known_at=KNOWN_AT, is_complete=True)
    return open_city_files(folder)


def _describe(number: int, person: Person) -> dict[str, object]:
    return {
        "subject_no": number,
        "subject_id": str(UUID(int=1000 + number)),
        "facts_version": 1,
        "since": person.since,
        "birth_year": person.birth_year,
        "sex": person.sex,
        "district": person.district,
    }

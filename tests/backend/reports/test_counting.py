"""A small city traced by hand: from scores in columns to what officers and the public read, on both databases."""

from collections import Counter
from datetime import UTC, date, datetime

import duckdb
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from backend.gateways.rulebook_files import read_city
from backend.population.quoting import quote_name
from backend.reports.city_report import Audience, read_people
from backend.reports.counting import count_scores, keep_figures
from backend.reports.distribution import Distribution, Drifts, measure_drifts, publish_day, tell_day
from backend.reports.figure_tables import (
    Cell,
    Counted,
    FigureKind,
    add_day,
    add_offsets,
    find_picture,
    put_pictures,
    read_offsets,
)
from backend.reports.stability import Reading
from backend.storage.database import Database
from tests.backend.reports.small_city import keep_count, make_cells
from tests.databases import run_sql
from tests.scoring.renaming import rename

RULES = read_city("zhengzhou")
DAY, NOW = date(2026, 11, 22), datetime(2026, 11, 21, 19, tzinfo=UTC)
RULEBOOK = RULES.rulebook_on(DAY)
CHANGES = ("UPDATE {} SET people = 1", "DELETE FROM {}")


def load(rows: list[tuple[int, str, int]]) -> duckdb.DuckDBPyConnection:
    """A connection with the scores of people: points, level, points in the first dimension; none in the others."""
    connection = duckdb.connect()
    rest = ", ".join(f"0 AS points_{dimension.code}" for dimension in RULEBOOK.dimensions[1:])
    connection.execute("CREATE TABLE given (points BIGINT, level VARCHAR, points_honour BIGINT)")
    connection.executemany("INSERT INTO given VALUES (?, ?, ?)", rows)
    connection.execute(f"CREATE TABLE scores AS SELECT *, {rest} FROM given")  # noqa: S608 - codes of the rulebook
    return connection


def test_scores_are_counted_by_level_and_band() -> None:
    rows = [
        (200, "outstanding", 30),
        (199, "outstanding", 30),
        (190, "outstanding", 25),
        (189, "outstanding", 9),
        (150, "excellent", 0),
        (151, "outstanding", -1),  # the edge of the level lies inside of a band
        (151, "poor", -10),  # capped by a veto
        (0, "poor", -11),
    ]
    connection = load([(points, level, honour) for points, level, honour in rows])
    found = count_scores(connection, "(SELECT * FROM scores)", RULEBOOK)
    assert found.pop(Cell(FigureKind.DIMENSION, "law:0")) == 8
    assert {cell.name: n for cell, n in found.items() if cell.kind is FigureKind.SCORE} == {
        "outstanding:190": 3,
        "outstanding:180": 1,
        "outstanding:150": 1,
        "excellent:150": 1,
        "poor:150": 1,
        "poor:0": 1,
    }
    honours = {cell.name: n for cell, n in found.items() if cell.name.startswith("honour")}
    assert honours == {"honour:30": 2, "honour:20": 1, "honour:0": 2, "honour:-10": 2, "honour:-20": 1}


def read(database: Database, audience: Audience) -> Distribution:
    with database.reading() as session:
        people = read_people(session, audience)
    assert people is not None
    return people.now


def test_a_day_is_kept_once_and_officers_are_told_whole_tens(database: Database) -> None:
    counts = [make_cells({"good:100": 300, "poor:20": 7}), make_cells({"good:100": 10, "good:110": 18})]
    kept = [
        keep_figures(database, each, day=DAY, rulebook=RULEBOOK, known_at=NOW, now=NOW)
        for each in (counts, [make_cells({"good:100": 1})])
    ]
    assert kept == [True, False]
    found = read(database, Audience.OPERATORS)
    assert (found.counted, found.rounded_to) == (Counted(DAY, 335, "2026.1", RULEBOOK.digest, NOW), 10)
    assert found.people == 340
    assert found.levels == {"good": 330, "poor": None}
    assert found.points == {20: None, 100: 310, 110: None}


def test_what_the_public_reads_follows_from_cells_and_offsets(database: Database) -> None:
    cells = make_cells({"good:100": 310, "good:110": 58, "excellent:120": 38, "poor:20": 7})
    scores = [Cell(FigureKind.SCORE, name) for name in ("good:100", "good:110", "excellent:120", "poor:20")]
    with database.transaction() as session:
        assert add_day(session, Counted(DAY, 413, "2026.1", RULEBOOK.digest, NOW), cells, now=NOW)
        add_offsets(session, dict(zip(scores, (11, 0, 19, 0), strict=True)))
        add_offsets(session, {scores[0]: 3})  # drawn before, and drawn once
    found = read(database, Audience.PUBLIC)
    # 310 - 11 = 299 -> 280; 58 -> 40; 38 - 19 = 19 -> nothing; 7 -> nothing
    assert found.levels == {"good": 320, "excellent": None, "poor": None}
    assert found.points == {20: None, 100: 280, 110: 40, 120: None}
    assert (found.people, found.dimensions) == (320, {})


def test_every_cell_gets_an_offset_that_stays(database: Database) -> None:
    read_all: list[dict[Cell, int]] = []
    for day in (date(2026, 10, 23), DAY):
        assert keep_count(database, RULES, day=day, now=NOW)
        with database.reading() as session:
            read_all.append(read_offsets(session))
    first, second = read_all
    assert first == second
    assert first.keys() == make_cells().keys()
    assert all(0 <= offset < 20 for offset in first.values())


def test_drift_is_that_of_two_days(database: Database) -> None:
    keep_count(database, RULES, day=date(2026, 10, 1), now=NOW, cells=make_cells({"good:100": 1}))
    keep_count(database, RULES, day=date(2026, 10, 22), now=NOW, cells=make_cells({"good:100": 50, "poor:20": 50}))
    keep_count(database, RULES, day=DAY, now=NOW, cells=make_cells({"good:100": 60, "poor:20": 40}))
    with database.reading() as session:
        people = read_people(session, Audience.OPERATORS)
        since = read_people(session, Audience.OPERATORS, since_on=date(2026, 10, 21))
        later = read_people(session, Audience.OPERATORS, day=date(2026, 10, 22), since_on=DAY)
        nothing = read_people(session, Audience.OPERATORS, day=date(2026, 9, 30))
    assert people is not None
    assert people.drifts is not None
    assert people.drifts.since_on == date(2026, 10, 22)  # thirty-one days: the last one until thirty days before
    assert people.drifts.levels.psi == pytest.approx(0.040547, abs=5e-7)
    assert people.drifts.levels.reading is Reading.STABLE
    assert since is not None
    assert since.drifts is not None
    assert since.drifts.since_on == date(2026, 10, 1)
    assert since.drifts.levels.psi is None  # one person then: nothing is told, and nothing follows
    assert later is not None
    assert later.drifts is not None
    assert later.drifts.since_on == date(2026, 10, 1)  # a day is never compared with itself, or with a later one
    assert nothing is None


def test_no_drift_tells_anything_but_what_is_shown() -> None:
    """Two cities that are told alike have the same drift, to the last digit."""
    offsets = dict.fromkeys(make_cells(), 0)
    fuller = make_cells({cell.name: people // 20 * 20 + 19 for cell, people in make_cells().items()})
    earlier = make_cells({"good:100": 200, "slight_breach:80": 100})

    def measure(cells: Counter[Cell]) -> Drifts:
        days = [publish_day(Counted(DAY, 0, "2026.1", "", NOW), each, offsets) for each in (earlier, cells)]
        return measure_drifts(*days)

    assert measure(fuller) == measure(make_cells())
    two = [make_cells({"good:100": 3000 + rest, "good:110": 25 + rest, "poor:20": 1 + rest}) for rest in (0, 4)]
    told = [[tell_day(Counted(DAY, 0, "", "", NOW), each) for each in (earlier, cells)] for cells in two]
    assert measure_drifts(*told[0]) == measure_drifts(*told[1])
    assert measure_drifts(*told[0]).points.psi is not None


@pytest.mark.parametrize("table", ["figure_day", "figure_cell", "figure_offset"])
def test_figures_are_never_changed(database: Database, table: str) -> None:
    keep_count(database, RULES, day=DAY, now=NOW)
    for change in CHANGES:
        with pytest.raises(IntegrityError, match="is append-only"):
            run_sql(database, change.format(table))
    if database.dialect_name == "postgresql":
        with pytest.raises(DBAPIError, match="is append-only"):
            run_sql(database, f"TRUNCATE {table} CASCADE")


def test_no_picture_of_an_earlier_day_stays_beside_those_of_a_later_one(database: Database) -> None:
    drawn = {date(2026, 11, 21): ("levels", "refusals"), DAY: ("levels",)}
    for day, names in drawn.items():
        with database.transaction() as session:
            put_pictures(session, day, Audience.OPERATORS, [(name, "en", f"{name} {day}") for name in names])
    with database.reading() as session:
        found = [find_picture(session, Audience.OPERATORS, name, "en") for name in ("levels", "refusals")]
    assert found == [f"levels {DAY}", None]


def test_an_empty_city_can_be_counted(database: Database) -> None:
    assert keep_count(database, RULES, day=DAY, now=NOW, cells=Counter())
    assert (read(database, Audience.PUBLIC).people, read(database, Audience.OPERATORS).people) == (None, 0)


def test_hostile_codes_are_counted_as_others_are() -> None:
    connection = load([(200, "outstanding", 30)])
    code = "x' || '\" FROM scored); --"
    connection.execute(f"ALTER TABLE scores RENAME points_honour TO {quote_name(f'points_{code}')}")
    found = count_scores(connection, "scores", rename(RULEBOOK, {"honour": code}))
    assert found[Cell(FigureKind.DIMENSION, f"{code}:30")] == 1

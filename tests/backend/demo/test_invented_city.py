"""An invented city: whole, the same for the same seed, made by the stated shares; and scored as `evaluate` says."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from backend.cli import commands
from backend.demo import invented_shares as shares
from backend.demo.invented_city import CitySize, invent_city
from backend.gateways.rulebook_files import read_city
from backend.population.city_files import CityFiles, CityFilesError, Kind
from backend.population.columns import join_id, read_rows
from backend.population.engine import open_engine
from backend.population.verifying import verify_files
from scoring.catalogue import Nature
from scoring.evaluation import evaluate
from scoring.population.weighing import list_sets, name_in_force
from scoring.records import Content, Event, EventKind, Record
from scoring.statement import Reason, Score

DAY = date(2026, 11, 22)
RULEBOOK = read_city("zhengzhou").rulebook_on(DAY)
SIZE = CitySize(day=DAY, people=1_200, records=23_520, parts=2)
SMALL = replace(SIZE, people=100, records=1_000, indicators=50, parts=1)
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CityFiles:
    return invent_city(tmp_path_factory.mktemp("invented") / "city", RULEBOOK, SIZE)


def _read(files: CityFiles, kind: Kind) -> Rows:
    rows: Rows = read_rows(kind, files.list_files(kind)).to_pylist()
    return rows


@pytest.fixture(scope="module")
def contents(files: CityFiles) -> Mapping[int, tuple[str, dict[str, Any]]]:
    return {row["content_no"]: (row["indicator"], json.loads(row["items"])) for row in _read(files, Kind.CONTENTS)}


def test_it_is_whole_and_as_large_as_asked(files: CityFiles) -> None:
    assert verify_files(files) == []
    assert files.is_complete
    assert (files.count_rows(Kind.SUBJECTS), files.count_rows(Kind.RECORDS)) == (1_200, 23_520)


def test_a_seed_makes_the_same_city_and_another_one_another(tmp_path: Path) -> None:
    one, same, other = (
        invent_city(tmp_path / name, RULEBOOK, replace(SMALL, seed=seed))
        for name, seed in (("one", 1), ("same", 1), ("other", 2))
    )
    assert one.digest == same.digest != other.digest
    with pytest.raises(CityFilesError, match="holds a city; give a folder that is empty or new"):
        invent_city(tmp_path / "one", RULEBOOK, SMALL)


def test_the_shares_are_those_that_are_stated(
    files: CityFiles, contents: Mapping[int, tuple[str, dict[str, Any]]]
) -> None:
    records, events, subjects = (_read(files, kind) for kind in (Kind.RECORDS, Kind.EVENTS, Kind.SUBJECTS))
    indicators = [contents[row["content_no"]][0] for row in records]

    def permille(part: int, whole: Rows = records) -> float:
        return part / len(whole) * shares.PER_MILLE

    assert len({indicator for indicator, _ in contents.values()}) == SIZE.indicators
    assert len(contents) > 20_000
    assert permille(sum(each in RULEBOOK.rules_by_indicator for each in indicators)) == pytest.approx(800, abs=10)
    assert permille(sum(row["act"] is not None for row in records)) == pytest.approx(2 * shares.SHARING_AN_ACT, abs=4)
    touched = {(row["subject_no"], row["record_no"]) for row in events}
    assert permille(len(touched)) == pytest.approx(shares.PER_MILLE / shares.ONE_IN, abs=2)
    assert {row["kind"] for row in events} == set(EventKind)
    assert permille(sum(row["since"] is None for row in subjects), subjects) == pytest.approx(shares.NOT_SCORED, abs=15)
    homes = {row["district"] for row in subjects if row["since"]} - {None}
    assert homes == {*shares.HOME_DISTRICTS, *shares.OTHER_DISTRICTS}
    assert {district[:2] for district in homes} == {"00"}  # GB/T 2260 begins with 1 to 8

    by_person = Counter(row["subject_no"] for row in records)
    assert sum(count < 10 for count in by_person.values()) > sum(count > 24 for count in by_person.values()) > 150
    assert max(by_person.values()) > 150
    adverse = Counter(
        row["subject_no"]
        for row, indicator in zip(records, indicators, strict=True)
        if (known := RULEBOOK.catalogue.indicators.get(indicator)) and indicator in RULEBOOK.rules_by_indicator
        if known.nature is Nature.ADVERSE
    )
    with_adverse = shares.ADVERSE_ONCE + shares.ADVERSE_TWICE + shares.ADVERSE_THRICE
    assert permille(len(adverse), subjects) == pytest.approx(with_adverse, abs=25)
    assert permille(sum(count > 1 for count in adverse.values()), subjects) == pytest.approx(27, abs=13)
    by_year = Counter(row["occurred_on"].year for row in records)
    assert by_year[2021] < by_year[2022] < by_year[2023] < by_year[2024] < by_year[2025]
    assert min(row["occurred_on"] for row in records) > DAY - timedelta(days=shares.DAYS_BACK + 70)
    assert any(row["occurred_on"] > DAY for row in records)
    assert all(row["known_at"] < files.known_at for row in (*records, *events))


def test_everybody_is_scored_as_one_by_one(
    files: CityFiles, contents: Mapping[int, tuple[str, dict[str, Any]]]
) -> None:
    with open_engine(files, RULEBOOK.catalogue) as engine:
        scoring = engine.prepare("tested", RULEBOOK, DAY)
        engine.look_at(*range(files.parts))
        scoring.begin()
        found = engine.connection.sql(scoring.compile_scores()).to_arrow_table().to_pylist()
    known = _tell_records(files, contents)
    scores = {
        row["subject_no"]: evaluate(
            known[row["subject_no"]], RULEBOOK, as_of=DAY, known_at=files.known_at, since=row["since"]
        )
        for row in _read(files, Kind.SUBJECTS)
        if row["since"] is not None
    }
    assert {row.pop("subject_no"): row for row in found} == {number: _tell(score) for number, score in scores.items()}
    assert {level.code for level in RULEBOOK.levels} == {score.level.code for score in scores.values()}
    assert 1 < sum(score.incentives_suspended for score in scores.values()) < 20
    assert set(Reason) == {each.reason for score in scores.values() for each in score.uncounted}


def _tell(score: Score) -> dict[str, object]:
    """Tell what the row of a score must hold."""
    in_force = {line.record.indicator for line in score.lines if line.record is not None}
    in_force |= {
        each.record.indicator
        for each in score.uncounted
        if each.reason is Reason.SAME_ACT and (each.lapses_on is None or each.lapses_on > DAY)
    }
    sets = dict.fromkeys(list_sets(RULEBOOK), 0)
    for indicator, place, bit in name_in_force(RULEBOOK):
        sets[f"in_force_{place}"] |= (indicator in in_force) << bit
    return {
        "points": score.points,
        "level": score.level.code,
        "incentives_suspended": score.incentives_suspended,
        "changes_on": score.changes_on,
        **{f"points_{code}": points for code, points in score.dimensions.items()},
        **sets,
    }


def _tell_records(files: CityFiles, contents: Mapping[int, tuple[str, dict[str, Any]]]) -> Mapping[int, list[Record]]:
    events: dict[tuple[int, int], list[Event]] = defaultdict(list)
    for row in _read(files, Kind.EVENTS):
        content = None
        if row["content_no"] is not None:
            content = Content(row["occurred_on"], row["ended_on"], contents[row["content_no"]][1], row["act"])
        events[row["subject_no"], row["record_no"]].append(Event(EventKind(row["kind"]), row["known_at"], content))
    found: dict[int, list[Record]] = defaultdict(list)
    for row in _read(files, Kind.RECORDS):
        indicator, fields = contents[row["content_no"]]
        record_id = str(join_id(row["record_hi"], row["record_lo"]))
        record = Record(record_id, indicator, row["known_at"], row["occurred_on"], row["ended_on"], fields, row["act"])
        later = tuple(events.get((row["subject_no"], row["record_no"]), ()))
        found[row["subject_no"]].append(record._replace(events=later))
    return found


def _invent(folder: Path, indicators: int) -> Result:
    asked = ["population", "invent", str(folder), "--people", "100", "--records", "500", "--day", str(DAY)]
    return CliRunner().invoke(commands, [*asked, "--indicators", str(indicators)])


def test_the_command_says_what_it_cannot_make(tmp_path: Path) -> None:
    made = _invent(tmp_path / "city", 3)
    assert (made.exit_code, "the catalogue has 42 indicators" in made.output) == (2, True)
    for day in ("1990-01-01", "9999-12-31"):
        made = CliRunner().invoke(commands, ["population", "invent", str(tmp_path / "other"), "--day", day])
        assert (made.exit_code, "give a day from 2026-01-01" in made.output) == (2, True)


@pytest.mark.long
def test_the_command_says_what_it_made(tmp_path: Path) -> None:
    made = _invent(tmp_path / "city", 60)
    assert made.exit_code == 0, made.output
    assert "100 people, 500 records, 60 indicators" in made.output

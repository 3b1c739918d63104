"""How long one evaluation takes, with its whole statement, beside the bare addition of the same points.

The floor is the least that any program does which has these records in hand: it asks of each whether it is known, has
begun and has not lapsed, all three read from ready values, and adds its ready points up. No rule is looked for, no
limit applied, no line written. The ratio to it says what finding the rules, pricing, bounding and explaining cost; it
differs from machine to machine far less than microseconds do. Evaluation and floor take turns, so that a machine that
slows down slows both; each figure is the median of the rounds, of the time that the process itself was running.

The person of 20 records has curves by year (volunteer hours, donated money), fixed points for each unit (blood
donations), tables (commendations, fines), two yearly limits that bite, clean years and the ceiling; every record has a
line. Other sizes have the same mix over and over, each twenty a day earlier.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from statistics import median
from time import process_time
from typing import NamedTuple

from backend.gateways.rulebook_files import read_city
from scoring.evaluation import evaluate
from scoring.records import Record, Value

SIZES = (5, 20, 100, 1000)
ROUNDS, RECORDS_A_ROUND = 25, 4_000
DAY, NOW = date(2026, 11, 22), datetime(2026, 11, 22, 4, tzinfo=UTC)
SINCE = date(2023, 1, 1)
RULEBOOK = read_city("zhengzhou").rulebook_on(DAY)


class Ready(NamedTuple):
    """What the floor adds up: the points of a record, and the days between which they count."""

    known_at: datetime
    points: int
    begins_on: date
    lapses_on: date


def list_facts() -> list[tuple[str, date, dict[str, Value]]]:
    """List what the person of 20 records has done, mixed as it would be reported."""
    facts: list[tuple[str, date, dict[str, Value]]] = [
        ("ZZ-ETH-05", date(2026, 1 + month, 3), {"hours": 5 + month}) for month in range(8)
    ]
    facts += [("ZZ-ETH-02", date(2026, 2 + month, 3), {"donations": 1}) for month in range(3)]
    facts += [("ZZ-HON-01", date(2025, 3 + month, 3), {"grade": "city"}) for month in range(3)]
    facts += [("ZZ-ETH-07", date(2026, 3 + month, 3), {"amount_fen": 50_000}) for month in range(3)]
    facts += [("ZZ-LAW-03", date(2026, 5 + month, 3), {"amount_fen": 50_000}) for month in range(3)]
    return [facts[index * 7 % len(facts)] for index in range(len(facts))]


def make_person(size: int) -> list[Record]:
    """Make a person of so many records."""
    facts = list_facts()
    person = []
    for number in range(size):
        indicator, occurred_on, fields = facts[number % len(facts)]
        earlier = timedelta(days=number // len(facts) % 28)
        person.append(Record(f"{number:04}", indicator, NOW, occurred_on - earlier, fields=dict(fields)))
    return person


def add_up(ready: list[Ready]) -> int:
    """Add ready points up, the days checked: the floor."""
    total = RULEBOOK.base
    for known_at, points, begins_on, lapses_on in ready:
        if known_at <= NOW and begins_on <= DAY < lapses_on:
            total += points
    return total


def measure(size: int) -> tuple[float, float, int]:
    """Give the median microseconds of one evaluation and of its floor, and how many lines the statement has."""
    person = make_person(size)
    score = evaluate(person, RULEBOOK, as_of=DAY, known_at=NOW, since=SINCE)
    ready = [
        Ready(line.record.known_at, line.points, line.record.occurred_on, line.lapses_on or date.max)
        for line in score.lines
        if line.record is not None
    ]
    works: tuple[Callable[[], object], ...] = (
        lambda: evaluate(person, RULEBOOK, as_of=DAY, known_at=NOW, since=SINCE),
        lambda: add_up(ready),
    )
    repeats = max(1, RECORDS_A_ROUND // size)
    times: tuple[list[float], ...] = ([], [])
    for _ in range(ROUNDS):
        for work, held in zip(works, times, strict=True):
            begun = process_time()
            for _ in range(repeats):
                work()
            held.append((process_time() - begun) / repeats * 1_000_000)
    return median(times[0]), median(times[1]), len(score.lines)


def main() -> None:
    """Print, for each size, the evaluation, its floor, their ratio, and the evaluation's share of a record."""
    print(f"{'records':>8}{'lines':>7}{'evaluate us':>13}{'a record us':>13}{'floor us':>10}{'ratio':>8}")
    for size in SIZES:
        evaluation, floor, lines = measure(size)
        print(
            f"{size:8}{lines:7}{evaluation:13.1f}{evaluation / size:13.2f}{floor:10.2f}{evaluation / floor:8.1f}",
        )


if __name__ == "__main__":
    main()

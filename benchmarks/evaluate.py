"""How long one evaluation takes, with its statement, beside the bare addition of the same points."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from statistics import median
from time import perf_counter

from backend.gateways.rulebook_files import read_city
from scoring.evaluation import evaluate
from scoring.records import Record, Value

ROUNDS, REPEATS = 15, 400
DAY, NOW = date(2026, 11, 22), datetime(2026, 11, 22, 4, tzinfo=UTC)
RULEBOOK = read_city("zhengzhou").rulebook_on(DAY)


def make_record(number: int, indicator: str, occurred_on: date, **fields: Value) -> Record:
    """Make one record of the benchmark's person."""
    return Record(str(number), indicator, NOW, occurred_on, fields=fields)


def make_person() -> list[Record]:
    """Make a person of 20 records that use a curve, limits, a table, fixed points and minus points."""
    facts: list[tuple[str, date, dict[str, Value]]] = [
        ("ZZ-ETH-05", date(2026, 1 + month, 3), {"hours": 5 + month}) for month in range(8)
    ]
    facts += [("ZZ-ETH-02", date(2026, 2 + month, 3), {"donations": 1}) for month in range(3)]
    facts += [("ZZ-HON-01", date(2024 + year, 3, 3), {"grade": "municipal"}) for year in range(3)]
    facts += [("ZZ-ETH-07", date(2026, 3 + month, 3), {"amount_fen": 50_000}) for month in range(3)]
    facts += [("ZZ-LAW-03", date(2026, 5 + month, 3), {"amount_fen": 50_000}) for month in range(3)]
    return [make_record(number, indicator, day, **fields) for number, (indicator, day, fields) in enumerate(facts)]


def measure(work: Callable[[], object]) -> float:
    """Give the median time of one call, in microseconds."""
    times = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        for _ in range(REPEATS):
            work()
        times.append((perf_counter() - begun) / REPEATS)
    return median(times) * 1_000_000


def main() -> None:
    """Print the evaluation, the floor and their ratio."""
    person = make_person()
    points = {record.record_id: 1 for record in person}
    evaluation = measure(lambda: evaluate(person, RULEBOOK, as_of=DAY, known_at=NOW, since=date(2023, 1, 1)))
    floor = measure(lambda: RULEBOOK.base + sum(points[record.record_id] for record in person))
    lines = len(evaluate(person, RULEBOOK, as_of=DAY, known_at=NOW).lines)
    print(f"evaluate, {len(person)} records, {lines} lines: {evaluation:8.1f} us")
    print(f"bare addition of their points:     {floor:8.1f} us")
    print(f"ratio:                             {evaluation / floor:8.1f}")


if __name__ == "__main__":
    main()

"""Verifications a second, each with a durable grant and access entry, beside the minimal view, in one run.

    .venv/bin/python -m benchmarks.verifications [--database sqlite] [--rounds 3] [--seconds 8]

Server, database and load share the machine's CPUs, as the figure that is wanted says; the database keeps what it is
told (fsync) before it answers. Each scan takes the code of another person. Then the service alone is asked at half of
the wanted rate, paced, and the times of its answers are printed.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from sqlalchemy import create_engine, func, select

from backend.grants.tables import GrantRow
from benchmarks.city import DATABASES, City
from benchmarks.load import Load, put_load, put_paced_load
from benchmarks.merchant_city import made_merchant_city
from benchmarks.servers import HOST, SERVICE, RunningServer, gunicorn, next_port, running

MINIMAL = "benchmarks.minimal_verification:make_minimal_app"
WANTED_RATE = 500
WARM, MOST_A_SECOND = 400, 1600


@dataclass(slots=True)
class Supply:
    """Scans that nobody has sent yet."""

    requests: Sequence[bytes]
    sent: int = 0

    def take(self, number: int) -> Sequence[bytes]:
        """Take the next ones; a ValueError when there are not enough left."""
        if self.sent + number > len(self.requests):
            raise ValueError(f"{len(self.requests)} people are not enough for this load; give --people more")
        self.sent += number
        return self.requests[self.sent - number : self.sent]


def measure(
    servers: Mapping[str, RunningServer], supply: Supply, told: Namespace
) -> dict[str, list[tuple[Load, float]]]:
    """Put full load on each server in turn, round by round; give each load with the CPU time of the server."""
    found: dict[str, list[tuple[Load, float]]] = {name: [] for name in servers}
    for number in range(told.rounds):
        for name in sorted(servers, reverse=number % 2 == 1):
            before = servers[name].read_cpu_s()
            requests = supply.take(int(MOST_A_SECOND * told.seconds))
            load = put_load(
                (HOST, servers[name].port),
                requests,
                connections=told.connections,
                seconds=told.seconds,
                each_once=True,
            )
            found[name].append((load, (servers[name].read_cpu_s() - before) / load.answered * 1_000_000))
    return found


def main() -> None:
    """Print both rates, their ratio, and the times at half of the wanted rate."""
    parser = ArgumentParser(description="Measure verifications beside a minimal view.")
    parser.add_argument("--database", choices=DATABASES, default="postgresql")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    paced = int(WANTED_RATE / 2 * told.seconds)
    people = int(2 * told.rounds * MOST_A_SECOND * told.seconds) + 2 * WARM + paced
    with made_merchant_city(told.database, people=people) as city, ExitStack() as stack:
        supply, servers, answered = Supply(city.requests), {}, 0
        for name, app in (("service", SERVICE), ("minimal view", MINIMAL)):
            port = next_port()
            command = gunicorn(app, port, workers=told.workers, threads=told.threads)
            place = City(city.variables, list(supply.take(WARM)))
            servers[name] = stack.enter_context(running(command, port, place, cpus=None))
            warm = put_load((HOST, port), place.requests[WARM // 2 :], connections=8, seconds=2, each_once=True)
            answered += warm.answered + 1  # and the one by which it was found to run
        found = measure(servers, supply, told)
        half = put_paced_load(
            (HOST, servers["service"].port),
            supply.take(paced),
            connections=told.connections,
            rate=WANTED_RATE / 2,
        )
        given = _count_given(city.variables["SHANGDING_DATABASE_URL"])
    answered += half.answered + sum(load.answered for loads in found.values() for load, _ in loads)
    _show(found, half, told)
    print(f"answers {answered}, grants {given}: as many, but for those under way when a load was cut off")


def _count_given(url: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(GrantRow)) or 0


def _show(found: Mapping[str, list[tuple[Load, float]]], half: Load, told: Namespace) -> None:
    print(f"{told.database}, gunicorn gthread {told.workers} x {told.threads}, {told.connections} connections")
    rates, costs = {}, {}
    for name, loads in found.items():
        rates[name] = median(load.rate for load, _ in loads)
        costs[name] = median(cost for _, cost in loads)
        print(
            f"{name:14}{rates[name]:7.0f} verifications/s, {costs[name]:6.0f} us CPU of the server each,"
            f" p50 {median(load.find_quantile_ms(0.5) for load, _ in loads):6.1f} ms,"
            f" p99 {median(load.find_quantile_ms(0.99) for load, _ in loads):6.1f} ms,"
            f" refused {sum(load.refused for load, _ in loads)}"
        )
    ratio = costs["minimal view"] / costs["service"]
    print(f"ratio of rates {rates['service'] / rates['minimal view']:.2f}, of CPU time {ratio:.2f}")
    print(
        f"at {half.rate:.0f}/s: p50 {half.find_quantile_ms(0.5):.1f} ms, p99 {half.find_quantile_ms(0.99):.1f} ms,"
        f" refused {half.refused}"
    )


if __name__ == "__main__":
    main()

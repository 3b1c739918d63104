"""Look-ups for another city a second, each with its disclosure, message log and look, beside the minimal view.

    .venv/bin/python -m benchmarks.exchange [--database sqlite] [--rounds 3] [--seconds 6]

Server, database and load share the machine's CPUs, as the figure that is wanted says; the database keeps what it is
told (fsync) before it answers. Questions are written, sealed and signed before each stretch of load, so what asking
costs is not in the figures.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from contextlib import ExitStack
from statistics import median

from sqlalchemy import create_engine, func, select

from backend.disclosures.tables import DisclosureRow
from benchmarks.city import DATABASES, City
from benchmarks.exchange_city import ExchangeCity, made_exchange_city
from benchmarks.load import Load, put_load
from benchmarks.servers import HOST, SERVICE, RunningServer, gunicorn, next_port, running

MINIMAL = "benchmarks.minimal_exchange:make_minimal_app"
WARM, MOST_A_SECOND = 200, 800


def measure(
    servers: Mapping[str, RunningServer], city: ExchangeCity, told: Namespace
) -> dict[str, list[tuple[Load, float]]]:
    """Put full load on each server in turn, round by round; give each load with the CPU time of the server."""
    found: dict[str, list[tuple[Load, float]]] = {name: [] for name in servers}
    for number in range(told.rounds):
        for name in sorted(servers, reverse=number % 2 == 1):
            requests = city.sign(city.write_questions(int(MOST_A_SECOND * told.seconds)))
            before = servers[name].read_cpu_s()
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
    """Print both rates and their ratio."""
    parser = ArgumentParser(description="Measure look-ups for another city beside a minimal view.")
    parser.add_argument("--database", choices=DATABASES, default="postgresql")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=5000)
    told = parser.parse_args()
    with made_exchange_city(told.database, people=told.people) as city, ExitStack() as stack:
        servers, answered = {}, 0
        for name, app in (("service", SERVICE), ("minimal view", MINIMAL)):
            port = next_port()
            command = gunicorn(app, port, workers=told.workers, threads=told.threads)
            requests = city.sign(city.write_questions(WARM))
            servers[name] = stack.enter_context(running(command, port, City(city.variables, requests), cpus=None))
            warm = put_load((HOST, port), requests[1:], connections=8, seconds=2, each_once=True)
            answered += warm.answered + 1 if name == "service" else 0
        found = measure(servers, city, told)
        told_of = _count_disclosures(city.variables["SHANGDING_DATABASE_URL"])
    answered += sum(load.answered for load, _ in found["service"])
    _show(found, told)
    print(f"answers {answered}, disclosures {told_of}: as many, but for those under way when a load was cut off")


def _count_disclosures(url: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(DisclosureRow)) or 0


def _show(found: Mapping[str, list[tuple[Load, float]]], told: Namespace) -> None:
    print(f"{told.database}, gunicorn gthread {told.workers} x {told.threads}, {told.connections} connections")
    rates, costs = {}, {}
    for name, loads in found.items():
        rates[name] = median(load.rate for load, _ in loads)
        costs[name] = median(cost for _, cost in loads)
        print(
            f"{name:14}{rates[name]:7.0f} look-ups/s, {costs[name]:6.0f} us CPU of the server each,"
            f" p50 {median(load.find_quantile_ms(0.5) for load, _ in loads):6.1f} ms,"
            f" p99 {median(load.find_quantile_ms(0.99) for load, _ in loads):6.1f} ms,"
            f" refused {sum(load.refused for load, _ in loads)}"
        )
    ratio = costs["minimal view"] / costs["service"]
    print(f"ratio of rates {rates['service'] / rates['minimal view']:.2f}, of CPU time {ratio:.2f}")


if __name__ == "__main__":
    main()

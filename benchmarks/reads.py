"""Authenticated score reads a second of the service beside the minimal view of `minimal_app`, same server, one run.

.venv/bin/python -m benchmarks.reads [--database sqlite] [--rounds 7] [--seconds 2]
"""

from benchmarks.city import made_city
from benchmarks.servers import MINIMAL, SERVICE, compare, gunicorn, make_parser, next_port


def main() -> None:
    """Print both, and their ratio: that of the rates, and that of the CPU time they cost."""
    told = make_parser("Compare the score read with a minimal view.").parse_args()
    commands = {"service": gunicorn(SERVICE, next_port()), "minimal view": gunicorn(MINIMAL, next_port())}
    with made_city(told.database, people=told.people) as city:
        found = compare(commands, city, connections=told.connections, seconds=told.seconds, rounds=told.rounds)
    service, minimal = found["service"], found["minimal view"]
    print(f"{told.database}, gunicorn gthread 1 x 8, {told.connections} connections, medians of {told.rounds} rounds")
    for name, each in found.items():
        print(
            f"{name:14}{each.rate:8.0f} requests/s, {each.server_us:7.0f} us CPU a request,"
            f" p50 {each.median_ms:6.2f} ms, p99 {each.p99_ms:6.2f} ms, client {each.client_us:5.1f} us,"
            f" refused {each.refused}"
        )
    print(f"ratio of rates {service.rate / minimal.rate:.2f}, of CPU time {minimal.server_us / service.server_us:.2f}")


if __name__ == "__main__":
    main()

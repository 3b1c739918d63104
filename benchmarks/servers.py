"""WSGI servers compared on the authenticated read of a score, all in one run.

    .venv/bin/python -m benchmarks.servers [--minimal] [--database sqlite] [--seconds 2] [--rounds 7]

Each round asks every server in turn, so that whatever else the machine does meets all of them; medians over the rounds
are printed. Requests a second tell what comes out, CPU time a request what it costs, which a busy machine disturbs
much less. Clients and servers have CPUs of their own.
"""

import importlib.util
import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from socket import create_server
from statistics import median

from benchmarks.city import DATABASES, City, made_city
from benchmarks.load import Load, put_load

HOST = "127.0.0.1"
START_S, STOP_S = 30.0, 15.0
SERVICE, MINIMAL = "backend.cli.serving:make_service", "benchmarks.minimal_app:make_minimal_app"
_GUNICORN = """
import sys
from importlib import import_module
from backend.cli.serving import Server, choose_options
module, name = sys.argv.pop(1).split(":")
bind, workers, threads = sys.argv.pop(1), int(sys.argv.pop(1)), int(sys.argv.pop(1))
Server(choose_options(bind, workers=workers, threads=threads), getattr(import_module(module), name)).run()
"""
_ticks = os.sysconf("SC_CLK_TCK")
_ports = count(18400)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers on `port`, and its first process."""

    port: int
    process: subprocess.Popen[bytes]

    def read_cpu_s(self) -> float:
        """CPU time of all its processes so far, in seconds."""
        return sum(_read_cpu_s(pid) for pid in _list_processes(self.process.pid))


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians over the rounds: answers a second, CPU microseconds a request of server and client, times in ms."""

    rate: float
    server_us: float
    client_us: float
    median_ms: float
    p99_ms: float
    refused: int


def split_cpus() -> tuple[set[int], set[int]]:
    """Split the CPUs of this process: the last one for the client, the others for servers; one is shared."""
    cpus = sorted(os.sched_getaffinity(0))
    return set(cpus[:-1] or cpus), set(cpus[-1:])


def gunicorn(app: str, port: int, *, workers: int = 1, threads: int = 8) -> list[str]:
    """Write the command of gunicorn with the options of `shangding serve`."""
    return [sys.executable, "-c", _GUNICORN, app, f"{HOST}:{port}", str(workers), str(threads)]


def granian(app: str, port: int, *, workers: int = 1, threads: int = 8) -> list[str]:
    """Write the command of granian with as many threads for the application as gunicorn has."""
    options = ["--interface", "wsgi", "--factory", "--no-ws", "--http", "1", "--no-access-log", "--log-level", "error"]
    numbers = ["--port", str(port), "--workers", str(workers), "--blocking-threads", str(threads)]
    return [sys.executable, "-m", "granian", *options, "--host", HOST, *numbers, app]


@contextmanager
def running(command: Sequence[str], port: int, city: City, cpus: set[int] | None) -> Iterator[RunningServer]:
    """Run a server over the city until the context ends, on some of the CPUs or (None) on all.

    Raises TimeoutError with its last words if it won't start.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHANGDING_")}
    with ExitStack() as stack:
        errors = stack.enter_context((Path(city.variables["SHANGDING_TOKEN_KEYS"]).parent / f"{port}.log").open("w+b"))
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, env={**environ, **city.variables}, stdout=subprocess.DEVNULL, stderr=errors
        )
        stack.callback(_stop, process)
        if cpus is not None:
            os.sched_setaffinity(process.pid, cpus)  # before it starts threads and processes, which inherit it
        until = time.monotonic() + START_S
        while not _answers(port, city):
            if process.poll() is not None or time.monotonic() > until:
                errors.seek(0)
                raise TimeoutError(f"the server on port {port} does not answer: {errors.read().decode()[-2000:]}")
            time.sleep(0.1)
        yield RunningServer(port, process)


def compare(
    commands: Mapping[str, Sequence[str]], city: City, *, connections: int, seconds: float, rounds: int
) -> dict[str, Figures]:
    """Run all servers side by side and ask one after the other, round by round."""
    server_cpus, client_cpus = split_cpus()
    with ExitStack() as stack:
        servers = {}
        for name, command in commands.items():
            port = _find_port(command)
            servers[name] = stack.enter_context(running(command, port, city, server_cpus))
        os.sched_setaffinity(0, client_cpus)
        for server in servers.values():  # warm
            put_load((HOST, server.port), city.requests, connections=connections, seconds=seconds / 2)
        measured: dict[str, list[tuple[Load, float]]] = {name: [] for name in servers}
        for number in range(rounds):
            order = list(servers) if number % 2 == 0 else list(reversed(servers))
            for name in order:
                measured[name].append(_measure(servers[name], city, connections, seconds))
    return {name: _summarise(found) for name, found in measured.items()}


def next_port() -> int:
    """Find a port that nobody listens on."""
    for port in _ports:
        with suppress(OSError), create_server((HOST, port)):
            return port
    raise AssertionError("count never ends")


def _measure(server: RunningServer, city: City, connections: int, seconds: float) -> tuple[Load, float]:
    before = server.read_cpu_s()
    load = put_load((HOST, server.port), city.requests, connections=connections, seconds=seconds)
    return load, (server.read_cpu_s() - before) / load.answered * 1_000_000


def _summarise(found: list[tuple[Load, float]]) -> Figures:
    loads = [load for load, _ in found]
    return Figures(
        rate=median(load.rate for load in loads),
        server_us=median(cpu for _, cpu in found),
        client_us=median(load.client_us for load in loads),
        median_ms=median(load.find_quantile_ms(0.5) for load in loads),
        p99_ms=median(load.find_quantile_ms(0.99) for load in loads),
        refused=sum(load.refused for load in loads),
    )


def _find_port(command: Sequence[str]) -> int:
    """Read the port out of a command: `host:port` of gunicorn, `--port` of granian."""
    if "--port" in command:
        return int(command[command.index("--port") + 1])
    return int(next(word for word in command if word.startswith(f"{HOST}:")).rpartition(":")[2])


def _answers(port: int, city: City) -> bool:
    try:
        return put_load((HOST, port), city.requests[:1], connections=1, seconds=0.001).refused == 0
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    process.kill()
    process.wait()


def _list_processes(pid: int) -> list[int]:
    children = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        children += [int(child) for child in tasks.read_text().split()]
    return [pid, *(found for child in children for found in _list_processes(child))]


def _read_cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _ticks


def make_parser(description: str) -> ArgumentParser:
    """Make the parser of what both benchmarks of the service can be told."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--database", choices=DATABASES, default="postgresql")
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=7)
    return parser


def main() -> None:
    """Print each server's figures and its ratio to gunicorn with one process of eight threads."""
    parser = make_parser("Compare WSGI servers on the authenticated read of a score.")
    parser.add_argument(
        "--minimal", action="store_true", help="Serve the minimal view, which leaves most to the server."
    )
    told = parser.parse_args()
    app = MINIMAL if told.minimal else SERVICE
    makers = {
        "gunicorn gthread 1 x 8": (gunicorn, 1, 8),
        "gunicorn gthread 1 x 4": (gunicorn, 1, 4),
        "gunicorn gthread 2 x 4": (gunicorn, 2, 4),
        "granian 1 x 8": (granian, 1, 8),
        "granian 1 x 1": (granian, 1, 1),
        "granian 2 x 4": (granian, 2, 4),
    }
    if importlib.util.find_spec("granian") is None:
        print("granian is not installed; to compare it, too: .venv/bin/pip install granian")
        makers = {name: maker for name, maker in makers.items() if maker[0] is gunicorn}
    commands = {
        name: make(app, next_port(), workers=workers, threads=threads)
        for name, (make, workers, threads) in makers.items()
    }
    with made_city(told.database, people=told.people) as city:
        found = compare(commands, city, connections=told.connections, seconds=told.seconds, rounds=told.rounds)
    cpus = len(split_cpus()[0])
    print(f"{app}\n{told.database}, {told.connections} connections, {cpus} CPU for servers, one for the client")
    print(f"{'':24}{'req/s':>8}{'ratio':>7}{'CPU us':>8}{'p50 ms':>8}{'p99 ms':>8}{'client us':>10}{'refused':>8}")
    floor = found["gunicorn gthread 1 x 8"].rate
    for name, each in found.items():
        print(
            f"{name:24}{each.rate:8.0f}{each.rate / floor:7.2f}{each.server_us:8.0f}"
            f"{each.median_ms:8.2f}{each.p99_ms:8.2f}{each.client_us:10.1f}{each.refused:8}"
        )


if __name__ == "__main__":
    main()

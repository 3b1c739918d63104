"""The processes of the three cities: each has a service, a worker and an identity provider, and can be taken away."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from backend.clock import SystemClock, today
from backend.demo.cities_cast import list_travellers
from backend.demo.cities_place import CityPlace
from backend.demo.identity_provider import IdentityProvider, make_provider_app
from backend.demo.processes import running_provider, running_service, running_worker, wait_until_ready
from scoring.days import ONE_DAY


class RunningCities:
    """The services of the cities, by code: one can be stopped, started, frozen and thawed while the others go on."""

    def __init__(self, cities: Mapping[str, CityPlace]) -> None:
        self._cities = cities
        self._services: dict[str, tuple[ExitStack, subprocess.Popen[bytes]]] = {}

    def start(self, code: str) -> None:
        """Start the service of a city; it may not be ready yet."""
        city, stack = self._cities[code], ExitStack()
        self._services[code] = stack, stack.enter_context(running_service(city.place, city.variables))

    def wait(self, code: str) -> None:
        """Wait until the service of a city takes requests; DemoError when it does not."""
        wait_until_ready(self._cities[code].place, self._services[code][1])

    def stop(self, code: str) -> None:
        """Stop the service of a city and wait for its end; its worker goes on."""
        stack, _ = self._services.pop(code)
        stack.close()

    def freeze(self, code: str) -> None:
        """Let the service of a city stand still: connections are taken and never answered."""
        os.killpg(self._services[code][1].pid, signal.SIGSTOP)

    def thaw(self, code: str) -> None:
        """Let it go on."""
        os.killpg(self._services[code][1].pid, signal.SIGCONT)

    def find_ended(self) -> str | None:
        """Find a city whose service has ended by itself."""
        return next((code for code, (_, process) in self._services.items() if process.poll() is not None), None)

    def stop_all(self) -> None:
        """Stop whatever runs, all at once."""
        for code, (_, process) in self._services.items():
            self.thaw(code)
            process.terminate()
        for code in list(self._services):
            self.stop(code)


@contextmanager
def running_cities(cities: Mapping[str, CityPlace]) -> Iterator[RunningCities]:
    """Run everything of all cities while the context lasts, and end all of it."""
    running = RunningCities(cities)
    with ExitStack() as stack:
        workers = [_start_beside(stack, city) for city in cities.values()]
        stack.callback(running.stop_all)
        stack.callback(_terminate, workers)  # they end while the services do, and not one after the other
        for code in cities:
            running.start(code)
        for code in cities:
            running.wait(code)
        yield running


def _terminate(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()


def _start_beside(stack: ExitStack, city: CityPlace) -> subprocess.Popen[bytes]:
    """Start what a city has beside its service, and give its worker."""
    clock = SystemClock()
    people = [(each.persona, person) for each, person in list_travellers(today(clock.now()) - ONE_DAY)]
    provider = IdentityProvider.from_file(
        city.place.provider_keys, issuer=city.place.provider_url, audience=city.place.service_url, personas=people
    )
    stack.enter_context(running_provider(city.place, make_provider_app(provider, clock)))
    return stack.enter_context(running_worker(city.place, city.variables))

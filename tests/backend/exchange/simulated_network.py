"""A network that loses, delays, doubles and reorders, and cities that die in the middle of what they do.

All that happens is drawn from one source of chance. What got through is told to a `Witness`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Protocol
from urllib.parse import urlsplit

from sqlalchemy import event
from sqlalchemy.orm import Session

from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer
from backend.gateways.sending import OutgoingCall, Send
from tests.backend.exchange.cities import name_url
from tests.backend.exchange.simulated_cities import CrashError, Town

# How often what goes wrong with a call, in a hundred.
LOST, DELAYED, DOUBLED, MEANWHILE, UNANSWERED = 10, 8, 12, 25, 8


class Witness(Protocol):
    """Whoever is told what has got through."""

    def note(self, caller: str, called: str, call: OutgoingCall, answer: HttpAnswer) -> None:
        """Note a call that was answered, whether or not the answer finds its way."""
        ...


@dataclass
class Weather:
    """What goes wrong; nothing does when it is `calm`. `parted` are pairs of cities that do not reach each other."""

    chance: Random
    calm: bool = False
    parted: set[frozenset[str]] = field(default_factory=set)

    def strikes(self, percent: int) -> bool:
        """Draw whether something goes wrong."""
        return self.chance.randrange(100) < percent and not self.calm


@dataclass
class Crashes:
    """Cities that are to die at a commit: how many more they make, and whether the last one is kept."""

    armed: dict[str, tuple[int, bool]] = field(default_factory=dict)

    def arm(self, code: str, commits: int, *, is_kept: bool) -> None:
        self.armed[code] = (commits, is_kept)

    def pass_by(self, code: str, *, is_kept: bool) -> None:
        """Count a commit that is about to be made (or, kept, was just made); the last one is fatal."""
        left, fatal_when_kept = self.armed.get(code, (0, False))
        if code not in self.armed or fatal_when_kept is not is_kept:
            return
        if left > 1:
            self.armed[code] = (left - 1, fatal_when_kept)
            return
        del self.armed[code]
        raise CrashError(code)


@contextmanager
def crashing(crashes: Crashes, towns: Mapping[str, Town]) -> Iterator[None]:
    """Let cities die at the commits that `crashes` says."""
    codes = {id(town.city.database.engine): code for code, town in towns.items()}

    def pass_by(session: Session, *, is_kept: bool) -> None:
        code = codes.get(id(session.get_bind().engine))
        if code is not None:
            crashes.pass_by(code, is_kept=is_kept)

    before, after = partial(pass_by, is_kept=False), partial(pass_by, is_kept=True)
    event.listen(Session, "before_commit", before)
    event.listen(Session, "after_commit", after)
    try:
        yield
    finally:
        event.remove(Session, "before_commit", before)
        event.remove(Session, "after_commit", after)


class StormyNetwork:
    """Carries calls between cities; `meanwhile` is done while the answer of a city is on its way."""

    def __init__(self, weather: Weather, meanwhile: Callable[[str, str], None]) -> None:
        self.weather, self.towns, self.witness = weather, dict[str, Town](), list[Witness]()
        self._meanwhile = meanwhile
        self.late: list[tuple[str, OutgoingCall]] = []

    def send_from(self, caller: str) -> Send:
        """The way out of a city."""
        return partial(self._send, caller)

    def let_late_arrive(self, place: int) -> None:
        """Let one call arrive that nobody waits for any more."""
        caller, call = self.late.pop(place)
        called = _find_called(call)
        if frozenset((caller, called)) not in self.weather.parted:
            try:
                self._arrive(caller, called, call)
            except CallFailedError:
                return

    def _send(self, caller: str, call: OutgoingCall) -> HttpAnswer:
        called, weather = _find_called(call), self.weather
        if frozenset((caller, called)) in weather.parted or weather.strikes(LOST):
            raise CallFailedError("lost", CallFault.NOT_REACHED)
        if weather.strikes(DELAYED):
            self.late.append((caller, call))
            raise CallFailedError("delayed", CallFault.TOO_SLOW)
        answer = self._arrive(caller, called, call)
        if weather.strikes(DOUBLED):
            self.late.append((caller, call))
            if weather.strikes(50):
                self.let_late_arrive(len(self.late) - 1)
        if weather.strikes(MEANWHILE):
            self._meanwhile(caller, called)
        if weather.strikes(UNANSWERED):
            raise CallFailedError("unanswered", CallFault.TOO_SLOW)
        return answer

    def _arrive(self, caller: str, called: str, call: OutgoingCall) -> HttpAnswer:
        town = self.towns[called]
        try:
            found = town.city.client().open(
                urlsplit(call.url).path,
                method=call.method,
                headers=dict(call.headers),
                data=call.body,
                base_url=name_url(called),
            )
        except CrashError:
            town.restart()
            raise CallFailedError("died", CallFault.UNUSABLE) from None
        headers = {name.lower(): value for name, value in found.headers.items()}
        answer = HttpAnswer(found.status_code, found.data, headers)
        for each in self.witness:
            each.note(caller, called, call, answer)
        return answer


def _find_called(call: OutgoingCall) -> str:
    return (urlsplit(call.url).hostname or "").removesuffix(".example")

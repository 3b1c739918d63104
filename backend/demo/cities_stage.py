"""What a walk through the three cities stands on: the doors, the processes, and what is printed and counted."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console

from backend.demo.cities_calls import Answered, Door
from backend.demo.cities_running import RunningCities
from backend.demo.workplace import DemoError

Read = TypeVar("Read")
WAIT_S, PAUSE_S = 40.0, 0.2
LONGEST_SHOWN = 400


@dataclass(slots=True)
class Stage:
    """The cities by code, and what a walk finds; `flaws` are the statements that did not hold."""

    doors: Mapping[str, Door]
    running: RunningCities
    console: Console
    flaws: list[str] = field(default_factory=list)

    def title(self, letter: str, zh: str, en: str) -> None:
        """Begin a step."""
        self._print(f"\n{letter}  {zh}  ({en})")

    def tell(self, text: str) -> None:
        """Say what happens."""
        self._print(f"   {text}")

    def show(self, what: str, value: object) -> None:
        """Show what was answered, JSON as such."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        self._print(f"   {what}：{text if len(text) <= LONGEST_SHOWN else f'{text[:LONGEST_SHOWN]}…'}")

    def check(self, zh: str, en: str = "", *, holds: bool) -> None:
        """Say what must be so, and whether it is."""
        self._print(f"   {'✓' if holds else '✗'} {zh}{f'  ({en})' if en else ''}")
        if not holds:
            self.flaws.append(zh)

    def expect(self, answered: Answered, what: str) -> Answered:
        """Go on with an answer of success alone; DemoError otherwise."""
        if not answered.is_fine:
            raise DemoError(f"{what} was answered with status {answered.status}: {answered.text}")
        return answered

    def wait_for(self, read: Callable[[], Read], holds: Callable[[Read], bool]) -> tuple[Read, float]:
        """Read again and again until it holds or 40 seconds are over; gives what was read last, and the seconds."""
        began = time.monotonic()
        while True:
            found = read()
            took = time.monotonic() - began
            if holds(found) or took > WAIT_S:
                return found, took
            time.sleep(PAUSE_S)

    def _print(self, text: str) -> None:
        self.console.print(text, soft_wrap=True, markup=False, highlight=False, emoji=False)

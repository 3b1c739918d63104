"""What must hold whatever happens, by what a bystander of the network has seen: the truth that cities are held to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from backend.gateways.http_calls import HttpAnswer
from backend.gateways.sending import OutgoingCall
from backend.visits.answer_reading import read_moment
from scenarios.treaty import OnSuspension, Treaty, treaty_id

DAY_LENGTH = timedelta(hours=8)  # the days of the cities begin eight hours before those of UTC


@dataclass
class Told:
    """What a home city told a host about somebody: the scenarios with their ends, or None where a card has none."""

    home: str
    host: str
    scope: str
    scenarios: dict[str, datetime] | None
    until: datetime | None
    corrected_at: datetime | None = None


@dataclass
class Truth:
    """What has happened, and what may be believed after that; `breaches` are what should not have been."""

    treaties: Mapping[str, Treaty]
    told: dict[str, Told] = field(default_factory=dict)
    answered: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    words: dict[tuple[str, str, str], tuple[datetime, bool]] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)

    def note(self, caller: str, called: str, call: OutgoingCall, answer: HttpAnswer) -> None:
        """Note what one city has told another."""
        if answer.status != 200 or call.body is None:
            return
        said, replied = json.loads(call.body), json.loads(answer.content)
        if call.url.endswith("/questions"):
            self._note_answer(said, replied)
        else:
            self._note_notice(called, said["from"], said)
        assert caller == said["from"]

    def note_card(self, card_id: UUID, *, home: str, host: str, until: datetime, gives: bool) -> None:
        """Note a card that was made; one that does not give anything is for looking at."""
        self.told[str(card_id)] = Told(home, host, "card", None if gives else {}, until)

    def note_word(self, where: str, name: str, city: str, at: datetime, *, is_suspended: bool) -> None:
        """Note what a city knows that a city has said about a treaty last; the latest word counts."""
        last = self.words.get((where, name, city))
        if last is None or last[0] < at:
            self.words[where, name, city] = (at, is_suspended)

    def note_own_word(self, where: str, name: str, *, is_suspended: bool) -> None:
        """Note what a city has just said itself."""
        self.words[where, name, where] = (datetime.max.replace(tzinfo=UTC), is_suspended)

    def has_suspended(self, where: str, name: str) -> bool:
        """Tell whether a city may have suspended a treaty itself."""
        return self.words.get((where, name, where), (None, True))[1]

    def forget_word(self, where: str, name: str) -> None:
        """Nobody can say whether a city that died has noted its own word."""
        self.words.pop((where, name, where), None)

    def is_over(self, home: str, host: str, now: datetime) -> bool:
        """Tell whether a host knows that a treaty has ended, or is suspended with all that hangs on it."""
        treaty = self.treaties[treaty_id(home, host)]
        if (now + DAY_LENGTH).date() >= treaty.ends_on:
            return True
        said = [self.words.get((host, treaty.id, city)) for city in treaty.cities]
        is_suspended = any(word is not None and word[1] for word in said)
        return is_suspended and treaty.on_suspension is OnSuspension.END

    def find_breach(self, host: str, question_id: str, scenario: str, until: datetime, now: datetime) -> str | None:
        """Say why a host must not believe an entitlement at a moment of its clock."""
        told = self.told.get(question_id)
        if told is None or told.host != host:
            return "nobody has told it that"
        never = datetime.min.replace(tzinfo=UTC)
        breaches = {
            "it was withdrawn": (host, question_id) in self.withdrawn,
            "it is beyond its life": until <= now or until > (told.until or never),
            "its treaty is over": self.is_over(told.home, host, now),
            "that was not told": told.scenarios is not None and until > told.scenarios.get(scenario, never),
        }
        return next((breach for breach, holds in breaches.items() if holds), None)

    def _note_answer(self, said: dict[str, Any], replied: dict[str, Any]) -> None:
        question_id = said["question_id"]
        key = (said["to"], question_id)
        until = _read(replied["until"])
        self.answered.setdefault(key, []).append(json.dumps(replied["content"], sort_keys=True))
        treaty = self.treaties[treaty_id(said["from"], said["to"])]
        asked_at = read_moment(said["asked_at"])
        if until is not None and until > asked_at + treaty.data_life + timedelta(minutes=2):
            self.breaches.append(f"{said['to']} answered for longer than data may live")
        if question_id not in self.told:
            scenarios = _list_scenarios(replied["content"]) if said["scope"] == "entitlement" else {}
            self.told[question_id] = Told(said["to"], said["from"], said["scope"], scenarios, until)

    def _note_notice(self, host: str, home: str, said: dict[str, Any]) -> None:
        content, left_at = said["content"], read_moment(said["left_at"])
        match said["kind"]:
            case "withdrawn":
                self.withdrawn |= {(host, each) for each in content["question_ids"]}
            case "corrected":
                told = self.told.get(content["question_id"])
                if told is not None and (told.corrected_at is None or told.corrected_at < left_at):
                    told.corrected_at, told.until = left_at, _read(content["until"])
                    if told.scope == "entitlement":
                        told.scenarios = _list_scenarios(content["content"])
            case "suspended" | "resumed":
                is_suspended = said["kind"] == "suspended"
                self.note_word(host, content["treaty_id"], home, left_at, is_suspended=is_suspended)


def _read(moment: str | None) -> datetime | None:
    return None if moment is None else read_moment(moment)


def _list_scenarios(content: dict[str, Any]) -> dict[str, datetime]:
    return {each["scenario"]: read_moment(each["until"]) for each in content["entitlements"]}

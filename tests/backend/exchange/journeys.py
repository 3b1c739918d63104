"""Somebody of Hangzhou in Zhengzhou, and the messages about him, caught on their way where a test wants that."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from backend.gateways.city_calls import MessageTag
from backend.gateways.sending import OutgoingCall
from backend.visits.visiting import Visit
from backend.web.problems import Refusal
from scenarios.treaty import Scope
from tests.backend.city import Person, make_person
from tests.backend.disclosures.asking import check_disclosures
from tests.backend.exchange.cities import Cities, deliver, find_signer, lose
from tests.backend.exchange.facts import put_points
from tests.backend.exchange.tampering import Signers
from tests.backend.exchange.visitors import call_home, let_tell, list_believed, make_tools, settle_in, visit, withdraw

HOME, HOST = "hangzhou", "zhengzhou"
# How many scenarios of Zhengzhou somebody may have who stands outstanding in Hangzhou (800), or good (650).
ALL, FEW = 7, 2


def revise(text: str) -> str:
    """Let one person be asked about as often as an attack needs."""
    return text.replace("questions_person_day = 20", "questions_person_day = 400")


@dataclass
class Journey:
    """A visitor with 800 points at home, who lets the other city be told what he may have there."""

    cities: Cities
    person: Person = field(default_factory=make_person)

    def __post_init__(self) -> None:
        self.home, self.host, self.network = self.cities[HOME], self.cities[HOST], self.cities.network
        self.at_home = settle_in(self.home, self.person, 800)
        self.away = self.host.know(self.person)
        self.consent_id = let_tell(self.home, self.at_home, HOST)

    def ask(self, scope: Scope = Scope.ENTITLEMENT) -> Visit | Refusal:
        """Ask the home city from a process that has just begun."""
        return visit(call_home(self.host, self.network.send), self.away, HOME, scope)

    def catch(self, act: Callable[[], object]) -> OutgoingCall:
        """Do something that calls another city, and keep its first call from arriving."""
        before = len(self.network.sent)
        self.network.fate = lose
        act()
        self.network.fate = deliver
        return self.network.sent[before]

    def catch_notice(self) -> OutgoingCall:
        """Keep the next notice of the home city from arriving; the clock moves, so that the one after it is next."""
        call = self.catch(self.cities.make_post(HOME).run_once)
        self.cities.clock.move(timedelta(milliseconds=500))
        return call

    def deliver(self) -> int:
        """Let the post of the home city deliver what waits; gives how many notices were confirmed."""
        return self.cities.make_post(HOME).run_once()

    def sign_for(self, code: str, tag: MessageTag) -> Signers:
        """Who signs messages of a city for a purpose."""
        now, other = self.cities.now(), HOST if code == HOME else HOME
        wrong = MessageTag.CONFIRMATION if tag is MessageTag.ANSWER else MessageTag.ANSWER
        return Signers(find_signer(self.cities[code], now), find_signer(self.cities[other], now), now, tag, wrong)

    def rescore(self, points: int) -> None:
        """Let the home city see that it should say something else now, and leave a correction."""
        self.cities.clock.move(timedelta(seconds=1))
        put_points(self.home, self.at_home, points)
        assert check_disclosures(self.home.database, tools=make_tools(self.home), now=self.cities.now()) == 1

    def withdraw(self) -> None:
        """Take the consent back."""
        withdraw(self.home, self.at_home, self.consent_id)

    def count_believed(self) -> int:
        """How many scenarios the visitor may have."""
        return len(list_believed(self.host, self.away))


def read_id(call: OutgoingCall, name: str) -> str:
    """A member of the body of a call."""
    found: str = json.loads(call.body or b"")[name]
    return found

"""A home city for tests: it opens what is sealed to it, answers as it is told, and signs; and a city that asks it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from werkzeug.test import TestResponse

from backend.app import create_app
from backend.gateways.city_calls import MessageTag
from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer
from backend.gateways.message_signatures import SignableRequest
from backend.gateways.score_cards import sign_score_card
from backend.gateways.sealed_messages import seal_for
from backend.gateways.sending import OutgoingCall
from backend.visits.asking import VISITOR_SECONDS
from backend.visits.counter_asking import COUNTER_SECONDS
from backend.visits.home_cities import make_home_cities
from backend.visits.routes import HOME_CITIES
from tests.backend.benefits.counter import CARD, RACK, make_code, name_order, open_counters
from tests.backend.benefits.counter import scan as scan_code
from tests.backend.city import City, Person, make_person, running_city
from tests.backend.partners.cities import OURS, THEIRS, TREATY, TREATY_TEXT, Pair

# The treaty as it is shipped, but that a suspension ends what visitors may have.
TEXT = TREATY_TEXT.replace('on_suspension = "finish"', 'on_suspension = "end"')
EMPTY: Mapping[str, dict[str, Any]] = {
    "entitlement": {"entitlements": []},
    "level": {"level": None},
    "score": {"score": None},
    "record_flags": {"flags": []},
}
LEVEL = {"code": "excellent", "name": "优秀", "name_en": "Excellent", "tier": "T4"}
BANDS = (
    ("outstanding", "极好", "Outstanding", "T5", 751),
    ("excellent", "优秀", "Excellent", "T4", 700),
    ("good", "良好", "Good", "T3", 600),
    ("fair", "一般", "Fair", "T2", 550),
    ("to_improve", "待提高", "To improve", "T1", 0),
)
Answer = dict[str, Any]


@dataclass
class Home:
    """The partner city: `yes` are the numbers of those whom it entitles to all that is asked, until `until`.

    `spoil` changes what it answers before it signs, `fault` is how a call ends instead.
    """

    pair: Pair = field(default_factory=Pair)
    text: str = TEXT
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    yes: set[str] = field(default_factory=set)
    until: timedelta = timedelta(hours=48)
    spoil: Callable[[Answer], Any] = lambda answer: answer
    before: Callable[[dict[str, Any]], object] = lambda question: question
    status: int = 200
    fault: CallFault | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def send(self, call: OutgoingCall) -> HttpAnswer:
        """Answer as a web server of the partner does."""
        if call.url.endswith("/keys"):
            return self.pair.send(call)
        if self.fault is not None:
            self.asked.append({})
            raise CallFailedError("planted", self.fault)
        body = call.body or b""
        question = json.loads(body)
        self.asked.append(question)
        assert re.search(r"[0-9]{15}", question["case_no"]) is None
        assert call.deadline_seconds <= (COUNTER_SECONDS if question["role"] == "merchant" else VISITOR_SECONDS)
        self.before(question)
        document = self.spoil(self.tell(question, body))
        request = SignableRequest(method="POST", url=call.url, headers=call.headers, body=body)
        signed = self.pair.them.answer(request, MessageTag.QUESTION, document, self.now())
        return HttpAnswer(self.status, signed.body, {name.lower(): value for name, value in signed.headers.items()})

    def tell(self, question: dict[str, Any], body: bytes) -> Answer:
        """Tell what there is to tell about whoever is sealed in a question."""
        person = self.pair.them.keys.open(question["person"], self.now())
        assert (person["question_id"], person["from"]) == (question["question_id"], question["from"])
        until = write(self.now() + self.until) if person["id_number"] in self.yes else None
        return {
            "protocol": "1",
            "question_id": question["question_id"],
            "question_digest": sha256(body).hexdigest(),
            "answered_at": write(self.now()),
            "until": until,
            "content": EMPTY[question["scope"]] if until is None else fill(question, until),
        }

    def make_card(self, number: str, *, minutes: int = 60, key: str = "", **changes: Any) -> str:  # noqa: ANN401 - any claim
        """A score card of the level for the owner of a number, its claims changed by `changes`."""
        card_id = changes.pop("jti", None) or str(uuid4())
        sealing = next(each for each in self.pair.us.keys.describe(self.now()) if each["use"] == "enc")
        person = {"id_number": number, "question_id": card_id, "from": THEIRS}
        held = self.pair.us.held
        public = next(each.key.public_key() for each in held if each.key_id == sealing["kid"])
        claims = {
            "aud": f"city:{OURS}",
            "sub": "visitor-1",
            "jti": card_id,
            "treaty": {"id": TREATY[0], "version": TREATY[1], "digest": sha256(self.text.encode()).hexdigest()},
            "purpose": "benefit",
            "scope": "level",
            "content": {"level": LEVEL},
            "person": seal_for(person, key_id=sealing["kid"], key=public),
            **changes,
        }
        keys = self.pair.us.keys if key else self.pair.them.keys
        now = self.now()
        return sign_score_card(claims, keys=keys, home=THEIRS, now=now, until=now + timedelta(minutes=minutes)).text


@dataclass
class Visited:
    """A city with a shop, and the home city of its visitors."""

    city: City
    home: Home

    def verify(self, number: str, *, scenario: str = CARD, home_city: str = THEIRS, **changes: Any) -> TestResponse:  # noqa: ANN401 - any member
        """A question of the shop about a visitor."""
        body = {"order_no": name_order(), "scenario": scenario, "home_city": home_city, "id_number": number} | changes
        return self.city.client().post("/v1/visitor-verifications", json=body, headers=self.city.merchant(RACK))

    def visit(self, subject_id: UUID, scope: str = "entitlement", home_city: str = THEIRS) -> TestResponse:
        """A question of the visitor."""
        body = {"home_city": home_city, "scope": scope}
        return self.city.client().post("/v1/visits", json=body, headers=self.city.citizen(subject_id))

    def list_visits(self, subject_id: UUID) -> list[dict[str, Any]]:
        """What the visitor sees."""
        items: list[dict[str, Any]] = self.list_page(subject_id)["items"]
        return items

    def list_page(self, subject_id: UUID, **query: str) -> dict[str, Any]:
        """A page of it."""
        answer = self.city.client().get("/v1/visits", query_string=query, headers=self.city.citizen(subject_id))
        page: dict[str, Any] = answer.get_json()
        return page

    def welcome(self, *, entitled: bool = True) -> tuple[UUID, Person]:
        """A visitor who has signed in, with a yes at home unless told otherwise."""
        person = make_person()
        if entitled:
            self.home.yes.add(person.id_number)
        return self.city.know(person), person


@contextmanager
def running_visited(database_url: str, text: str = TEXT) -> Iterator[Visited]:
    """A city that has agreed with the home city, whose calls come in without a network."""
    home = Home(text=text)
    with running_city(database_url) as made:
        context = replace(made.context, exchange_keys=home.pair.us.keys)
        city = City(create_app(context), context, made.key_set_path, made.provider_key)
        home.now = city.now
        city.app.extensions[HOME_CITIES] = make_home_cities(context, send=home.send)
        open_counters(city, RACK)
        with city.database.transaction() as session:
            home.pair.meet(session)
            home.pair.agree(session, home.text)
        assert context.settings.city == OURS
        yield Visited(city, home)


def scan(visited: Visited, subject_id: UUID, scenario: str = CARD) -> str:
    """What a shop is answered to a code of a visitor that names the shop."""
    code = make_code(visited.city, subject_id, merchant=RACK)
    answer: str = scan_code(visited.city, code, scenario=scenario).get_json()["answer"]
    return answer


def fill(question: Mapping[str, Any], until: str) -> Any:  # noqa: ANN401 - as JSON has it
    """What is told of somebody who stands well at home, under the scope of a question."""
    bands = [
        {"code": code, "name": name, "name_en": name_en, "tier": tier, "at_least": at_least}
        for code, name, name_en, tier, at_least in BANDS
    ]
    ends = {"floor": 0, "ceiling": 1000, "equivalent": 130, "equivalent_floor": 0, "equivalent_ceiling": 200}
    return {
        "score": {"score": {"points": 720, "bands": bands, **ends}},
        "entitlement": {"entitlements": [{"scenario": each, "until": until} for each in question["scenarios"]]},
        "level": {"level": LEVEL},
        "record_flags": {"flags": [{"kind": "veto", "basis": "判决书", "ends_on": None}]},
    }[question["scope"]]


def write(moment: datetime) -> str:
    """A moment as messages have it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

"""What a merchant could learn at the counter with a watch: how long asks about visitors take, told apart by cause."""

from datetime import date, timedelta
from time import perf_counter_ns

import pytest

from backend.benefits.judging import Tools
from backend.benefits.probing import ALLOWANCES, Miss
from backend.benefits.verification_tables import decline_offer
from backend.gateways.http_calls import CallFault, HttpAnswer
from backend.gateways.sending import OutgoingCall
from backend.principals import Principal, PrincipalKind
from backend.visits import counter
from backend.visits.ask_tables import SAME_FOR
from backend.visits.counter import verify_visitor
from backend.visits.home_cities import HomeCities, make_home_cities
from backend.visits.routes import HOME_CITIES
from backend.visits.visitor_orders import VisitorOrder, make_visitor_order
from backend.web.limits import EXTENSION, RateLimiter
from tests.backend.benefits.counter import CARD, RACK, name_order
from tests.backend.benefits.test_enumeration import MOST_AUC, find_auc
from tests.backend.city import Person, make_resident_id
from tests.backend.partners.cities import THEIRS
from tests.backend.visits.home import Visited
from tests.backend.visits.test_counter import leave_out_nobody

MERCHANT = Principal(kind=PrincipalKind.MERCHANT, id=RACK)
# In pairs that are told apart: whoever stands in second place is known, has a yes that stands, or gets one just now.
KINDS = ("unknown", "known", "standing", "declining")
PAIRS = 600


class Counter:
    """A counter at which time is taken, as a merchant does; the home city's part is left out."""

    def __init__(self, visited: Visited) -> None:
        """Take the place of the home city's network."""
        self.visited, self.away_ns = visited, 0
        self.home: HomeCities = make_home_cities(visited.city.context, send=self.send)
        context = visited.city.context
        visited.city.app.extensions[HOME_CITIES] = self.home
        self.tools = Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)
        self.headers = visited.city.merchant(RACK)
        self.numbers = (make_resident_id(date(1960, 1, 1) + timedelta(days=day)) for day in range(20_000))

    def send(self, call: OutgoingCall) -> HttpAnswer:
        """Let the home city answer."""
        begun = perf_counter_ns()
        try:
            return self.visited.home.send(call)
        finally:
            self.away_ns += perf_counter_ns() - begun

    def make_order(self, number: str) -> VisitorOrder:
        """An order about the owner of a number."""
        pseudonyms = self.visited.city.context.pseudonyms
        return make_visitor_order(
            merchant=MERCHANT,
            order_no=name_order(),
            scenario=CARD,
            home_city=THEIRS,
            id_number=number,
            amount_fen=None,
            pseudonyms=pseudonyms,
        )

    def make(self, kind: str) -> str:
        """The number of somebody who gets nothing, for a cause."""
        number, visited = next(self.numbers), self.visited
        if kind == "unknown":
            return number
        who = visited.city.know(Person("林一舟", number))
        if kind != "known":
            visited.home.yes.add(number)
            if kind == "standing":
                verify_visitor(self.home, self.make_order(number), tools=self.tools)
                visited.home.yes.remove(number)
            with visited.city.database.transaction() as session:
                decline_offer(session, who, CARD, now=visited.city.now())
        return number

    def take_time(self, number: str, answer: str) -> int:
        """How long an ask takes, in nanoseconds."""
        body = {"order_no": name_order(), "scenario": CARD, "home_city": THEIRS, "id_number": number}
        city = self.visited.city
        city.app.extensions[EXTENSION] = RateLimiter(city.context.counters, city.context.settings.rate_limit)
        client, self.away_ns = city.client(), 0  # nobody is counted: a minute has more asks here than it may
        begun = perf_counter_ns()
        found = client.post("/v1/visitor-verifications", json=body, headers=self.headers)
        taken = perf_counter_ns() - begun - self.away_ns
        assert found.get_json().get("answer") == answer, found.text
        return taken

    def compare(self, kind: str, pairs: int, answer: str = "not_granted") -> float:
        """The AUC of the times of asks about people of a kind and about strangers, by turns."""
        numbers = [(self.make("unknown"), self.make(kind)) for _ in range(pairs)]
        self.visited.city.clock.move(SAME_FOR)
        if answer == "cannot_say":
            self.rest()
        taken: tuple[list[float], list[float]] = ([], [])
        for turn, pair in enumerate(numbers):
            for place in (0, 1) if turn % 2 else (1, 0):
                taken[place].append(self.take_time(pair[place], answer))
        return find_auc(*taken)

    def rest(self) -> None:
        """Let the home city fail until nobody waits for it."""
        self.visited.home.fault = CallFault.NOT_REACHED
        for _ in range(3):
            self.take_time(self.make("unknown"), "cannot_say")


@pytest.fixture
def at_counter(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> Counter:
    many = {miss: ALLOWANCES[miss]._replace(free=10**6) for miss in Miss}
    monkeypatch.setattr("backend.benefits.probing.ALLOWANCES", many)
    return Counter(visited)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_watch_tells_no_cause(at_counter: Counter) -> None:
    for kind in ("known", "standing", "declining"):
        assert at_counter.compare(kind, PAIRS) <= MOST_AUC, kind
    for kind in ("known", "standing"):
        at_counter.visited.home.fault = None
        at_counter.visited.city.clock.move(timedelta(seconds=11))
        assert at_counter.compare(kind, PAIRS, "cannot_say") <= MOST_AUC, kind


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_look_less_is_found_by_the_watch(at_counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "judge", leave_out_nobody)
    assert at_counter.compare("standing", 200) > MOST_AUC

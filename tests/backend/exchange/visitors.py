"""Visitors for tests: people with a home in one city who are seen in another, and what is asked and told about them."""

from datetime import date
from uuid import UUID

from backend.benefits.answers import Verification
from backend.benefits.judging import Tools as JudgingTools
from backend.benefits.visitor_tables import Entitlement, list_entitlements
from backend.disclosures.consents import ConsentOrder, give_consent, withdraw_consent
from backend.disclosures.telling import Tools
from backend.gateways.sending import Send
from backend.principals import Principal, PrincipalKind
from backend.records.departments import register_departments
from backend.visits.counter import verify_visitor
from backend.visits.home_cities import HomeCities, make_home_cities
from backend.visits.visiting import Visit, begin_visit
from backend.visits.visitor_orders import make_visitor_order
from backend.web.problems import Refusal
from scenarios.treaty import Scope, TreatyPurpose
from tests.backend.city import City, Person
from tests.backend.exchange.facts import put_points

SHOP, BIKE = "lakeside_bikes", "bike_hire"


def make_tools(city: City) -> Tools:
    """What a city answers other ones with."""
    context = city.context
    return Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer, pseudonyms=context.pseudonyms)


def settle_in(city: City, person: Person, points: int | None = None) -> UUID:
    """Enrol somebody at home, in Hangzhou with so many points of its model, and give the id."""
    subject_id = city.enrol(person)
    if points is not None:
        with city.database.transaction() as session:
            register_departments(session, city.context.rules.catalogue_on(date(2026, 11, 22)))
        put_points(city, subject_id, points)
    return subject_id


def let_tell(
    city: City, subject_id: UUID, host: str, scope: Scope = Scope.ENTITLEMENT, *, scenario: str | None = None
) -> UUID:
    """Let another city be told, and give the id of the consent."""
    purpose = TreatyPurpose.BENEFIT if scope is Scope.ENTITLEMENT else TreatyPurpose.OWN_VIEW
    order = ConsentOrder(host, purpose, scope, scenario)
    with city.database.transaction() as session:
        given = give_consent(session, subject_id, order, tools=make_tools(city), now=city.now())
    assert not isinstance(given, Refusal), given
    return given.consent_id


def withdraw(city: City, subject_id: UUID, consent_id: UUID) -> None:
    """Take a consent back."""
    with city.database.transaction() as session:
        assert not isinstance(withdraw_consent(session, subject_id, consent_id, now=city.now()), Refusal)


def call_home(city: City, send: Send) -> HomeCities:
    """What a fresh process of a city asks home cities with."""
    return make_home_cities(city.context, send=send)


def visit(home: HomeCities, subject_id: UUID, home_city: str, scope: Scope = Scope.ENTITLEMENT) -> Visit | Refusal:
    """Ask the home city of a visitor, who does so himself."""
    return begin_visit(home, subject_id, home_city=home_city, scope=scope)


def come_to_counter(
    city: City, home: HomeCities, person: Person, home_city: str, order_no: str, **how: str
) -> Verification | Refusal:
    """Ask at the counter of a merchant about a visitor by the number."""
    merchant = Principal(kind=PrincipalKind.MERCHANT, id=how.get("merchant", SHOP), scopes=frozenset())
    order = make_visitor_order(
        merchant=merchant,
        order_no=order_no,
        scenario=how.get("scenario", BIKE),
        home_city=home_city,
        id_number=person.id_number,
        amount_fen=None,
        pseudonyms=city.context.pseudonyms,
    )
    context = city.context
    tools = JudgingTools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)
    return verify_visitor(home, order, tools=tools)


def list_believed(city: City, subject_id: UUID) -> list[Entitlement]:
    """What a city believes of a visitor now."""
    with city.database.reading() as session:
        return list_entitlements(session, subject_id, city.now())

"""A counter at which citizens show codes, for tests: merchants with contracts, codes, scans and asks."""

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from werkzeug.test import TestResponse

from backend.benefits.consents import give_consent
from backend.people.subjects import find_subject_id
from backend.web.problems import Refusal
from tests.backend.city import City, Person, read_json
from tests.backend.merchants.shops import open_shop

RACK, OTHER = "north_rack", "south_rack"
BIKE, CARD = "bike_hire", "library_card"  # from level `good`, with which everybody begins; from the next one on
_numbers = count(1)

Body = dict[str, Any]


def open_counters(city: City, *merchants: str) -> None:
    """Register merchants that offer bikes and library cards, unless told otherwise two."""
    for code in merchants or (RACK, OTHER):
        open_shop(city, code, BIKE, CARD, name=f"单车点 {code}")


def name_order() -> str:
    """An order number that nobody has used."""
    return f"order-{next(_numbers):06}"


def make_code(city: City, subject_id: UUID, **body: str) -> str:
    """A code that the person has just made; one for the first merchant unless told otherwise."""
    given = body or {"merchant": RACK}
    answer = city.client().post("/v1/codes", json=given, headers=city.citizen(subject_id))
    assert answer.status_code == 201, answer.text
    code: str = read_json(answer)["code"]
    return code


def scan(city: City, code: str, *, merchant: str = RACK, **changes: Any) -> TestResponse:  # noqa: ANN401 - any member
    """A scan of a code for a bike under a new order, unless told otherwise."""
    body = {"order_no": name_order(), "scenario": BIKE, "code": code} | changes
    return city.client().post("/v1/verifications", json=body, headers=city.merchant(merchant))


def ask(city: City, identity_number: str, *, merchant: str = RACK, **changes: Any) -> TestResponse:  # noqa: ANN401 - as above
    """A question about the owner of a number, for a bike under a new order, unless told otherwise."""
    body = {"order_no": name_order(), "scenario": BIKE, "identity_number": identity_number} | changes
    return city.client().post("/v1/asks", json=body, headers=city.merchant(merchant))


def consent(city: City, subject_id: UUID, *, merchant: str = RACK, scenario: str | None = BIKE, days: int = 30) -> UUID:
    """Let a merchant be told for some days, and give the id of the consent."""
    with city.database.transaction() as session:
        given = give_consent(
            session,
            subject_id,
            merchant=merchant,
            scenario=scenario,
            expires_at=city.now() + timedelta(days=days),
            catalogue=city.context.benefits.catalogue_on(city.now().date()),
            now=city.now(),
        )
    assert not isinstance(given, Refusal), given
    return given.consent_id


def find_id(city: City, person: Person) -> UUID:
    """The id of somebody known."""
    with city.database.reading() as session:
        found = find_subject_id(session, person.id_number, pseudonyms=city.context.pseudonyms)
    assert found is not None
    return found


def read_looks(city: City, subject_id: UUID) -> list[Body]:
    """What the person reads about who looked, the newest first."""
    answer = city.client().get("/v1/access-entries", headers=city.citizen(subject_id))
    items: list[Body] = read_json(answer)["items"]
    return items

"""Whoever set a question off in another city goes by a name, and not by a code alone."""

from scenarios.treaty import Scope
from tests.backend.city import City, read_json
from tests.backend.disclosures.asking import ask, pause, sweep
from tests.backend.disclosures.test_answering import settle_in
from tests.backend.disclosures.test_consents import get


def test_the_merchant_who_asked_is_named_to_the_person(city: City) -> None:
    person, subject_id = settle_in(city, Scope.ENTITLEMENT, Scope.LEVEL)
    for scope in (Scope.LEVEL, Scope.ENTITLEMENT):
        ask(city, person, scope)
    told = {each["acting"]: each["acting_name"] for each in get(city, subject_id, "disclosures")["items"]}
    assert told == {"west_lake_hospital": "西湖医院", "visitor": None}
    pause(city, subject_id)
    assert sweep(city) == 1  # and what was told is taken back
    looks = read_json(city.client().get("/v1/access-entries", headers=city.citizen(subject_id)))["items"]
    named = {(look["answered"]["kind"], look["answered"].get("acting_name")) for look in looks}
    corrected = "exchange_corrected_nothing"
    by_name = {("exchange_entitlement", "西湖医院"), (corrected, "西湖医院")}
    assert named == by_name | {("exchange_level", None), (corrected, None)}

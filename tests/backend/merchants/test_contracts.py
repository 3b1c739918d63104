from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from backend.merchants.contracts import (
    FIGURES,
    NewContract,
    SignedContract,
    complete_benefit,
    end_contract,
    find_contract,
    list_contracts,
    list_offering,
    list_offerings,
    sign_contract,
)
from backend.merchants.endpoints import register_endpoint
from backend.merchants.events import EventKind
from backend.merchants.suspensions import (
    lift_merchant_suspension,
    lift_scenario_suspension,
    suspend_merchant,
    suspend_scenario,
)
from backend.merchants.webhook_tables import DeliveryRow
from backend.web.problems import ProblemCode, Refusal
from scenarios.catalogue import HELD, Benefit, BenefitKind, Wording
from tests.backend.city import City
from tests.backend.merchants.shops import LIBRARY, REGION, open_shop, sign

FIRST, LAST, DAY = date(2026, 11, 22), date(2026, 12, 1), timedelta(days=1)
RENTAL = NewContract(
    merchant=LIBRARY,
    scenario="rental_deposit",
    region=REGION,
    starts_on=FIRST,
    ends_on=LAST,
    figures={"limit_fen": 300_000},
)


def attempt(city: City, new: NewContract) -> SignedContract | Refusal:
    catalogue = city.context.benefits.catalogue_on(new.starts_on)
    with city.database.transaction() as session:
        return sign_contract(session, new, catalogue=catalogue, by="zhao", now=city.now())


def is_found(city: City, day: date, *, merchant: str = LIBRARY, scenario: str = "rental_deposit") -> bool:
    """Whether a contract is found; who offers the scenario that day must agree with it."""
    with city.database.reading() as session:
        found = find_contract(session, merchant, scenario, day)
        offering = list_offering(session, scenario, day, limit=10)
        of_each = list_offerings(session, [scenario, "library_card"], day, limit=10)
        first = list_offerings(session, [scenario], day, limit=1)
    assert (merchant in {each.merchant for each in offering}) == (found is not None)
    assert (of_each.get(scenario, []), first.get(scenario, [])) == (offering, offering[:1])
    return found is not None


def test_a_contract_counts_from_its_first_day_until_its_last_ended_or_suspended(city: City) -> None:
    open_shop(city)
    open_shop(city, "other", "rental_deposit", figures={"limit_fen": 1})
    signed = attempt(city, RENTAL)
    assert isinstance(signed, SignedContract)
    with city.database.reading() as session:
        contract = find_contract(session, LIBRARY, "rental_deposit", FIRST)
    assert contract is not None
    assert (contract.merchant_name, contract.region, dict(contract.figures)) == (
        "东区图书馆",
        REGION,
        {"limit_fen": 300_000},
    )
    assert [is_found(city, on) for on in (FIRST - DAY, FIRST, LAST - DAY, LAST)] == [False, True, True, False]
    assert not is_found(city, FIRST, scenario="library_card")
    now = city.now()
    with city.database.transaction() as session:
        suspend_merchant(session, LIBRARY, because="looked into", by="zhao", now=now)
    assert (is_found(city, FIRST), is_found(city, FIRST, merchant="other")) == (False, True)
    with city.database.transaction() as session:
        lift_merchant_suspension(session, LIBRARY, by="zhao", now=now)
        suspend_scenario(session, "rental_deposit", scenarios={"rental_deposit"}, because="a fault", by="zhao", now=now)
    assert (is_found(city, FIRST), is_found(city, FIRST, merchant="other")) == (False, False)
    with city.database.transaction() as session:
        lift_scenario_suspension(session, "rental_deposit", by="zhao", now=now)
    assert is_found(city, FIRST)
    with city.database.transaction() as session:
        for by in ("zhao", "another"):
            assert end_contract(session, LIBRARY, signed.contract_id, by=by, now=now) is None
        assert [each.ended_by for each in list_contracts(session, [LIBRARY])] == ["zhao"]
    assert not is_found(city, FIRST)


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({}, []),
        ({"ends_on": None}, []),
        ({"ends_on": FIRST}, [("/ends_on", "not_after_start")]),
        ({"scenario": "gossip"}, [("/scenario", "not_on_offer")]),
        ({"starts_on": date(2025, 12, 31)}, [("/scenario", "not_on_offer")]),
        ({"region": "320100"}, [("/region", "outside_region")]),
        ({"region": "410000"}, [("/region", "outside_region")]),
        ({"figures": {}}, [("/figures/limit_fen", "required")]),
        ({"figures": {"limit_fen": 1_000_001}}, [("/figures/limit_fen", "out_of_range")]),
        ({"figures": {"limit_fen": 1, "free_minutes": 9}}, [("/figures/free_minutes", "not_left_to_contract")]),
        ({"scenario": "library_card"}, [("/figures/limit_fen", "not_left_to_contract")]),
        ({"scenario": "hospital_counter"}, [("/figures/limit_fen", "not_left_to_contract")]),
    ],
    ids=str,
)
def test_a_contract_fits_its_scenario(town: City, changes: dict[str, object], faults: list[tuple[str, str]]) -> None:
    open_shop(town)
    signed = attempt(town, replace(RENTAL, **changes))  # type: ignore[arg-type]  # a row of the table
    found = [(fault.pointer, fault.code) for fault in signed.faults] if isinstance(signed, Refusal) else []
    assert found == faults


def test_a_merchant_is_told_of_its_suspension_and_of_the_end_of_a_contract(city: City) -> None:
    contract_id, now = sign(city, open_shop(city), "library_card"), city.now()
    told = [EventKind.MERCHANT_SUSPENDED, EventKind.CONTRACT_ENDED]
    with city.database.transaction() as session:
        url = "https://library.example/events"
        register_endpoint(session, LIBRARY, url=url, events=told, targets="public", by="m1", now=now)
        for because in ("looked into", "again, while it is suspended"):
            suspend_merchant(session, LIBRARY, because=because, by="zhao", now=now)
        suspend_scenario(session, "home_care", scenarios={"home_care"}, because="a fault", by="zhao", now=now)
        for _ in range(2):
            end_contract(session, LIBRARY, contract_id, by="zhao", now=now)
        left = session.execute(select(DeliveryRow.event, DeliveryRow.payload).order_by(DeliveryRow.event_id)).all()
    assert [tuple(row) for row in left] == [
        ("merchant.suspended", {"merchant": LIBRARY}),
        ("contract.ended", {"scenario": "library_card"}),
    ]


def test_of_two_contracts_signed_at_once_for_the_same_days_one_counts(city: City) -> None:
    open_shop(city)
    catalogue, second = city.context.benefits.catalogue_on(FIRST), replace(RENTAL, starts_on=LAST - DAY, ends_on=None)
    with ThreadPoolExecutor(1) as pool:
        with city.database.transaction() as session:
            made = sign_contract(session, RENTAL, catalogue=catalogue, by="zhao", now=city.now())
            waiting = pool.submit(attempt, city, second)
            wait([waiting], timeout=0.2)  # long enough for one that does not wait for this transaction to get ahead
        late = waiting.result()
    assert isinstance(made, SignedContract)
    assert late == Refusal(ProblemCode.CONTRACT_EXISTS)
    before = replace(RENTAL, starts_on=FIRST - DAY, ends_on=FIRST)
    after = replace(RENTAL, starts_on=LAST, ends_on=None)
    assert all(isinstance(attempt(city, new), SignedContract) for new in (before, after))
    assert attempt(city, replace(after, merchant="nobody")) == Refusal(ProblemCode.MERCHANT_NOT_FOUND)
    sign(city, LIBRARY, "library_card")


def test_a_contract_completes_what_the_scenario_leaves_open_and_changes_nothing_else() -> None:
    words = Wording(zh="甲", en="a")
    own = Benefit(kind=BenefitKind.DISCOUNT, description=words, charged_percent=80)
    left = replace(own, charged_percent=None, figure_by_contract=True)
    assert complete_benefit(own, {"charged_percent": 1}) == own
    assert complete_benefit(left, {"charged_percent": 70}) == replace(left, charged_percent=70)
    assert FIGURES.keys() >= HELD

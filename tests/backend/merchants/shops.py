"""Merchants for tests: registered, with contracts for scenarios of the shipped catalogue."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from backend.clock import today
from backend.merchants.contracts import NewContract, SignedContract, sign_contract
from backend.merchants.registration import Merchant, NewMerchant, register_merchant
from tests.backend.city import City

LIBRARY, REGION = "east_library", "410105"


def open_shop(
    city: City, code: str = LIBRARY, *scenarios: str, figures: Mapping[str, int] | None = None, name: str = "东区图书馆"
) -> str:
    """Register a merchant with a contract for each scenario that began yesterday, and give its code."""
    new = NewMerchant(code=code, name=name, name_en=None, uscc=None, contact="reading-room@library.example")
    with city.database.transaction() as session:
        made = register_merchant(session, new, by="zhao", now=city.now())
    assert isinstance(made, Merchant), made
    for scenario in scenarios:
        sign(city, code, scenario, figures=figures)
    return code


def sign(city: City, merchant: str, scenario: str, *, figures: Mapping[str, int] | None = None) -> UUID:
    """Sign a contract with a merchant that began yesterday and has no end, and give its id."""
    yesterday = today(city.now()) - timedelta(days=1)
    new = NewContract(
        merchant=merchant, scenario=scenario, region=REGION, starts_on=yesterday, ends_on=None, figures=figures or {}
    )
    catalogue = city.context.benefits.catalogue_on(yesterday)
    with city.database.transaction() as session:
        made = sign_contract(session, new, catalogue=catalogue, by="zhao", now=city.now())
    assert isinstance(made, SignedContract), made
    return made.contract_id

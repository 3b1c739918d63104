"""Merchants of invented places: registered and under contract by the use cases, as a steward would do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy.orm import Session

from backend.clock import today
from backend.demo.performance import expect
from backend.gateways.scenario_files import CityBenefits
from backend.merchants.contracts import NewContract, list_open_scenarios, sign_contract
from backend.merchants.registration import NewMerchant, find_merchant, register_merchant

REGISTERED_BEFORE = timedelta(days=10)
_NOTHING_OPEN: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A merchant to be: where it is (GB/T 2260), and its contracts, each with the figures that the scenario leaves."""

    code: str
    name: str
    name_en: str
    region: str
    contracts: Mapping[str, Mapping[str, int]]


BICYCLES, UMBRELLAS, CARDS = "bike_hire", "shared_items", "library_card"
DEMO_SHOP = Shop(
    code="demo_service_point",
    name="演示便民服务点",
    name_en="Demo service point",
    region="410105",
    contracts={BICYCLES: _NOTHING_OPEN, UMBRELLAS: _NOTHING_OPEN, CARDS: _NOTHING_OPEN},
)


def offers_everything(shop: Shop, benefits: CityBenefits, *, now: datetime) -> bool:
    """Tell whether the city has every scenario of a shop on offer today."""
    day = today(now)
    return shop.contracts.keys() <= list_open_scenarios(benefits.catalogue_on(day), day)


def open_shop(session: Session, shop: Shop, benefits: CityBenefits, *, by: str, now: datetime) -> None:
    """Register a shop ten days ago and sign its contracts, unless that was done; UnforeseenRefusalError on a no."""
    if find_merchant(session, shop.code) is not None:
        return
    at = now - REGISTERED_BEFORE
    starts_on = max(today(at), min(edition.effective_on for edition in benefits.editions))
    new = NewMerchant(code=shop.code, name=shop.name, name_en=shop.name_en, uscc=None, contact=f"{by}@example.com")
    expect(register_merchant(session, new, by=by, now=at))
    for scenario, figures in shop.contracts.items():
        contract = NewContract(
            merchant=shop.code,
            scenario=scenario,
            region=shop.region,
            starts_on=starts_on,
            ends_on=None,
            figures=figures,
        )
        expect(sign_contract(session, contract, catalogue=benefits.catalogue_on(starts_on), by=by, now=at))

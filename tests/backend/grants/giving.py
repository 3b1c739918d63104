"""Persons, merchants and scenarios for tests of grants, and the small steps that they all take."""

from datetime import UTC, date, datetime
from itertools import count
from uuid import UUID

from backend.grants.grant import Via, Wanted
from backend.merchants.tables import MerchantRow
from backend.storage.database import Database
from scenarios.catalogue import Benefit, BenefitKind, Bounds, Condition, Quotas, Scenario, Wording
from tests.backend.builders import add_person

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)  # noon in the city
BOUNDS = Bounds(open_grants=3, overdue_grants=1, held_fen=25_000)
LIBRARY, HOTEL = "city_library", "lakeside_hotel"
_WORDS = Wording(zh="免押金", en="No deposit")
_orders = count(1)


def make_scenario(
    code: str = "library_card",
    *,
    kind: BenefitKind = BenefitKind.DEPOSIT_WAIVER,
    quotas: Quotas | None = None,
    excludes: frozenset[str] = frozenset(),
    lasting_days: int = 2,
    overdue_days: int = 3,
    reserved_minutes: int = 15,
) -> Scenario:
    """A scenario that holds up to 100 yuan for two days, unless told otherwise, and is let go three days after that.

    No city could leave a merchant so little time; the checker of scenarios sees to that.
    """
    return Scenario(
        code=code,
        title=_WORDS,
        family="test",
        service="library",
        is_basic=False,
        owner="test",
        basis="test",
        source="own",
        note="",
        starts_on=date(2026, 1, 1),
        ends_on=None,
        condition=Condition(),
        benefit=Benefit(
            kind=kind,
            description=_WORDS,
            reserved_minutes=reserved_minutes,
            lasting_days=lasting_days,
            overdue_days=overdue_days,
        ),
        quotas=quotas or Quotas(),
        excludes=excludes,
        otherwise=_WORDS,
    )


def want(
    subject_id: UUID,
    scenario: Scenario,
    *,
    merchant: str = LIBRARY,
    order_no: str | None = None,
    amount_fen: int | None = None,
    bounds: Bounds = BOUNDS,
) -> Wanted:
    """A grant that somebody wants, of up to 100 yuan, under an order of its own."""
    return Wanted(
        subject_id=subject_id,
        merchant=merchant,
        order_no=order_no or f"order-{next(_orders)}",
        scenario=scenario,
        bounds=bounds,
        catalogue_version="test-1",
        amount_fen=amount_fen,
        limit_fen=10_000,
        via=Via.APPLICATION,
        clerk=None,
    )


def settle_in(database: Database, *, persons: int = 1) -> list[UUID]:
    """Commit two merchants and some persons, and give the persons' ids."""
    with database.transaction() as session:
        for code in (LIBRARY, HOTEL):
            session.add(MerchantRow(code=code, name=code, contact="desk", registered_at=NOON, registered_by="wang"))
        return [add_person(session) for _ in range(persons)]

"""What a scan is answered from on the merchant's side, asked in one look: order, misses of this window, contract."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, and_, bindparam, exists, select
from sqlalchemy.orm import Session

from backend.benefits.probe_tables import ProbeWindowRow
from backend.benefits.verification_tables import VerificationRow
from backend.merchants.contracts import Contract
from backend.merchants.tables import ContractRow, MerchantRow, list_contract_conditions
from backend.storage.questions import Question, ask_within
from backend.storage.types import Moment

_MISSES = ("not_granted", "code_unusable")


class Desk(NamedTuple):
    """A merchant's desk: whether the order was asked about before, the misses by their kind, and the contract."""

    has_order: bool
    misses: Mapping[str, int]
    contract: Contract | None


def _count(miss: str) -> ScalarSelect[int]:
    row = ProbeWindowRow
    here = (row.merchant == MerchantRow.code, row.starts_at == bindparam("starts_at", type_=Moment()), row.miss == miss)
    return select(row.misses).where(*here).scalar_subquery()


_TOLD: tuple[Any, ...] = (
    exists().where(VerificationRow.merchant == MerchantRow.code, VerificationRow.order_no == bindparam("order_no")),
    *(_count(miss) for miss in _MISSES),
    MerchantRow.name,
    ContractRow.region,
    ContractRow.figures,
)
_DESK = Question(
    select(*_TOLD)
    .outerjoin(
        ContractRow,
        and_(
            ContractRow.merchant == MerchantRow.code,
            ContractRow.scenario == bindparam("scenario"),
            *list_contract_conditions(),
        ),
    )
    .where(MerchantRow.code == bindparam("merchant"))
)


def find_desk(session: Session, merchant: str, order_no: str, scenario: str, *, day: date, starts_at: datetime) -> Desk:
    """Find a merchant's desk on a day of the city, in the window of misses that began at a moment."""
    values = {"merchant": merchant, "order_no": order_no, "scenario": scenario, "day": day, "starts_at": starts_at}
    row = ask_within(session, _DESK, values)
    if row is None:
        return Desk(has_order=False, misses={}, contract=None)
    has_order, not_granted, code_unusable, name, region, figures = row
    contract = None
    if region is not None:
        given = MappingProxyType(figures)
        contract = Contract(merchant=merchant, merchant_name=name, scenario=scenario, region=region, figures=given)
    misses = dict(zip(_MISSES, (not_granted or 0, code_unusable or 0), strict=True))
    return Desk(has_order=bool(has_order), misses=misses, contract=contract)

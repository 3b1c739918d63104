"""The register of merchants: who they are, how they stand, and what they have signed."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from typing_extensions import override

from backend.clock import today
from backend.merchants.contracts import SignedContract, list_contracts
from backend.merchants.suspensions import Suspension, find_suspended_merchants
from backend.merchants.tables import MerchantRow, add_merchant, find_merchant_row, list_merchant_rows
from backend.people.identity_numbers import IdentityFault, SubjectKind, holds_resident_id, read_identity
from backend.web.problems import Fault, Place, ProblemCode, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMerchant:
    """A merchant as the steward writes it down; `contact` is for the credit centre alone."""

    code: str
    name: str
    name_en: str | None
    uscc: str | None
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant(NewMerchant):
    """A merchant in the register, with its contracts in order of signing, ended ones too."""

    registered_at: datetime
    registered_by: str
    suspension: Suspension | None
    contracts: tuple[SignedContract, ...]


@dataclass(frozen=True, slots=True)
class RegisteredMerchants(Container[str]):
    """Which codes are those of merchants, as a session sees them."""

    session: Session

    @override
    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and find_merchant_row(self.session, code) is not None


def register_merchant(session: Session, new: NewMerchant, *, by: str, now: datetime) -> Merchant | Refusal:
    """Register a merchant under a code that nobody had before; its credit code is kept in its one spelling.

    Refusals: `merchant_exists`; `merchant_refused` with what to mend for a credit code that is none (GB 32100-2015),
    and for a code that holds the number of a person's id.
    """
    # Whoever trades has a credit code, whatever kind of organisation it is.
    kind, spelled = SubjectKind.ENTERPRISE.value, new.uscc
    uscc = None if spelled is None else read_identity(kind, spelled, today=today(now))
    if isinstance(uscc, IdentityFault):
        return _refuse("/uscc", f"identity_{uscc.code}")
    if holds_resident_id(new.code):
        return _refuse("/merchant", "holds_identity_number")
    values = {**asdict(new), "uscc": uscc, "registered_at": now, "registered_by": by}
    if not add_merchant(session, values):
        return Refusal(ProblemCode.MERCHANT_EXISTS)
    return Merchant(**values, suspension=None, contracts=())


def find_merchant(session: Session, code: str) -> Merchant | None:
    """Find a merchant by its code."""
    row = find_merchant_row(session, code)
    return None if row is None else _describe_all(session, [row])[0]


def list_merchants(session: Session, *, after: str | None = None, limit: int) -> Sequence[Merchant]:
    """List at most `limit` merchants in order of their codes; only those behind `after`, if given."""
    return _describe_all(session, list_merchant_rows(session, after=after, limit=limit))


def _describe_all(session: Session, rows: Sequence[MerchantRow]) -> list[Merchant]:
    codes = [row.code for row in rows]
    suspended, contracts = find_suspended_merchants(session, codes), list_contracts(session, codes)
    return [_describe(row, suspended, [each for each in contracts if each.merchant == row.code]) for row in rows]


def _describe(row: MerchantRow, suspended: Mapping[str, Suspension], contracts: Sequence[SignedContract]) -> Merchant:
    return Merchant(
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        uscc=row.uscc,
        contact=row.contact,
        registered_at=row.registered_at,
        registered_by=row.registered_by,
        suspension=suspended.get(row.code),
        contracts=tuple(contracts),
    )


def _refuse(pointer: str, code: str) -> Refusal:
    return Refusal(ProblemCode.MERCHANT_REFUSED, faults=(Fault(place=Place.BODY, pointer=pointer, code=code),))

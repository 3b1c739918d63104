"""What a merchant asks about a visitor, by the number of the id, and the question to the home city that it leads to."""

from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from backend.benefits.nobody import NOBODY
from backend.benefits.scans import digest_question
from backend.benefits.verification_tables import VISITOR
from backend.gateways.pseudonyms import Pseudonyms
from backend.principals import Principal
from backend.visits.questions import HomeAsk
from scenarios.treaty import Role, Scope, TreatyPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorOrder:
    """What a merchant asks about a visitor: `id_number` as `read_resident_id` gave it, amounts in fen.

    There are several `digests` of one question while keys are exchanged; the first is kept.
    """

    merchant: Principal
    order_no: str
    scenario: str
    home_city: str
    id_number: str = field(repr=False)
    amount_fen: int | None
    digests: tuple[bytes, ...] = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What tells this question from any other."""
        return self.digests[0]

    @property
    def via(self) -> str:
        """How it was asked: of a visitor's home city."""
        return VISITOR


def make_visitor_order(
    *,
    merchant: Principal,
    order_no: str,
    scenario: str,
    home_city: str,
    id_number: str,
    amount_fen: int | None,
    pseudonyms: Pseudonyms,
) -> VisitorOrder:
    """Make a question about a visitor; `id_number` is as `read_resident_id` gave it."""
    whom = [index.digest + home_city.encode() for index in pseudonyms.all_indexes(id_number)]
    return VisitorOrder(
        merchant=merchant,
        order_no=order_no,
        scenario=scenario,
        home_city=home_city,
        id_number=id_number,
        amount_fen=amount_fen,
        digests=tuple(digest_question(VISITOR, scenario, amount_fen, each) for each in whom),
    )


def make_question(order: VisitorOrder, subject_id: UUID, *, acting_name: str) -> HomeAsk:
    """Make the question to the home city; `subject_id` is `NOBODY` where nobody is known here by that number."""
    return HomeAsk(
        home_city=order.home_city,
        subject_id=None if subject_id == NOBODY else subject_id,
        id_number=order.id_number,
        scope=Scope.ENTITLEMENT,
        scenarios=(order.scenario,),
        purpose=TreatyPurpose.BENEFIT,
        role=Role.MERCHANT,
        acting=order.merchant.id,
        acting_name=acting_name,
        case_no=_name_case(order),
    )


def _name_case(order: VisitorOrder) -> str:
    """Name an order to the home city: whoever knows it can find the name again, and no number shows in it."""
    return str(UUID(bytes=sha256(f"{order.merchant.id}/{order.order_no}".encode()).digest()[:16]))

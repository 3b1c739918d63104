"""The steward's work: merchants, what they sign, and suspending them."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.merchants import examples
from backend.merchants.contracts import NewContract, SignedContract, end_contract, sign_contract
from backend.merchants.registration import Merchant, NewMerchant, find_merchant, list_merchants, register_merchant
from backend.merchants.schemas import (
    ContractSchema,
    MerchantPageSchema,
    MerchantSchema,
    NewContractSchema,
    NewMerchantSchema,
    NewSuspensionSchema,
    SuspensionSchema,
)
from backend.merchants.suspensions import Suspension, lift_merchant_suspension, suspend_merchant
from backend.principals import Principal, PrincipalKind
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import Page, PageQuerySchema, cut_page
from backend.web.problems import ProblemCode, Refusal

OPERATOR = {PrincipalKind.OPERATOR}
READ, WRITE = "merchants:read", "merchants:write"
SMALL_BODY_LIMIT = 4 * 1024

blueprint = Blueprint("merchants", __name__, description="Merchants and their contracts, as the steward keeps them")


@blueprint.operation(
    "POST",
    "/merchants",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Register a merchant",
    body=NewMerchantSchema,
    body_example=examples.NEW_MERCHANT,
    body_limit=SMALL_BODY_LIMIT,
    status=HTTPStatus.CREATED,
    response=MerchantSchema,
    example={**examples.MERCHANT, "contracts": []},
    repeats=Repeats.BY_KEY,
    problems={ProblemCode.MERCHANT_EXISTS, ProblemCode.MERCHANT_REFUSED},
)
def create_merchant(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Merchant | Refusal:
    """Register a merchant; its machines are the registrar's affair."""
    return register_merchant(session, NewMerchant(**body), by=principal.id, now=now)


@blueprint.operation(
    "GET",
    "/merchants",
    kinds=OPERATOR,
    scope=READ,
    summary="List merchants with their contracts, in order of their codes",
    query=PageQuerySchema,
    response=MerchantPageSchema,
    example={"items": [examples.MERCHANT], "next_cursor": None},
)
def list_all_merchants(*, query: dict[str, Any], session: Session) -> Page[Merchant]:
    """Give a page of merchants."""
    limit, after = query["limit"], query["cursor"]
    merchants = list_merchants(session, after=None if after is None else after[0], limit=limit + 1)
    return cut_page(merchants, limit, lambda merchant: (merchant.code,))


@blueprint.operation(
    "GET",
    "/merchants/<code:merchant>",
    kinds=OPERATOR,
    scope=READ,
    summary="Read a merchant with its contracts, ended ones too",
    response=MerchantSchema,
    example=examples.MERCHANT,
    problems={ProblemCode.MERCHANT_NOT_FOUND},
)
def get_merchant(*, merchant: str, session: Session) -> Merchant | Refusal:
    """Give a merchant."""
    return find_merchant(session, merchant) or Refusal(ProblemCode.MERCHANT_NOT_FOUND)


@blueprint.operation(
    "PUT",
    "/merchants/<code:merchant>/suspension",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Suspend a merchant at once; what it has given goes on",
    body=NewSuspensionSchema,
    body_example=examples.NEW_SUSPENSION,
    body_limit=SMALL_BODY_LIMIT,
    response=SuspensionSchema,
    example=examples.SUSPENSION,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.MERCHANT_NOT_FOUND},
)
def put_merchant_suspension(
    *, merchant: str, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Suspension | Refusal:
    """Suspend a merchant; the first reason stays."""
    return suspend_merchant(session, merchant, because=body["because"], by=principal.id, now=now)


@blueprint.operation(
    "DELETE",
    "/merchants/<code:merchant>/suspension",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Lift the suspension of a merchant",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.NOT_SUSPENDED},
)
def delete_merchant_suspension(
    *, merchant: str, principal: Principal, session: Session, now: datetime
) -> Refusal | None:
    """Let a merchant give again."""
    return lift_merchant_suspension(session, merchant, by=principal.id, now=now)


@blueprint.operation(
    "POST",
    "/merchants/<code:merchant>/contracts",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Sign a contract for a scenario with a merchant",
    body=NewContractSchema,
    body_example=examples.NEW_CONTRACT,
    body_limit=SMALL_BODY_LIMIT,
    status=HTTPStatus.CREATED,
    response=ContractSchema,
    example=examples.CONTRACT,
    repeats=Repeats.BY_KEY,
    problems={ProblemCode.MERCHANT_NOT_FOUND, ProblemCode.CONTRACT_EXISTS, ProblemCode.CONTRACT_REFUSED},
)
def create_contract(
    *, merchant: str, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> SignedContract | Refusal:
    """Sign a contract by the catalogue that is in force on its first day."""
    new = NewContract(merchant=merchant, **body)
    catalogue = current_context().benefits.catalogue_on(new.starts_on)
    return sign_contract(session, new, catalogue=catalogue, by=principal.id, now=now)


@blueprint.operation(
    "DELETE",
    "/merchants/<code:merchant>/contracts/<uuid:contract_id>",
    kinds=OPERATOR,
    scope=WRITE,
    summary="End a contract now; what was given under it goes on",
    status=HTTPStatus.NO_CONTENT,
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.CONTRACT_NOT_FOUND},
)
def delete_contract(
    *, merchant: str, contract_id: UUID, principal: Principal, session: Session, now: datetime
) -> Refusal | None:
    """End a contract; nothing new is given under it."""
    return end_contract(session, merchant, contract_id, by=principal.id, now=now)

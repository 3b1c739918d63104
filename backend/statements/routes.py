"""Daily statements, for the merchant whose days they are."""

from base64 import b64encode
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.principals import Principal, PrincipalKind
from backend.statements.closing import Statement, list_statements, open_statement
from backend.statements.schemas import (
    DailyStatementQuerySchema,
    StatementPageQuerySchema,
    StatementPageSchema,
)
from backend.statements.writing import MEDIA_TYPES, read_pieces
from backend.web.answers import Stream
from backend.web.operations import Blueprint
from backend.web.paging import Page, cut_page
from backend.web.problems import ProblemCode, Refusal

MERCHANT = {PrincipalKind.MERCHANT}
READ = "statements:read"
EXAMPLE = {
    "day": "2026-11-21",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "previous": "0" * 64,
    "grants": 12,
    "verifications": 11,
    "opening_fen": 40_000,
    "held_fen": 20_000,
    "released_fen": 10_000,
    "closing_fen": 50_000,
    "final_fen": 0,
}

blueprint = Blueprint("statements", __name__, description="What a merchant's city day was, closed and chained by hash")


@blueprint.operation(
    "GET",
    "/statements",
    kinds=MERCHANT,
    scope=READ,
    summary="List my daily statements that were closed, with their hashes and sums, the newest first",
    query=StatementPageQuerySchema,
    response=StatementPageSchema,
    example={"items": [EXAMPLE], "next_cursor": None},
)
def list_my_statements(*, query: dict[str, Any], principal: Principal, session: Session) -> Page[Statement]:
    """List statements; a day is closed by the nightly command, or when its statement is read first."""
    limit = int(query["limit"])
    found = list_statements(session, principal.id, before=query["cursor"], limit=limit + 1)
    return cut_page(found, limit, lambda statement: (statement.day.isoformat(),))


@blueprint.operation(
    "GET",
    "/statements/file",
    kinds=MERCHANT,
    scope=READ,
    summary="Fetch the statement of a city day that is over, the same bytes each time",
    query=DailyStatementQuerySchema,
    streams=frozenset(MEDIA_TYPES.values()),
    problems={ProblemCode.STATEMENT_NOT_FOUND, ProblemCode.DAY_NOT_OVER, ProblemCode.UNAVAILABLE},
)
def get_my_statement_file(*, query: dict[str, Any], principal: Principal, now: datetime) -> Stream | Refusal:
    """Give a statement with the digest of its bytes (RFC 9530)."""
    day, form = query["day"], query["form"]
    found = open_statement(current_context().database, principal.id, day, form=form, now=now)
    if isinstance(found, Refusal):
        return found
    headers = {
        "Content-Digest": f"sha-256=:{b64encode(found.sha256).decode()}:",
        "Content-Disposition": f'attachment; filename="statement-{day.isoformat()}.{form.value}"',
    }
    return Stream(pieces=read_pieces(found.file), media_type=MEDIA_TYPES[form], headers=headers)

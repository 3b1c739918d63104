"""What a person can read about those who looked at his data (Henan Art. 40, PIPL Art. 44)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import AccessEntry, list_looks
from backend.access.schemas import AccessEntryPageSchema, EntryPageQuerySchema
from backend.access.wording import word_answered
from backend.context import current_context
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.messages import Language, get_message
from backend.web.operations import Blueprint
from backend.web.paging import cut_page
from backend.web.requests import current_notes

blueprint = Blueprint("access", __name__, description="Who looked at one's data")

ENTRY_EXAMPLE = {
    "entry_id": "019a0000-0000-7000-8000-000000000000",
    "asked_at": "2026-11-22T04:00:00Z",
    "asker": {
        "kind": "department",
        "kind_text": "提供单位",
        "code": "civil_affairs",
        "name": "市民政局",
        "acting": "clerk-7",
    },
    "purpose": {"code": "data_check", "text": "数据核查：核对报送的信用信息是否准确、完整"},
    "basis": "《河南省社会信用条例》第十七条",
    "answered": {"kind": "record", "records": 1},
    "answered_text": "查看了关于您的一条记录",
    "case_no": None,
}


@blueprint.operation(
    "GET",
    "/access-entries",
    kinds={PrincipalKind.CITIZEN},
    scope="access:read",
    summary="See who looked at one's data, when, for what and on what basis",
    query=EntryPageQuerySchema,
    response=AccessEntryPageSchema,
    example={"items": [ENTRY_EXAMPLE], "next_cursor": None},
)
def list_my_access_entries(*, principal: Principal, query: dict[str, Any], session: Session) -> Reply:
    """Give the looks at the person who asks, newest first."""
    limit, language = query["limit"], current_notes().language
    looks = list_looks(session, UUID(principal.id), before=query["cursor"], limit=limit + 1)
    page = cut_page(looks, limit, lambda look: (str(look.entry_id),))
    items = [_describe(look, language) for look in page.items]
    return Reply(value={"items": items, "next_cursor": page.next_cursor}, headers={"Content-Language": language.value})


def _describe(look: AccessEntry, language: Language) -> Mapping[str, object]:
    return {
        "entry_id": look.entry_id,
        "asked_at": look.asked_at,
        "asker": {
            "kind": look.asker_kind,
            "kind_text": get_message(f"principal.{look.asker_kind}", language),
            "code": look.asker,
            "name": look.asker_name,
            "acting": look.acting,
        },
        "purpose": {"code": look.purpose, "text": get_message(f"purpose.{look.purpose}", language)},
        "basis": look.basis,
        "answered": look.answered,
        "answered_text": word_answered(look, language, benefits=current_context().benefits),
        "case_no": look.case_no,
    }

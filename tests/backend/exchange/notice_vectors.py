"""The notices of the test vectors besides the withdrawal, each with its confirmation, and an answer that refuses."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from backend.clock import format_moment
from backend.exchange.post import write_notice
from backend.gateways.city_calls import MessageTag, SignedCall
from backend.partners.notices import HeldNotice, NoticeKind
from backend.web.answers import write_json
from backend.web.messages import Language
from backend.web.problems import PROBLEM_MEDIA_TYPE, ProblemCode, Refusal, describe_refusal
from tests.backend.exchange.vector_messages import (
    ANSWERED_AT,
    ASKED_AT,
    HOME,
    HOST,
    QUESTION_ID,
    name_url,
    show_answer,
    show_call,
    sign,
)

REQUEST_ID = "019ab3c0-5e00-7a55-8b00-1f2e3d4c5b6a"
SECOND, UNTIL = timedelta(seconds=1), "2026-11-25T04:00:01Z"


class Told(NamedTuple):
    """A notice: which and from whom to whom, what it says, so many seconds after the question; and what was done."""

    notice_id: UUID
    sender: str
    receiver: str
    content: Mapping[str, Any]
    seconds: int
    done: Mapping[str, Any]


_TREATY = {"treaty_id": "hangzhou-zhengzhou", "version": "2026.1"}
TOLD: Mapping[NoticeKind, Told] = {
    NoticeKind.USED: Told(
        notice_id=UUID("019ab3c0-6f00-7b21-9d30-7c2eaf908b72"),
        sender=HOST,
        receiver=HOME,
        content={
            "question_id": str(QUESTION_ID),
            "use_id": "019ab3c0-60a0-7c10-9a21-5d6e7f8091a2",
            "scenario": "medical_credit",
            "title": "先诊疗后付费",
            "place": "西湖医院",
            "state": "in_use",
            "step": 2,
            "happened_at": "2026-11-22T04:09:58.25Z",
        },
        seconds=600,
        done={"known": True},
    ),
    NoticeKind.CORRECTED: Told(
        notice_id=UUID("019ab3c0-6f00-7b21-9d30-7c2eaf908b73"),
        sender=HOME,
        receiver=HOST,
        content={
            "question_id": str(QUESTION_ID),
            "content": {"entitlements": [{"scenario": "medical_credit", "until": UNTIL}]},
            "until": UNTIL,
        },
        seconds=1800,
        done={"deleted": [str(QUESTION_ID)]},
    ),
    NoticeKind.SUSPENDED: Told(
        notice_id=UUID("019ab3c0-6f00-7b21-9d30-7c2eaf908b74"),
        sender=HOST,
        receiver=HOME,
        content=_TREATY,
        seconds=7200,
        done=_TREATY,
    ),
}


def make_notices() -> dict[str, Any]:
    """The notices by their kinds."""
    return {kind.value: _make_notice(kind, told) for kind, told in TOLD.items()}


def write_told(kind: NoticeKind) -> str:
    """The body of a notice, as the post writes it."""
    told = TOLD[kind]
    left_at = ASKED_AT + told.seconds * SECOND
    held = HeldNotice(told.notice_id, told.receiver, kind, None, None, told.content, left_at, 1, told.notice_id)
    return write_notice(held, city=told.sender).decode()


def make_refusal(call: SignedCall) -> dict[str, Any]:
    """What is answered to a question while the treaty is suspended."""
    refusal = Refusal(ProblemCode.TREATY_NOT_IN_FORCE)
    body = write_json(describe_refusal(refusal, language=Language.ENGLISH, instance=REQUEST_ID))
    status = refusal.code.status.value
    return show_answer(call, HOME, body, ANSWERED_AT, status=status, content_type=PROBLEM_MEDIA_TYPE)


def _make_notice(kind: NoticeKind, told: Told) -> dict[str, Any]:
    body, left_at = write_told(kind), ASKED_AT + told.seconds * SECOND
    call = sign(told.sender, name_url(told.receiver, "notices"), MessageTag.NOTICE, body, left_at)
    confirmation = write_json(
        {
            "protocol": "1",
            "notice_id": str(told.notice_id),
            "notice_digest": sha256(body.encode()).hexdigest(),
            "confirmed_at": format_moment(left_at + SECOND),
            "done": dict(told.done),
        }
    )
    answer = show_answer(call, told.receiver, confirmation, left_at + SECOND)
    return {"notice": show_call(call), "confirmation": answer}

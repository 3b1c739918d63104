"""What partners answer to notices, read with suspicion: a signature tells who answered, not that it was done.

What stands in the way of a notice has a name. One that begins with `refused` is the partner's word on this notice, and
will hardly change; `not_now` is said of all notices, whatever they say; every other one is of this notice, this time.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from backend.gateways.city_calls import SignedAnswer
from backend.partners.message_tables import REFUSED
from backend.partners.notices import HeldNotice, NoticeKind

_CODE = re.compile(r"[a-z0-9_]{1,60}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
DELETING = frozenset({NoticeKind.WITHDRAWN, NoticeKind.CORRECTED})
NOT_NOW, NOT_YET = "not_now", "not_yet"
_OF_ALL = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_OFF = "exchange_off"
# What is taken when its time has come, and what is done in part: both are confirmed later without anybody's help.
_LATER = frozenset({"notice_from_ahead", "not_all_ended"})


def find_flaw(answer: SignedAnswer, held: HeldNotice, body: bytes) -> str | None:
    """Say what is wrong with the confirmation of a notice; None if it confirms this very notice."""
    document = _read_object(answer.body)
    if answer.status != HTTPStatus.OK:
        code = document.get("code")
        return _name_refusal(answer.status, code if isinstance(code, str) and _CODE.fullmatch(code) else None)
    if (document.get("notice_id"), document.get("notice_digest")) != (str(held.notice_id), sha256(body).hexdigest()):
        return "other_notice"
    done = document.get("done")
    if not isinstance(done, dict) or not _can_be_kept(done):
        return "unusable"
    if held.kind not in DELETING:
        return None
    deleted = done.get("deleted", [])
    if not isinstance(deleted, list) or not all(isinstance(each, str) and _UUID.fullmatch(each) for each in deleted):
        return "unusable"
    return None if set(list_named(held)) <= set(deleted) else "not_deleted"


def _name_refusal(status: int, code: str | None) -> str:
    kind = REFUSED
    if status in _OF_ALL or status >= HTTPStatus.INTERNAL_SERVER_ERROR or code == _OFF:
        kind = NOT_NOW
    elif status < HTTPStatus.BAD_REQUEST or code in _LATER:
        kind = NOT_YET
    return kind if code is None else f"{kind}_{code}"


def list_named(held: HeldNotice) -> list[str]:
    """List the questions whose answers a notice takes back or puts right."""
    named = held.content.get("question_ids")
    return [str(each) for each in named] if isinstance(named, list) else [str(held.content["question_id"])]


def _read_object(content: bytes) -> Mapping[str, Any]:
    text = read_text(content)
    try:
        found = None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def read_text(content: bytes) -> str | None:
    """Read a body as a text that can be kept; None where it is none."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _can_be_kept(done: Mapping[str, Any]) -> bool:
    """Tell whether the database takes what was done: no NUL, no half characters, and numbers that are some."""
    try:
        text = json.dumps(done, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return b"\\u0000" not in text

"""What a home city says, read with suspicion: every member is there and no other, and says only what was asked.

A signature tells who has answered; that the answer is one to this question, by this treaty, is looked at here. What
cannot be read so is not believed in part either.
"""

import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from uuid import UUID

from backend.partners.protocol import PROTOCOL
from scenarios.treaty import LOWEST_TIER_TOLD, PartyLevel, Scope, Treaty, name_tier
from scenarios.treaty_telling import convert

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LONGEST_TEXT, _MOST_FLAGS = 400, 20


class UnusableAnswerError(Exception):
    """An answer does not say what it has to, or says more; nothing of it is repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an answer must belong to: our question with the bytes in which it left, and the treaty behind it."""

    question_id: UUID
    home: str
    host: str
    treaty: Treaty
    scope: Scope
    scenarios: tuple[str, ...]
    body: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a home city said and until when; `entitled` are the scenarios to which it said yes, each until a moment.

    `until` is None where it said nothing about anybody.
    """

    content: Mapping[str, Any] = field(repr=False)
    until: datetime | None
    entitled: Mapping[str, datetime] = field(repr=False)


def read_answer(body: bytes, asked: Asked) -> Said:
    """Read the answer to a question; raises UnusableAnswerError, also where it answers another one."""
    try:
        return _read_answer(body, asked)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        raise UnusableAnswerError from None  # whatever a partner has thought of that nobody here has


def is_usable(status: int, body: bytes, asked: Asked) -> bool:
    """Tell whether a partner has answered at all: by a text that can be kept, and with 200 by the answer to `asked`."""
    try:
        read_text(body)
        if status == HTTPStatus.OK:
            read_answer(body, asked)
    except UnusableAnswerError:
        return False
    return True


def read_text(body: bytes) -> str:
    """Read a body as a text that can be kept, in UTF-8 and without NUL; raises UnusableAnswerError."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise UnusableAnswerError from None
    if "\0" in text:
        raise UnusableAnswerError
    return text


def _read_answer(body: bytes, asked: Asked) -> Said:
    answer = _read_members(_load(body), "protocol", "question_id", "question_digest", "answered_at", "until", "content")
    digest = answer["question_digest"]
    is_digest = isinstance(digest, str) and _DIGEST.fullmatch(digest) is not None
    belongs = is_digest and hmac.compare_digest(digest, sha256(asked.body).hexdigest())
    if answer["protocol"] != PROTOCOL or answer["question_id"] != str(asked.question_id) or not belongs:
        raise UnusableAnswerError
    read_moment(answer["answered_at"])
    return read_content(answer["content"], answer["until"], asked)


def read_content(content: object, until: object, asked: Asked) -> Said:
    """Read the content of an answer, a correction or a card, and until when it holds; raises UnusableAnswerError."""
    told, entitled = _READERS[asked.scope](content, asked)
    moment = None if until is None else read_moment(until)
    if (moment is None) != (not told):
        raise UnusableAnswerError  # something is told until a moment, and nothing until none
    if moment is not None and any(each > moment for each in entitled.values()):
        raise UnusableAnswerError
    return Said(content=told or {}, until=moment, entitled=entitled)


def read_moment(value: object) -> datetime:
    """Read a moment (RFC 3339 in UTC with Z); raises UnusableAnswerError."""
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise UnusableAnswerError
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        raise UnusableAnswerError from None


_Told = tuple[Mapping[str, Any] | None, Mapping[str, datetime]]
_NOTHING: Mapping[str, datetime] = MappingProxyType({})


def _read_entitlements(content: object, asked: Asked) -> _Told:
    rows = _read_members(content, "entitlements")["entitlements"]
    if not isinstance(rows, list) or len(rows) > len(asked.scenarios):
        raise UnusableAnswerError
    entitled: dict[str, datetime] = {}
    agreed = asked.treaty.list_scenarios(home=asked.home, host=asked.host)
    for row in rows:
        found = _read_members(row, "scenario", "until")
        scenario = found["scenario"]
        if scenario not in asked.scenarios or scenario not in agreed or scenario in entitled:
            raise UnusableAnswerError
        entitled[scenario] = read_moment(found["until"])
    return ({"entitlements": rows} if rows else None), entitled


def _read_level(content: object, asked: Asked) -> _Told:
    level = _read_members(content, "level")["level"]
    if level is None:
        return None, _NOTHING
    found = _read_members(level, "code", "name", "name_en", "tier")
    for name in ("name", "name_en"):
        _check_text(found[name])
    party, code = asked.treaty.party(asked.home), _check_text(found["code"])
    known, listed = party.level(code), party.lists.get(code)
    tier = known.tier if known is not None else listed.tier if listed is not None and not party.levels else None
    if tier is None or tier < LOWEST_TIER_TOLD or found["tier"] != name_tier(tier):
        raise UnusableAnswerError
    return {"level": found}, _NOTHING


def _read_score(content: object, asked: Asked) -> _Told:
    score = _read_members(content, "score")["score"]
    if score is None:
        return None, _NOTHING
    found = _read_members(
        score, "points", "floor", "ceiling", "bands", "equivalent", "equivalent_floor", "equivalent_ceiling"
    )
    home, host = asked.treaty.party(asked.home), asked.treaty.party(asked.host)
    scale_map = asked.treaty.scale_map(asked.home, asked.host)
    points, equivalent = _check_whole(found["points"]), found["equivalent"]
    floor, ceiling = _check_whole(found["floor"]), _check_whole(found["ceiling"])
    if (floor, ceiling) != (home.floor, home.ceiling) or not floor <= points <= ceiling:
        raise UnusableAnswerError
    if (found["equivalent_floor"], found["equivalent_ceiling"]) != (host.floor, host.ceiling):
        raise UnusableAnswerError
    if scale_map is None or host.floor is None:
        if equivalent is not None:
            raise UnusableAnswerError
    elif not host.floor <= _check_whole(equivalent) <= convert(scale_map, points):
        raise UnusableAnswerError  # less than the map gives where a veto keeps the level down, and never more
    bands = found["bands"]
    if not isinstance(bands, list) or [_read_band(band) for band in bands] != [_describe(each) for each in home.levels]:
        raise UnusableAnswerError
    return {"score": found}, _NOTHING


def _read_band(band: object) -> tuple[object, ...]:
    found = _read_members(band, "code", "name", "name_en", "at_least", "tier")
    for name in ("name", "name_en"):
        _check_text(found[name])
    return found["code"], found["at_least"], found["tier"]


def _describe(level: PartyLevel) -> tuple[object, ...]:
    return level.code, level.at_least, name_tier(level.tier)


def _read_flags(content: object, asked: Asked) -> _Told:
    rows = _read_members(content, "flags")["flags"]
    if not isinstance(rows, list) or len(rows) > _MOST_FLAGS:
        raise UnusableAnswerError
    for row in rows:
        found = _read_members(row, "kind", "basis", "ends_on")
        _check_text(found["basis"])
        if found["kind"] not in [kind.value for kind in asked.treaty.flags]:
            raise UnusableAnswerError
        if found["ends_on"] is not None:
            _check_day(found["ends_on"])
    return ({"flags": rows} if rows else None), _NOTHING


_READERS: Mapping[Scope, Callable[[object, Asked], _Told]] = MappingProxyType(
    {
        Scope.ENTITLEMENT: _read_entitlements,
        Scope.LEVEL: _read_level,
        Scope.SCORE: _read_score,
        Scope.RECORD_FLAGS: _read_flags,
    }
)


def _load(body: bytes) -> object:
    try:
        return json.loads(read_text(body), object_pairs_hook=_refuse_repeats, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise UnusableAnswerError from None


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")


def _read_members(value: object, *names: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise UnusableAnswerError
    return value


def _check_text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT or not value.isprintable():
        raise UnusableAnswerError
    return value


def _check_whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnusableAnswerError
    return value


def _check_day(value: object) -> date:
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise UnusableAnswerError
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UnusableAnswerError from None

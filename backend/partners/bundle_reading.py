"""The lines of a bundle taken apart, with suspicion: each has exactly its members, each member its form."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from backend.partners.bundle_lines import BUNDLE_FORMAT, write_line, write_moment

LONGEST_LINE = 16 * 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class MalformedLineError(Exception):
    """A line is not as it must be; the message says what is wrong with it."""


class TreatyText(NamedTuple):
    """A treaty as both cities signed it."""

    id: str
    version: str
    text: str
    digest: str
    our_signature: str
    their_signature: str


class Head(NamedTuple):
    """The first line: whose log with whom, which numbers of it, and the treaties."""

    city: str
    partner: str
    from_no: int
    to_no: int
    previous: str
    made_at: str
    treaties: tuple[TreatyText, ...]


class Message(NamedTuple):
    """A message as it was logged; `body` is None where it was erased."""

    message_id: str
    partner: str
    direction: str
    kind: str
    about: str
    url: str
    status: int | None
    headers: Mapping[str, str]
    body_digest: str
    logged_at: datetime
    body: str | None


class LinkedMessage(NamedTuple):
    """A message with its place in the chain; `document` is what the chain covers."""

    log_no: int
    previous: str
    digest: str
    message: Message
    document: Mapping[str, Any]


class Closing(NamedTuple):
    """The last line."""

    signature: str


def read_line(line: bytes) -> dict[str, Any]:
    """Read a line that must be a JSON object in its one spelling; raises MalformedLineError."""
    if len(line) > LONGEST_LINE:
        raise MalformedLineError("is longer than any line of a bundle")
    if not line.endswith(b"\n"):
        raise MalformedLineError("has no end; each line ends with a line feed, the last one too")
    try:
        document = json.loads(line)
        is_one_spelling = isinstance(document, dict) and write_line(document) == line
    except (ValueError, RecursionError):
        raise MalformedLineError("is not JSON in UTF-8") from None
    if not is_one_spelling:
        raise MalformedLineError("is no JSON object in its one spelling: keys in order, no blanks, letters as they are")
    return dict(document)


def read_head(document: Mapping[str, Any]) -> Head:
    """Read the first line; raises MalformedLineError."""
    forms = {"format": str, "city": str, "partner": str, "from_no": int, "to_no": int, "previous": str}
    _check_members(document, {**forms, "made_at": str, "treaties": list})
    if document["format"] != BUNDLE_FORMAT:
        raise MalformedLineError(f"is of format {document['format']!r}; {BUNDLE_FORMAT} can be verified")
    if document["from_no"] < 1:
        raise MalformedLineError("begins before number 1")
    _read_moment(document["made_at"])
    return Head(
        city=document["city"],
        partner=document["partner"],
        from_no=document["from_no"],
        to_no=document["to_no"],
        previous=_read_digest(document["previous"]),
        made_at=document["made_at"],
        treaties=tuple(_read_treaty(each) for each in document["treaties"]),
    )


def read_linked_message(document: Mapping[str, Any]) -> LinkedMessage:
    """Read the line of a message; raises MalformedLineError."""
    body = document.get("body")
    form = type(None) if body is None else str
    _check_members(document, {"log_no": int, "previous": str, "digest": str, "message": dict, "body": form})
    message = document["message"]
    return LinkedMessage(
        log_no=document["log_no"],
        previous=_read_digest(document["previous"]),
        digest=_read_digest(document["digest"]),
        message=_read_message(message, body),
        document=message,
    )


def read_closing(document: Mapping[str, Any]) -> Closing:
    """Read the last line; raises MalformedLineError."""
    _check_members(document, {"closing": str})
    return Closing(document["closing"])


def _read_treaty(document: object) -> TreatyText:
    if not isinstance(document, dict):
        raise MalformedLineError("has a treaty that is no object")
    _check_members(document, dict.fromkeys(TreatyText._fields, str))
    return TreatyText(**document)


def _read_message(document: Mapping[str, Any], body: str | None) -> Message:
    texts = ("message_id", "partner", "direction", "kind", "about", "url", "body_digest")
    forms: dict[str, type] = dict.fromkeys(texts, str)
    is_asked = document.get("status") is None
    _check_members(document, {**forms, "status": type(None) if is_asked else int, "headers": dict, "logged_at": str})
    headers = document["headers"]
    if not all(isinstance(value, str) for value in headers.values()):
        raise MalformedLineError("has a header that is no text")
    try:
        UUID(document["about"])
    except ValueError:
        raise MalformedLineError("is about something that is no UUID") from None
    digest = _read_digest(document["body_digest"])
    if body is not None and sha256(body.encode()).hexdigest() != digest:
        raise MalformedLineError("has a body that is not that of its body_digest")
    return Message(**{**document, "logged_at": _read_moment(document["logged_at"]), "body": body})


def _check_members(document: Mapping[str, Any], forms: Mapping[str, type]) -> None:
    if set(document) != set(forms):
        strange = sorted(set(document) ^ set(forms))
        raise MalformedLineError(f"lacks members or has strange ones: {', '.join(map(repr, strange))}")
    for name, form in forms.items():
        if type(document[name]) is not form:
            raise MalformedLineError(f"has a {name} of another kind than {form.__name__}")


def _read_digest(text: str) -> str:
    if _DIGEST.fullmatch(text) is None:
        raise MalformedLineError("has a digest that is not 64 hexadecimal digits in small letters")
    return text


def _read_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        is_one_spelling = moment.tzinfo is not None and write_moment(moment) == text
    except (ValueError, OverflowError):
        moment, is_one_spelling = datetime.min, False  # noqa: DTZ901 - never given
    if not is_one_spelling:
        raise MalformedLineError("has a moment that is not written as 2026-11-22T04:00:00.000000Z")
    return moment

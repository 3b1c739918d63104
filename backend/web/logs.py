"""One JSON line an event on standard output, with nothing in it that names a person.

A line about a request has its id, operation, kind of principal, status and duration; never the address with its
query, never a body. What slips into a line all the same is blacked out before it is written.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from typing import TextIO

import structlog
from flask import Response
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from backend.web.faults import describe_fault
from backend.web.requests import current_notes, find_notes

BLACKED_OUT = "[redacted]"
SECRET_KEYS = frozenset(
    {
        "id_number", "name", "ticket", "token", "access_token", "authorization", "password", "phone", "body",
        "query", "refresh_token", "link_token", "code_of_login", "openid", "session_key", "secret", "client_assertion",
    }
)  # fmt: skip
_SECRETS = re.compile(
    r"""
      (?<![0-9])[0-9]{17}[0-9Xx](?![0-9])                         # identity number, 18 characters
    | (?<![0-9])[0-9]{15}(?![0-9])                                # identity number of the first generation
    | (?<![0-9])(?:\+?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}(?![0-9])  # mobile number
    | (?i:bearer)\s+[A-Za-z0-9._~+/=-]+                         # authorization header
    | eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*         # token on its own
    """,
    re.VERBOSE,
)
_SHORTEST_NUMBER = 10**10  # of all numbers of a person a mobile number is the shortest, with 11 digits
_JSON = json.JSONEncoder(ensure_ascii=False)
_ASCII_DIGITS = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789Xx")  # the same number to a reader

log = structlog.get_logger("shangding.request")


def configure_logs(level: str, stream: TextIO | None = None) -> None:
    """Send our own events and those of libraries to `stream` (standard output) as JSON lines, from `level` on.

    Sets the process's logging; called once, by whoever starts the application.
    """
    output = stream or sys.stdout
    shared: list[Processor] = [
        tell_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_fault,
        redact,
    ]
    renderer = structlog.processors.JSONRenderer(_write_event)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared[:-1],
            # The message of a library is put together first: a secret may stand in its arguments.
            processors=[ProcessorFormatter.remove_processors_meta, redact, renderer],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)


def tell_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the id of the request that runs, if one does."""
    notes = find_notes()
    if notes is not None:
        event.setdefault("request_id", notes.request_id)
    return event


def tell_fault(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the types and frames of the exception."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event.update(describe_fault(error))
    return event


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Black out what looks like an identity number, a phone number or a token, and what a key calls secret."""
    return {key: _redact_member(key, value) for key, value in event.items()}


def log_request(response: Response) -> Response:
    """Write the one line that every request leaves."""
    notes = current_notes()
    log.info(
        "request",
        operation=notes.operation,
        principal_kind=notes.principal_kind,
        status=response.status_code,
        duration_ms=round(notes.measure_duration_s() * 1000, 1),
    )
    return response


def _write_event(event: EventDict, **_options: object) -> str:
    """Write what `redact` has left, which is nothing that JSON does not know."""
    return _JSON.encode(event)


def _redact_member(key: object, value: object) -> object:
    if str(key).lower() in SECRET_KEYS:
        return BLACKED_OUT
    if value.__class__ is str:
        return _redact_text(value)
    if isinstance(value, Mapping):
        return {inner: _redact_member(inner, member) for inner, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact_member("", member) for member in value]
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < _SHORTEST_NUMBER):
        return value
    cleaned = _redact_text(str(value))
    return value if isinstance(value, int) and BLACKED_OUT not in cleaned else cleaned


def _redact_text(text: str) -> str:
    if text.isalpha():  # a secret has digits or dots; most values are words of ours
        return text
    cleaned = _SECRETS.sub(BLACKED_OUT, text if text.isascii() else text.translate(_ASCII_DIGITS))
    return cleaned if BLACKED_OUT in cleaned else text

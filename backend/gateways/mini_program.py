"""Mini-program codes: a code that the app got from the platform is exchanged for the account it belongs to.

The platform (`jscode2session`) takes our secret in the query and answers with a session key that we have no use for:
neither address nor answer leaves this module. Error codes: https://developers.weixin.qq.com/miniprogram/dev/, entry
code2Session, and the list of global return codes.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlencode

import structlog

from backend.gateways.http_calls import CallFailedError, call_service

DEADLINE_SECONDS = 3.0
LARGEST_BYTES = 4096
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)

log = structlog.get_logger("shangding.mini_program")


class MiniProgramFault(Enum):
    """Why there is no account for a code."""

    CODE_REFUSED = "the platform does not know the code, or no longer"
    CODE_USED = "the code was exchanged before"
    TOO_OFTEN = "this person asks the platform too often"
    BLOCKED = "the platform holds the account for risky and does not let it in"
    UNAVAILABLE = "the platform gives no usable answer just now, or does not accept us"


_FAULTS: Mapping[int, MiniProgramFault] = MappingProxyType(
    {
        -1: MiniProgramFault.UNAVAILABLE,  # busy
        40029: MiniProgramFault.CODE_REFUSED,
        40163: MiniProgramFault.CODE_USED,
        45011: MiniProgramFault.TOO_OFTEN,
        40226: MiniProgramFault.BLOCKED,
    }
)
_BUSY = -1


@dataclass(frozen=True, slots=True)
class MiniProgramAccount:
    """The platform's name for a person in our mini-program (`openid`): kept by keyed hash only."""

    openid: str = field(repr=False)


class MiniProgram:
    """Exchanges codes with the platform as one mini-program."""

    def __init__(self, *, url: str, app_id: str, secret: str, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._url, self._deadline_seconds = url, deadline_seconds
        self._app_id, self._secret = app_id, secret

    def exchange(self, code: str) -> MiniProgramAccount | MiniProgramFault:
        """Exchange a code for the account; a code can be exchanged once. Takes no longer than the deadline."""
        query = {
            "appid": self._app_id,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        try:
            answer = call_service(
                f"{self._url}?{urlencode(query)}", deadline_seconds=self._deadline_seconds, largest_bytes=LARGEST_BYTES
            )
        except CallFailedError:
            return _give_up("unreachable")
        if answer.status != HTTPStatus.OK:
            return _give_up("status", status=answer.status)
        return _read_answer(answer.content)


def _read_answer(content: bytes) -> MiniProgramAccount | MiniProgramFault:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return _give_up("not_json")
    if not isinstance(document, dict):
        return _give_up("not_an_object")
    error = document.get("errcode", 0)
    if error != 0 or isinstance(error, bool):
        return _read_error(error)
    openid = document.get("openid")
    if not isinstance(openid, str) or _ACCOUNT.fullmatch(openid) is None:
        return _give_up("no_account")
    return MiniProgramAccount(openid)


def _read_error(error: object) -> MiniProgramFault:
    if not isinstance(error, int) or isinstance(error, bool):
        return _give_up("strange_error")
    if error not in _FAULTS or error == _BUSY:
        # Whatever else the platform says is between it and us: a wrong id or secret, our quota, an address not listed.
        return _give_up("error", error=error)
    return _FAULTS[error]


def _give_up(what: str, **values: int) -> MiniProgramFault:
    log.warning("mini_program_unavailable", what=what, **values)
    return MiniProgramFault.UNAVAILABLE

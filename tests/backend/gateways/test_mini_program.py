from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from backend.gateways.mini_program import MiniProgram, MiniProgramAccount, MiniProgramFault
from tests.backend.gateways.stand_ins import APP_ID, APP_SECRET, Heard, Platform, StandIn, Trick, standing_in

UNAVAILABLE = MiniProgramFault.UNAVAILABLE


@dataclass
class Desk:
    """The platform, where it is, and our end of the line."""

    platform: Platform
    service: StandIn

    def connect(self, *, app_id: str = APP_ID, secret: str = APP_SECRET, deadline_seconds: float = 10) -> MiniProgram:
        return MiniProgram(url=self.service.url, app_id=app_id, secret=secret, deadline_seconds=deadline_seconds)


@pytest.fixture
def desk() -> Iterator[Desk]:
    platform = Platform()
    with standing_in(platform.answer) as service:
        yield Desk(platform, service)


def test_a_code_becomes_an_account_once(desk: Desk) -> None:
    code = desk.platform.issue("c1", "openid-1")
    found = desk.connect().exchange(code)
    assert found == MiniProgramAccount("openid-1")
    assert "openid-1" not in repr(found)
    assert desk.connect().exchange(code) is MiniProgramFault.CODE_USED
    assert desk.service.heard[0].query == {
        "appid": [APP_ID],
        "secret": [APP_SECRET],
        "js_code": ["c1"],
        "grant_type": ["authorization_code"],
    }


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (-1, UNAVAILABLE),
        (40029, MiniProgramFault.CODE_REFUSED),
        (40163, MiniProgramFault.CODE_USED),
        (45011, MiniProgramFault.TOO_OFTEN),
        (40226, MiniProgramFault.BLOCKED),
        (45009, UNAVAILABLE),
        (40013, UNAVAILABLE),
        (40125, UNAVAILABLE),
        (99999, UNAVAILABLE),
    ],
)
def test_each_error_of_the_platform_has_its_meaning(desk: Desk, error: int, fault: MiniProgramFault) -> None:
    with capture_logs() as logs:
        assert desk.connect().exchange(desk.platform.fail("c1", error)) is fault
    assert [log["error"] for log in logs] == ([error] if fault is UNAVAILABLE else [])


@pytest.mark.parametrize(
    ("app_id", "secret", "error"), [("wx-other", APP_SECRET, 40013), (APP_ID, "canary-wrong", 40125)]
)
def test_a_wrong_id_or_secret_is_our_fault_and_logged_without_it(
    desk: Desk, app_id: str, secret: str, error: int
) -> None:
    with capture_logs() as logs:
        code = desk.platform.issue("canary-code", "canary-openid")
        assert desk.connect(app_id=app_id, secret=secret).exchange(code) is UNAVAILABLE
    assert [(log["event"], log["error"]) for log in logs] == [("mini_program_unavailable", error)]
    assert "canary" not in str(logs)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"no json",
        b"\xff\xfe",
        b"[" * 4000,
        b"[]",
        b"null",
        {},
        {"errcode": 0},
        {"errcode": 0, "openid": None},
        {"openid": ""},
        {"openid": "a b"},
        {"openid": "x" * 129},
        {"openid": 7},
        {"openid": ["canary-openid"]},
        {"openid": "canary-openid", "errcode": "0"},
        {"openid": "canary-openid", "errcode": None},
        {"openid": "canary-openid", "errcode": False},
        {"openid": "canary-openid", "errcode": [40029]},
        {"openid": "canary-openid", "errcode": 40029.5},
    ],
    ids=str,
)
def test_nonsense_is_no_account(desk: Desk, said: object) -> None:
    desk.service.answer = lambda _: said
    with capture_logs() as logs:
        assert desk.connect().exchange("c1") is UNAVAILABLE
    assert len(logs) == 1
    assert "canary" not in str(logs)


@pytest.mark.parametrize("trick", Trick)
def test_a_platform_that_misbehaves_is_unavailable(desk: Desk, trick: Trick) -> None:
    desk.service.trick = trick
    patience = 0.2 if "ever" in trick.value or trick is Trick.SILENCE else 10
    with capture_logs() as logs:
        assert desk.connect(deadline_seconds=patience).exchange("canary-code") is UNAVAILABLE
    assert len(desk.service.heard) == 1
    assert "canary" not in str(logs)


def test_a_platform_that_is_not_there_is_unavailable() -> None:
    away = MiniProgram(url="http://127.0.0.1:1/", app_id=APP_ID, secret=APP_SECRET)
    with capture_logs() as logs:
        assert away.exchange("canary-code") is UNAVAILABLE
    assert "canary" not in str(logs)


def test_a_code_cannot_change_the_question(desk: Desk) -> None:
    heard: list[Heard] = desk.service.heard
    desk.connect().exchange("c1&appid=other#x")
    assert heard[0].query["js_code"] == ["c1&appid=other#x"]
    assert heard[0].query["appid"] == [APP_ID]

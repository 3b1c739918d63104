from datetime import timedelta

import pytest

from backend.principals import Principal, PrincipalKind
from backend.storage.revocations import revoke
from backend.web.authentication import name_clerk
from backend.web.problems import ProblemCode, Refusal
from tests.backend.web.probe import NOON, Probe, read_json

SECOND = timedelta(seconds=1)
NUMBER = "41010219900307123X"


def ask_as_department(probe: Probe, clerk: str | None, acting: str | None = None) -> tuple[int, str]:
    headers = probe.sign_in("notes:read", kind=PrincipalKind.DEPARTMENT, subject="court", acting=acting)
    answer = probe.client().get("/v1/probe/clerk", headers=headers | ({} if clerk is None else {"Acting-Clerk": clerk}))
    return answer.status_code, answer.text if answer.status_code == 200 else str(read_json(answer)["code"])


@pytest.mark.parametrize(
    ("clerk", "acting", "found"),
    [
        ("clerk-7", None, (200, "clerk-7")),
        ("clerk-7", "clerk-7", (200, "clerk-7")),
        ("clerk-8", "clerk-7", (403, "clerk_refused")),
        (None, None, (400, "clerk_missing")),
        (None, "clerk-7", (400, "clerk_missing")),
        ("", None, (400, "clerk_malformed")),
        ("王五", None, (400, "clerk_malformed")),
        ("a b", None, (400, "clerk_malformed")),
        ("x" * 65, None, (400, "clerk_malformed")),
        (NUMBER, None, (400, "clerk_malformed")),
        (f"no.{NUMBER[:6]}-{NUMBER[6:14]}-{NUMBER[14:]}", None, (400, "clerk_malformed")),
        ("2026-0815-0001", None, (200, "2026-0815-0001")),
    ],
)
def test_every_call_of_a_department_names_the_clerk(
    probe: Probe, clerk: str | None, acting: str | None, found: tuple[int, str]
) -> None:
    header = clerk if clerk is None else clerk.encode().decode("latin-1")
    assert ask_as_department(probe, header, acting) == found


@pytest.mark.parametrize(
    ("clerk", "acting", "found"),
    [
        ("clerk-7", None, "clerk-7"),
        (None, None, None),
        ("clerk-7", "clerk-8", ProblemCode.CLERK_REFUSED),
        ("a b", None, ProblemCode.CLERK_MALFORMED),
    ],
)
def test_a_merchant_may_name_its_clerk(clerk: str | None, acting: str | None, found: str | None) -> None:
    named = name_clerk(Principal(kind=PrincipalKind.MERCHANT, id="east_library", acting=acting), clerk)
    assert (named.code if isinstance(named, Refusal) else named.acting) == found


def test_a_clerk_is_no_affair_of_others(probe: Probe) -> None:
    headers = probe.sign_in("notes:read", kind=PrincipalKind.OPERATOR, subject="op-1") | {"Acting-Clerk": "clerk-7"}
    assert probe.client().get("/v1/probe/clerk", headers=headers).text == "None"


@pytest.mark.parametrize(
    ("ago", "status"), [(timedelta(0), 200), (timedelta(minutes=5) - SECOND, 200), (timedelta(minutes=5), 403)]
)
def test_a_sensitive_act_needs_a_proof_of_just_now(probe: Probe, ago: timedelta, status: int) -> None:
    headers = probe.sign_in("notes:write", proven_at=NOON - ago)
    answer = probe.client().post("/v1/probe/sensitive", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert read_json(answer)["code"] == "step_up_needed"
        assert 'error="insufficient_user_authentication", max_age=300' in answer.headers["WWW-Authenticate"]


def test_a_token_that_says_nothing_of_a_proof_is_none_of_just_now(probe: Probe) -> None:
    headers = probe.sign_in("notes:write", proven_at=None)
    assert probe.client().post("/v1/probe/sensitive", headers=headers).status_code == 403
    assert probe.client().post("/v1/probe/refused", headers=headers).status_code == 409  # other acts go on


def test_a_revoked_token_opens_nothing(probe_on_both: Probe) -> None:
    probe = probe_on_both
    mine, others = probe.sign_in("notes:read"), probe.sign_in("notes:read", subject="subject-2")
    assert probe.client().get("/v1/probe/notes", headers=mine).status_code == 200
    with probe.context.database.transaction() as session:
        revoke(session, "citizen:subject-1", now=NOON, until=NOON + timedelta(hours=1))
    answer = probe.client().get("/v1/probe/notes", headers=mine)
    assert (answer.status_code, read_json(answer)["code"]) == (401, "token_revoked")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert probe.client().get("/v1/probe/notes", headers=others).status_code == 200

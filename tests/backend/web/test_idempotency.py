from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from backend.clock import FixedClock
from backend.web.idempotency import Call, find_earlier
from tests.backend.web.probe import NOON, PROBE_TABLES, Probe, make_probe, make_test_context, read_json

KEY = "key-12345678"


def write(probe: Probe, *, key: str | None = KEY, text: str = "a", subject: str = "subject-1") -> TestResponse:
    headers = probe.sign_in("notes:write", subject=subject)
    if key is not None:
        headers["Idempotency-Key"] = key
    return probe.client().post("/v1/probe/notes", json={"text": text}, headers=headers)


def test_a_creating_call_without_a_key_is_refused(probe: Probe) -> None:
    answer = write(probe, key=None)
    assert (answer.status_code, read_json(answer)["code"]) == (400, "idempotency_key_missing")
    assert probe.count_notes() == 0


NUMBER = "41010219900307123X"
HOLDING_A_NUMBER = [NUMBER, f"x{NUMBER}y", "410102-19900307-1236", "410102900307123"]


@pytest.mark.parametrize(
    "key", ["", "short", "a" * 65, "with blank", "键键键键键键键键", "semi;colon", *HOLDING_A_NUMBER]
)
def test_a_malformed_key_is_refused(probe: Probe, key: str) -> None:
    headers = probe.sign_in("notes:write") | {"Idempotency-Key": key.encode().decode("latin-1")}
    answer = probe.client().post("/v1/probe/notes", json={"text": "a"}, headers=headers)
    assert (answer.status_code, read_json(answer)["code"]) == (400, "idempotency_key_malformed")


def test_a_repeat_gets_the_first_answer_and_has_no_effect(probe_on_both: Probe) -> None:
    first, second = write(probe_on_both), write(probe_on_both)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data == second.data
    assert first.headers["Location"] == second.headers["Location"]
    assert first.content_type == second.content_type
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert probe_on_both.count_notes() == 1


def test_without_the_key_the_same_call_has_its_effect_twice(probe: Probe) -> None:
    """The planted defect: another key each time is what a missing check would look like."""
    write(probe, key="key-number-1")
    write(probe, key="key-number-2")
    assert probe.count_notes() == 2


def test_a_key_used_for_another_body_is_refused(probe_on_both: Probe) -> None:
    write(probe_on_both)
    answer = write(probe_on_both, text="b")
    assert (answer.status_code, read_json(answer)["code"]) == (422, "idempotency_key_reused")
    assert probe_on_both.count_notes() == 1


def test_a_key_belongs_to_its_principal(probe: Probe) -> None:
    write(probe)
    other = write(probe, subject="subject-2")
    assert "Idempotency-Replayed" not in other.headers
    assert probe.count_notes() == 2


def test_a_key_is_kept_for_a_day(probe: Probe) -> None:
    clock = probe.context.clock
    assert isinstance(clock, FixedClock)
    write(probe)
    clock.move(timedelta(hours=23, minutes=59))
    assert "Idempotency-Replayed" in write(probe).headers
    clock.move(timedelta(minutes=1))
    assert "Idempotency-Replayed" not in write(probe).headers


def test_a_refused_body_leaves_the_key_free(probe: Probe) -> None:
    assert write(probe, text="a" * 21).status_code == 422
    assert write(probe).status_code == 201


def test_an_answer_that_says_later_is_not_kept(probe: Probe) -> None:
    for _ in range(2):
        answer = write(probe, text="later")
        assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (503, False)


def test_eight_at_once_have_one_effect_and_one_answer(probe_on_both: Probe) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: write(probe_on_both), range(8)))
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) <= {201, 409}
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1
    assert probe_on_both.count_notes() == 1
    assert write(probe_on_both).headers["Idempotency-Replayed"] == "true"


def test_a_call_that_still_runs_is_409_on_postgresql(postgresql_url: str) -> None:
    probe = make_probe(make_test_context(postgresql_url))
    call = Call(principal="citizen:subject-1", key=KEY, request_hash=b"any")
    with probe.context.database.transaction() as session:
        assert find_earlier(session, call, NOON) is None
        answer = write(probe)
    assert (answer.status_code, read_json(answer)["code"]) == (409, "request_running")
    assert answer.headers["Retry-After"] == "1"
    assert write(probe).status_code == 201
    PROBE_TABLES.drop_all(probe.context.database.engine)
    probe.context.database.dispose()


@pytest.mark.parametrize(
    "key", ["00000001", "9" * 14, "3f0c8d525f0e4f6b9a7e0d9b4a0c1e11", "123456789012345678901234567890ab"]
)
def test_a_key_of_many_digits_is_none_for_that(probe: Probe, key: str) -> None:
    headers = probe.sign_in("notes:write") | {"Idempotency-Key": key}
    assert probe.client().post("/v1/probe/notes", json={"text": "早"}, headers=headers).status_code == 201

"""Whatever changes something may be repeated: one effect under a key, no harm without one (R12)."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from backend.web.declaration import SAFE_METHODS, Operation, Repeats
from backend.web.idempotency import KEY_HEADER, REPLAYED_HEADER
from backend.web.signed_calls import EXTENSION
from tests.backend.city import read_json
from tests.door.door import Call, Door, Scene, make_key
from tests.door.examples import prepare
from tests.door.findings import must_be_empty, must_hold
from tests.door.partner_cities import BelievingCallers
from tests.door.policy import Policy, read_policy
from tests.door.sabotage import POLICY
from tests.door.state import count_rows, name_changes, read_state

POLICY_TABLE = read_policy()
THREADS = 8
RUNNING = 409
VARYING = frozenset({"x-request-id", "ratelimit", "ratelimit-policy", "date", REPLAYED_HEADER.lower()})


def choose_share(door: Door) -> Policy:
    """Every second operation for one engine, and the others for the other."""
    first = door.database.dialect_name == "sqlite"
    return {name: POLICY_TABLE[name] for name in sorted(POLICY_TABLE)[first::2]}


def test_a_repeat_with_its_key_is_answered_alike_and_done_once(both_doors: Door) -> None:
    must_be_empty(find_repeat_faults(both_doors, choose_share(both_doors)))


def test_repeats_at_the_same_time_are_done_once(both_doors: Door) -> None:
    must_be_empty(find_race_faults(both_doors, choose_share(both_doors)))


def test_what_is_declared_harmless_leaves_the_same_behind(both_doors: Door) -> None:
    must_be_empty(find_harm(both_doors, choose_share(both_doors)))


def test_a_forgotten_key_and_a_false_declaration_are_found(sabotaged: Door) -> None:
    must_hold(find_repeat_faults(sabotaged, POLICY), ["forget_key: a repeat has left", "forget_key: another body"])
    must_hold(find_race_faults(sabotaged, POLICY), ["forget_key: 8 calls at once"])
    must_hold(find_harm(sabotaged, POLICY), ["leave_more_each_time: a repeat has left"])


def test_a_signature_that_is_taken_twice_is_found(door: Door) -> None:
    door.city.app.extensions[EXTENSION] = BelievingCallers(door.city.context)
    policy = {"take_notice_of_city": POLICY_TABLE["take_notice_of_city"]}
    must_hold(
        find_harm(door, policy),
        ["take_notice_of_city: one signature is answered [200, 200", "take_notice_of_city: a signature that was used"],
    )


def list_changing(door: Door, policy: Policy, repeats: Repeats) -> list[Operation]:
    """The operations that change something and may be repeated for this reason."""
    return [
        each
        for each in door.operations
        if each.method not in SAFE_METHODS and each.repeats is repeats and each.name in policy
    ]


def find_repeat_faults(door: Door, policy: Policy) -> Iterator[str]:
    """What is wrong when calls with a key are repeated one after another; one sentence each."""
    for operation in list_changing(door, policy, Repeats.BY_KEY):
        call = prepare(door, operation, door.make_scene())
        first = door.send(call)
        before = read_state(door.database)
        for _ in range(2):
            again = door.send(call)
            if _content(again) != _content(first):
                yield f"{operation.name}: a repeat is answered {_content(again)}, the first call {_content(first)}"
            if again.headers.get(REPLAYED_HEADER) != "true":
                yield f"{operation.name}: a repeat is not marked as one"
        changes = name_changes(before, read_state(door.database))
        if changes:
            yield f"{operation.name}: a repeat has left something behind in {', '.join(changes)}"
        yield from _find_key_faults(door, operation, call)


def _find_key_faults(door: Door, operation: Operation, call: Call) -> Iterator[str]:
    """A key belongs to one body and one caller, and is asked for."""
    before = read_state(door.database)
    wanted = {
        "no key": (call.having(**{KEY_HEADER: None}), 400, "idempotency_key_missing"),
        "a short key": (call.having(**{KEY_HEADER: "short"}), 400, "idempotency_key_malformed"),
    }
    if operation.body is not None or operation.upload is not None:
        body = prepare(door, operation, door.make_scene()).body
        other = replace(call, body=body if body != call.body else body + b" ")
        before = read_state(door.database)
        wanted["another body"] = (other, 422, "idempotency_key_reused")
    for what, (attempt, status, code) in wanted.items():
        answer = door.send(attempt)
        if (answer.status_code, read_json(answer).get("code")) != (status, code):
            yield f"{operation.name}: {what} is answered {answer.status_code} {answer.text[:80]}, not {status} {code}"
    if name_changes(before, read_state(door.database)):
        yield f"{operation.name}: a call that was refused for its key has changed something"
    yield from _find_shared_keys(door, operation, call)


def _find_shared_keys(door: Door, operation: Operation, call: Call) -> Iterator[str]:
    """Another caller with the same key gets an answer of his own."""
    scene = door.make_scene()
    stranger = prepare(door, operation, Scene(own=scene.other, other=scene.own))
    answer = door.send(stranger.having(**{KEY_HEADER: call.headers[KEY_HEADER]}))
    if REPLAYED_HEADER in answer.headers or answer.status_code >= 500:
        yield f"{operation.name}: a stranger with the same key is answered {answer.status_code} {answer.text[:80]}"


# Counters of places: whoever comes first on a day makes the row for all.
SHARED = frozenset({"quota_use"})


def find_race_faults(door: Door, policy: Policy) -> Iterator[str]:
    """What is wrong when the same call with the same key comes eight times at once."""
    for operation in list_changing(door, policy, Repeats.BY_KEY):
        one, _ = _count_effects(door, [prepare(door, operation, door.make_scene())])
        call = prepare(door, operation, door.make_scene())
        eight, answers = _count_effects(door, [call] * THREADS)
        told = {_content(answer) for answer in answers if answer.status_code != RUNNING}
        if eight != one:
            yield f"{operation.name}: {THREADS} calls at once leave {dict(eight)}, one call leaves {dict(one)}"
        if len(told) != 1 or next(iter(told))[0] != operation.status.value:
            yield f"{operation.name}: {THREADS} calls at once are answered {sorted(told)}"


def _count_effects(door: Door, calls: list[Call]) -> tuple[Counter[str], list[TestResponse]]:
    before = count_rows(door.database)
    answers = _send_at_once(door, calls)
    after = Counter(count_rows(door.database))
    after.subtract(before)
    return Counter({name: number for name, number in after.items() if number and name not in SHARED}), answers


def _send_at_once(door: Door, calls: list[Call]) -> list[TestResponse]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(door.send, calls))


def find_harm(door: Door, policy: Policy) -> Iterator[str]:
    """What a repeat leaves behind of operations that are declared to be harmless when repeated."""
    for operation in list_changing(door, policy, Repeats.HARMLESS):
        call, row = prepare(door, operation, door.make_scene()), policy[operation.name]
        first = door.send(call)
        if first.status_code != operation.status.value:
            yield f"{operation.name}: answers {first.status_code} {first.text[:80]}"
        before = read_state(door.database, without=row.repeats_change)
        answers = [door.send(call), *_send_at_once(door, [call] * THREADS)]
        changes = name_changes(before, read_state(door.database, without=row.repeats_change))
        if changes:
            yield f"{operation.name}: a repeat has left something behind in {', '.join(changes)}"
        if operation.signed_as is not None:
            yield from _find_replay_faults(door, call)
        failed = sorted({answer.status_code for answer in answers if answer.status_code >= 500})
        if failed:
            yield f"{operation.name}: a repeat is answered {failed}"


def _find_replay_faults(door: Door, call: Call) -> Iterator[str]:
    """What is signed is taken once, whoever sends it again; it may be said again under another signature only."""
    signed = door.sign(call)
    first = door.send(signed)
    before = read_state(door.database)
    answers = [first, *_send_at_once(door, [signed] * THREADS)]
    if [answer.status_code for answer in answers] != [call.operation.status.value, *[401] * THREADS]:
        yield f"{call.operation.name}: one signature is answered {[answer.status_code for answer in answers]}"
    changes = name_changes(before, read_state(door.database))
    if changes:
        yield f"{call.operation.name}: a signature that was used has left something behind in {', '.join(changes)}"


def _content(answer: TestResponse) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    kept = sorted((name.lower(), value) for name, value in answer.headers if name.lower() not in VARYING)
    return answer.status_code, answer.text.replace(answer.headers["X-Request-Id"], ""), tuple(kept)


@pytest.mark.parametrize("key", ["a" * 7, "a" * 65, "with blank", "gänse-füße", "semi;colon", "410102199003071234"])
def test_a_key_is_of_one_form(door: Door, key: str) -> None:
    """An identity number is no key either: keys are kept for a day."""
    operation = list_changing(door, POLICY_TABLE, Repeats.BY_KEY)[0]
    call = prepare(door, operation, door.make_scene())
    headers = {**call.headers, KEY_HEADER: key}
    answer = door.send(replace(call, headers=headers))
    assert read_json(answer)["code"] == "idempotency_key_malformed"
    assert door.send(replace(call, headers={**headers, KEY_HEADER: make_key()})).status_code == operation.status.value


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("find", [find_repeat_faults, find_race_faults, find_harm])
def test_all_of_this_holds_for_each_operation_on_each_engine(
    both_doors: Door, find: Callable[[Door, Policy], Iterator[str]]
) -> None:
    must_be_empty(find(both_doors, POLICY_TABLE))

"""Every operation, called by everybody: who gets in is what the policy table says, cell by cell (R15)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import yaml
from werkzeug.test import TestResponse

from backend.gateways.city_calls import MessageTag
from backend.principals import Principal, PrincipalKind
from backend.storage.revocations import revoke
from backend.web.declaration import Operation
from backend.web.signed_calls import EXTENSION
from tests.backend.city import read_json
from tests.backend.partners.cities import THEIRS
from tests.backend.web.probe import PUBLIC_URL
from tests.door.door import LIFETIME, Call, Door, Scene
from tests.door.examples import prepare
from tests.door.findings import must_be_empty, must_hold
from tests.door.partner_cities import BelievingCallers, make_signer
from tests.door.policy import Policy, Row, find_document_gaps, find_policy_gaps, read_policy
from tests.door.sabotage import POLICY
from tests.door.state import count_rows, name_changes, read_state

ROOT = Path(__file__).parents[2]
POLICY_TABLE = read_policy()
ALL_SCOPES = frozenset(row.scope for row in POLICY_TABLE.values() if row.scope is not None)
HIDDEN = HTTPStatus.NOT_FOUND
OF_MESSAGES = frozenset({"exchange_message", "seen_nonce", "taken_notice"})  # what every message leaves behind
Cell = tuple[str, Call, int, str | None]


def test_the_policy_is_what_operations_declare(door: Door) -> None:
    must_be_empty(find_policy_gaps(POLICY_TABLE, door.operations))


def test_the_policy_is_what_the_document_says() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    must_be_empty(find_document_gaps(POLICY_TABLE, document))


def test_every_cell_is_as_declared(door: Door) -> None:
    must_be_empty(find_wrong_cells(door, POLICY_TABLE))


def test_every_hole_is_found(sabotaged: Door) -> None:
    must_hold(
        find_wrong_cells(sabotaged, POLICY),
        [
            "let_everybody_in (GET /unchecked), citizen without a token: 200",
            "let_everybody_in (GET /unchecked), citizen with no scope: 200",
            "let_everybody_in (GET /unchecked), citizen being department: 200",
            "show_any_note (GET /notes/<uuid:planted_note_id>), a strange citizen: 200",
        ],
    )


def test_a_city_that_is_believed_by_its_name_is_found(door: Door) -> None:
    door.city.app.extensions[EXTENSION] = BelievingCallers(door.city.context)
    asked = "answer_question_of_city (POST /questions), partner_city"
    must_hold(
        find_wrong_cells(door, {"answer_question_of_city": POLICY_TABLE["answer_question_of_city"]}),
        [
            f"{asked} with what is signed as shangding-exchange-notice: 200",
            f"{asked} signed by a stranger as the partner: 200",
            f"{asked} with what was signed long ago: 200",
        ],
    )


def test_every_gap_in_the_table_is_found(sabotaged: Door) -> None:
    policy = {**POLICY_TABLE, **POLICY, "nobody_serves_this": POLICY["whisper"]}
    wanted = [
        "stand_in_no_policy (GET /unlisted) has no row; decide whose data it touches and add to",
        "ask_for_another_scope: the policy has scope score:read, the operation declares account:read",
        "nobody_serves_this: the policy has a row for it, but no operation is served",
    ]
    must_hold(find_policy_gaps(policy, sabotaged.operations), wanted)


def find_wrong_cells(door: Door, policy: Policy) -> Iterator[str]:
    """What differs from the policy when every operation is called by every kind of caller; one sentence each."""
    for operation in door.operations:
        row = policy.get(operation.name)
        if row is not None:
            yield from _find_wrong_refusals(door, operation)
            yield from _find_wrong_admissions(door, operation, row)


def _find_wrong_refusals(door: Door, operation: Operation) -> Iterator[str]:
    for kind in sorted(operation.kinds):
        scene = door.make_scene()
        call = prepare(door, operation, scene, kind=kind)
        before = _count(door)
        for what, refused, status, code in _list_refused(door, operation, call, scene, kind):
            answer = door.send(refused)
            found = read_json(answer).get("code") if answer.mimetype == "application/problem+json" else None
            if (answer.status_code, found) != (status, code):
                yield _tell(operation, f"{kind} {what}", answer, f"{status} {code}")
        after = _count(door)
        if before != after:
            changed = sorted(name for name in after if before.get(name) != after[name])
            yield f"{operation.name}: a call that was refused has left rows in {changed}"


def _list_refused(door: Door, operation: Operation, call: Call, scene: Scene, kind: PrincipalKind) -> Iterator[Cell]:
    """Who must not get in, with the call, and the status and code that he must get."""
    if operation.signed_as is not None:
        yield from _list_unsigned(door, operation, call)
    if not operation.needs_token:
        return
    rightful = door.make_principal(operation, scene.own, kind)

    def as_(principal: Principal, lifetime: timedelta = LIFETIME) -> Call:
        bare = call.having(Authorization=None, Acting_Clerk=None)
        return bare.having(**_underscored(door.authorise(principal, lifetime=lifetime)))

    yield "without a token", call.having(Authorization=None), 401, "token_missing"
    signed = replace(call.having(Authorization=None), signer=door.cities.partner, tag=MessageTag.QUESTION)
    yield "being another city that signs", signed, 401, "token_missing"
    yield "with another scheme", call.having(Authorization="Basic eDp5"), 401, "token_invalid"
    yield "with a broken token", call.having(Authorization=call.headers["Authorization"][:-9]), 401, "token_invalid"
    yield "with an expired token", as_(rightful, timedelta(seconds=-11)), 401, "token_expired"
    yield "with no scope", as_(replace(rightful, scopes=frozenset())), 403, "scope_missing"
    others = ALL_SCOPES - {operation.scope}
    yield "with every scope but this", as_(replace(rightful, scopes=others)), 403, "scope_missing"
    for wrong in PrincipalKind:
        if wrong not in operation.kinds:
            intruder = replace(rightful, kind=wrong, scopes=ALL_SCOPES | rightful.scopes)
            yield f"being {wrong}", as_(intruder), 403, "principal_refused"
    if operation.fresh:
        stale = door.city.now() - timedelta(minutes=5)
        yield "who proved himself long ago", as_(replace(rightful, proven_at=stale)), 403, "step_up_needed"
        yield "who never proved himself", as_(replace(rightful, proven_at=None)), 403, "step_up_needed"
    if kind is PrincipalKind.DEPARTMENT:
        yield "without a clerk", call.having(Acting_Clerk=None), 400, "clerk_missing"
        yield "with a malformed clerk", call.having(Acting_Clerk="c" * 65), 400, "clerk_malformed"
        yield "with another clerk", as_(replace(rightful, acting="clerk-8")), 403, "clerk_refused"
    if kind is PrincipalKind.MERCHANT:
        yield "with a malformed clerk", call.having(Acting_Clerk="c" * 65), 400, "clerk_malformed"
        yield (
            "with another clerk",
            as_(replace(rightful, acting="clerk-8")).having(Acting_Clerk="c"),
            403,
            "clerk_refused",
        )
    yield from ((what, as_(victim), 401, "token_revoked") for what, victim in _list_revoked(door, rightful))


def _list_unsigned(door: Door, operation: Operation, call: Call) -> Iterator[Cell]:
    """Whose call is not that of a partner: no token stands for a signature, and no signature for another one."""
    bare, now = replace(call.having(Exchange_City=THEIRS), signer=None), door.city.now()
    yield "without a signature", bare, 401, "signature_missing"
    signed = door.sign(call)
    yield "who does not say who signed", signed.having(Exchange_City=None), 401, "signature_missing"
    for kind in PrincipalKind:
        token = door.authorise(Principal(kind=kind, id=THEIRS, scopes=ALL_SCOPES, proven_at=now))
        yield f"with a token of {kind}", bare.having(**_underscored(token)), 401, "signature_missing"
    for tag in set(MessageTag) - {operation.signed_as}:
        yield f"with what is signed as {tag}", replace(call, tag=tag), 401, "signature_refused"
    for what, (signer, code) in door.cities.list_impostors().items():
        yield what, replace(call, signer=signer), 401, code
    yield "with what is signed for another address", door.sign(call, url=f"{PUBLIC_URL}/v1/"), 401, "signature_refused"
    yield "with another body than is signed", replace(signed, body=call.body + b" "), 401, "signature_refused"
    yield "with what was signed long ago", door.sign(call, now=now - timedelta(seconds=61)), 401, "signature_stale"
    yield "with what is signed ahead", door.sign(call, now=now + timedelta(seconds=6)), 401, "signature_stale"


def _list_revoked(door: Door, rightful: Principal) -> Iterator[tuple[str, Principal]]:
    """Callers whose token was revoked: by name, by session, by client."""
    victims = {
        f"{rightful.kind}:revoked": replace(rightful, id="revoked"),
        f"session:{(session := uuid4())}": replace(rightful, session=session),
        f"client:{(client := str(uuid4()))}": replace(rightful, client=client),
    }
    with door.database.transaction() as transaction:
        for key in victims:
            revoke(transaction, key, now=door.city.now(), until=door.city.now() + timedelta(hours=1))
    for key, victim in victims.items():
        yield f"revoked by {key.partition(':')[0]}", victim


def _find_wrong_admissions(door: Door, operation: Operation, row: Row) -> Iterator[str]:
    for kind in sorted(operation.kinds):
        scene = door.make_scene()
        call = prepare(door, operation, scene, kind=kind)
        answer = door.send(call)
        if answer.status_code != operation.status.value:
            yield _tell(operation, f"the rightful {kind}", answer, str(operation.status.value))
        if operation.signed_as is not None:
            yield from _find_wrong_cities(door, operation)
        elif row.data == "own":
            yield from _find_wrong_strangers(door, operation, kind)


def _find_wrong_strangers(door: Door, operation: Operation, kind: PrincipalKind) -> Iterator[str]:
    """The other side must not learn or change anything of this one's, whether or not a path names it."""
    scene = door.make_scene()
    call = prepare(door, operation, scene, kind=kind)
    stranger = door.authorise(door.make_principal(operation, scene.other, kind))
    if operation.variables:
        theirs, absent = call.having(**_underscored(stranger)), prepare(door, operation, _turn(scene), kind=kind)
        answer = door.send(theirs)
        if answer.status_code != HIDDEN:
            yield _tell(operation, f"a strange {kind}", answer, "404, as for what is not there")
        nothing = replace(absent, variables={name: str(uuid4()) for name in operation.variables})
        there = door.send(nothing)
        if (answer.status_code, _text(answer)) != (there.status_code, _text(there)):
            yield _tell(operation, f"a strange {kind}", answer, "the very answer that what is not there gets")
        return
    if kind is PrincipalKind.DEPARTMENT and operation.query is not None and "department" in operation.query().fields:
        answer = door.send(replace(call, query={**call.query, "department": scene.other.department}))
        if answer.status_code != HTTPStatus.FORBIDDEN:
            yield _tell(operation, "a department that asks for another", answer, "403")
    for mark in (str(scene.own.subject_id), scene.own.subject_id.hex, scene.own.person.id_number):
        if mark in _text(door.send(prepare(door, operation, _turn(scene), kind=kind))):
            yield f"{operation.name}: what a {kind} is told names somebody else"


def _find_wrong_cities(door: Door, operation: Operation) -> Iterator[str]:
    """Another partner gets nothing by what this one has: not as it is, and not if it calls it its own."""
    scene = door.make_scene()
    call, other = prepare(door, operation, scene), make_signer(door.cities.other)
    own = call.saying({**json.loads(call.body), "from": other.city})
    before = read_state(door.database, without=OF_MESSAGES)
    answers = [door.send(replace(each, signer=other)) for each in (call, own)]
    if (answers[0].status_code, read_json(answers[0])["code"]) != (422, "question_refused"):
        yield _tell(operation, "another partner with what this one says", answers[0], "422 question_refused")
    changes = name_changes(before, read_state(door.database, without=OF_MESSAGES))
    if changes or answers[1].status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        yield _tell(operation, "another partner that calls it its own", answers[1], f"no change, not {changes}")
    for mark in (str(scene.own.subject_id), scene.own.subject_id.hex, scene.own.person.id_number):
        if any(mark in _text(answer) for answer in answers):
            yield f"{operation.name}: what another partner is told names somebody"


def _count(door: Door) -> dict[str, int]:
    """How many rows every table has, apart from the revocations that the test itself makes."""
    return {name: rows for name, rows in count_rows(door.database).items() if name != "revocation"}


def _turn(scene: Scene) -> Scene:
    return Scene(own=scene.other, other=scene.own)


def _text(answer: TestResponse) -> str:
    """The answer without the request id, which differs from call to call."""
    return answer.text.replace(answer.headers["X-Request-Id"], "")


def _underscored(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in headers.items()}


def _tell(operation: Operation, who: str, answer: TestResponse, wanted: str) -> str:
    return (
        f"{operation.name} ({operation.method} {operation.path}), {who}: {answer.status_code} {answer.text[:120]};"
        f" wanted {wanted}"
    )

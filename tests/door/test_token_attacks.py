"""Forged, stolen and mistaken tokens at every operation over HTTP: none is taken, none is a fault of ours (R14)."""

import json
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import jwt
import pytest
from typing_extensions import override

from backend.gateways.identity_provider import TicketReader
from backend.gateways.tokens import TokenIssuer
from backend.principals import Principal, PrincipalKind
from backend.web.declaration import Operation
from tests.backend.city import IDENTITY_ISSUER, make_person, read_json
from tests.backend.clients.machines import Machine, make_department, make_merchant_machine
from tests.backend.records.handing import HEALTH
from tests.backend.web.probe import PUBLIC_URL
from tests.door.door import Call, Door, Scene
from tests.door.examples import prepare
from tests.door.findings import must_be_empty, must_hold
from tests.door.forgeries import ASSERTION_FORGERIES, FORGERIES, TICKET_FORGERIES, Claims, Forger
from tests.door.policy import read_policy

POLICY_TABLE = read_policy()
STORM, STORM_S = 200, 100


def test_there_are_enough_of_them() -> None:
    assert len(FORGERIES) >= 40


def test_no_forged_access_token_is_taken(door: Door) -> None:
    """Each forgery at every fourth operation, another fourth for each: all of them everywhere is for the long run."""
    must_be_empty(find_taken_tokens(door, step=6))


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_no_forged_access_token_is_taken_anywhere(door: Door) -> None:
    must_be_empty(find_taken_tokens(door))


def test_no_forged_ticket_is_taken(door: Door) -> None:
    must_be_empty(find_taken_tickets(door))


def test_no_forged_assertion_is_taken(door: Door) -> None:
    must_be_empty(find_taken_assertions(door))


def test_nothing_forged_of_a_merchant_is_taken(door: Door) -> None:
    """All forgeries of its access token at its own operation, and of its machine's assertions, one of them stolen."""
    assert len(FORGERIES) >= 40
    must_be_empty(find_taken_tokens(door, {"show_my_contracts"}))
    make = partial(make_merchant_machine, door.city, "merchant-own")
    must_be_empty(find_taken_assertions(door, make))
    own, other = make(), make_merchant_machine(door.city, "merchant-other")
    stolen = own.assert_itself(iss=str(other.client_id), sub=str(other.client_id))
    assert own.ask(stolen).status_code == 401


def test_no_token_passes_for_one_of_another_kind(door: Door) -> None:
    must_be_empty(find_mistaken_tokens(door))


def test_a_reader_who_believes_everybody_is_found(door: Door) -> None:
    believing = replace(door.city.context, tokens=Believing({"t1": door.token_key}, issuer=PUBLIC_URL))
    fooled = door.standing_on(believing)
    must_hold(
        find_taken_tokens(fooled, {"show_account"}),
        ["show_account: takes a token with alg 'none'", "show_account: takes a token with a stranger's key"],
    )


def test_a_storm_of_unknown_keys_fetches_the_provider_s_keys_once_a_minute(door: Door) -> None:
    """A storm of 200 tickets over 100 seconds, eight at a time: at most one fetch at its start and one a minute on."""
    with counting_provider(door.city.key_set_path.read_text(encoding="utf-8")) as (url, fetched):
        tickets = TicketReader(issuer=IDENTITY_ISSUER, audience=PUBLIC_URL, jwks_url=url)
        context = replace(door.city.context, tickets=tickets)
        stormed = door.standing_on(context)
        (operation,) = list_taking(stormed, "ticket")
        calls = []
        for number in range(STORM):
            honest = prepare(stormed, operation, stormed.make_scene())
            forger = Forger(json.loads(honest.body)["ticket"], stormed.city.provider_key)
            calls.append(honest.saying({**json.loads(honest.body), "ticket": forger.sign(kid=f"x{number}")}))
        for start in range(0, STORM, 8):
            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(stormed.send, calls[start : start + 8]))
            assert {answer.status_code for answer in answers} == {401}
            stormed.city.clock.move(timedelta(seconds=STORM_S * 8 / STORM))
    assert 1 <= len(fetched) <= 2


def find_taken_tokens(door: Door, names: Collection[str] = POLICY_TABLE, *, step: int = 1) -> Iterator[str]:
    """Forged access tokens that one of the operations `names` takes, or that make it fall over."""
    closed = [each for each in door.operations if each.needs_token and each.name in names]
    for number, operation in enumerate(closed):
        call = prepare(door, operation, door.make_scene())
        forger = Forger(call.headers["Authorization"].removeprefix("Bearer "), door.token_key)
        forgeries = [each for at, each in enumerate(FORGERIES.items()) if (at + number) % step == 0]
        forged = {what: forge(forger) for what, forge in forgeries}
        for what, token in forged.items():
            answer = door.send(call.having(Authorization=f"Bearer {token}".replace("\0", "")))
            if answer.status_code != 401:
                yield f"{operation.name}: takes a token with {what} ({answer.status_code} {answer.text[:80]})"
        honest = door.send(call.having(Authorization=f"Bearer {forger.sign()}"))
        if honest.status_code != operation.status.value:
            yield f"{operation.name}: refuses the forger's honest token ({honest.status_code}); mend the forger"


def find_taken_tickets(door: Door) -> Iterator[str]:
    """Forged tickets that sign somebody in, or make sign-in fall over."""
    for operation in list_taking(door, "ticket"):
        call = prepare(door, operation, door.make_scene())
        body = json.loads(call.body)
        for what, forge in {**FORGERIES, **TICKET_FORGERIES}.items():
            token = forge(Forger(door.city.issue_ticket(make_person()), door.city.provider_key))
            answer = door.send(call.saying({**body, "ticket": token}))
            if answer.status_code not in {401, 413, 422}:
                yield f"{operation.name}: takes a ticket with {what} ({answer.status_code} {answer.text[:80]})"
        honest = Forger(body["ticket"], door.city.provider_key).sign()
        if door.send(call.saying({**body, "ticket": honest})).status_code != operation.status.value:
            yield f"{operation.name}: refuses the forger's honest ticket; mend the forger"


def find_taken_assertions(door: Door, make: Callable[[], Machine] | None = None) -> Iterator[str]:
    """Forged assertions for which a machine gets a token; each is tried by a machine of its own, which works.

    `make` makes the machines; they are those of a department unless it is given.
    """
    make = make or partial(make_department, door.city, HEALTH)
    for operation in list_taking(door, "client_assertion"):
        call = prepare(door, operation, door.make_scene())
        example = read_example(call)
        # A machine says `JWT` of its assertions or nothing, and may leave moments out that bound nothing.
        harmless = {"typ JOSE", "no typ", "typ in capitals", "no iat", "aud among others"}
        for what, forge in {**FORGERIES, **ASSERTION_FORGERIES}.items():
            machine = make()
            forger = Forger(machine.assert_itself(), machine.key)
            answer = door.send(call.saying({**example, "client_assertion": forge(forger)}))
            if answer.status_code not in {400, 401, 413, 422} and what not in harmless:
                yield f"{operation.name}: takes an assertion with {what} ({answer.status_code} {answer.text[:80]})"
        machine = make()
        honest = Forger(machine.assert_itself(), machine.key).sign()
        answer = door.send(call.saying({**example, "client_assertion": honest}))
        if answer.status_code != operation.status.value:
            yield f"{operation.name}: refuses the forger's honest assertion ({answer.text[:80]}); mend the forger"


def find_mistaken_tokens(door: Door) -> Iterator[str]:
    """Tokens of one kind that are taken for another: ticket, access token and refresh token in each other's place."""
    scene = door.make_scene()
    tokens = _collect_tokens(door, scene)
    for operation in door.operations:
        if operation.needs_token and operation.name in POLICY_TABLE:
            call = prepare(door, operation, door.make_scene())
            for kind, token in tokens.items():
                answer = door.send(call.having(Authorization=f"Bearer {token}"))
                if kind != "access_token" and answer.status_code != 401:
                    yield f"{operation.name}: takes a {kind} for an access token ({answer.status_code})"
    for member in ("ticket", "refresh_token", "client_assertion", "code"):
        for operation in list_taking(door, member):
            for kind, token in tokens.items():
                call = prepare(door, operation, door.make_scene())
                example = read_example(call)
                answer = door.send(call.saying({**example, member: token}))
                if kind != member and not 400 <= answer.status_code < 500:
                    yield f"{operation.name}: takes a {kind} for a {member} ({answer.status_code} {answer.text[:80]})"


def read_example(call: Call) -> Claims:
    """The body of a call, JSON or form, as members."""
    if call.operation.form:
        return dict(parse_qsl(call.body.decode()))
    members: Claims = json.loads(call.body)
    return members


def list_taking(door: Door, member: str) -> list[Operation]:
    """The operations whose body has a member of this name."""
    return [
        each
        for each in door.operations
        if each.body is not None and member in each.body().fields and each.name in POLICY_TABLE
    ]


def _collect_tokens(door: Door, scene: Scene) -> dict[str, str]:
    """One honest token of each kind that this application knows, for the same person."""
    (operation,) = list_taking(door, "ticket")
    ticket = door.city.issue_ticket(scene.own.person)
    signed_in = read_json(door.send(prepare(door, operation, scene)))
    return {"ticket": ticket, **{name: signed_in[name] for name in signed_in if name.endswith("_token")}}


class Believing(TokenIssuer):
    """The planted defect: a reader who looks at what a token says and not at who signed it."""

    @override
    def read(self, token: str, now: datetime) -> Principal:
        claims = jwt.decode(token.rpartition(".")[0] + ".", options={"verify_signature": False})
        return Principal(
            kind=PrincipalKind(claims["kind"]),
            id=claims["sub"],
            scopes=frozenset(claims["scope"].split()),
            proven_at=now,
            issued_at=now,
        )


@contextmanager
def counting_provider(key_set: str) -> Iterator[tuple[str, list[str]]]:
    """An identity provider on this machine, and the list of fetches of its keys."""
    fetched: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fetched.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(key_set.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/jwks.json", fetched
        server.shutdown()
        thread.join()

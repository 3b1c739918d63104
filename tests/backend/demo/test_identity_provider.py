"""The demo's identity provider: its tickets are the tickets that the service reads."""

from datetime import timedelta
from pathlib import Path

import pytest

from backend.clock import FixedClock
from backend.demo.cast import list_persons
from backend.demo.identity_provider import (
    LIFETIME,
    WARNING,
    IdentityProvider,
    UnknownPersonaError,
    make_provider_app,
    write_public_keys,
)
from backend.gateways.identity_provider import TicketReader
from backend.gateways.key_making import make_signing_keys
from backend.gateways.rulebook_files import read_city
from backend.gateways.signed_claims import LEEWAY, TokenError
from tests.backend.demo.cities import DAY, NOW

ISSUER, AUDIENCE = "http://127.0.0.1:8001", "http://127.0.0.1:8000"
PERSONAS = list_persons(read_city("zhengzhou").catalogue_on(DAY), DAY)


@pytest.fixture
def provider(tmp_path: Path) -> IdentityProvider:
    path = tmp_path / "provider-keys.json"
    path.write_text(make_signing_keys(NOW), encoding="utf-8")
    return IdentityProvider.from_file(path, issuer=ISSUER, audience=AUDIENCE, personas=PERSONAS)


@pytest.fixture
def reader(provider: IdentityProvider, tmp_path: Path) -> TicketReader:
    path = tmp_path / "public-keys.json"
    write_public_keys(provider, path)
    return TicketReader(issuer=ISSUER, audience=AUDIENCE, jwks_url=path.as_uri())


@pytest.mark.parametrize("number", range(len(PERSONAS)), ids=[persona.key for persona, _ in PERSONAS])
def test_a_ticket_vouches_for_its_persona(provider: IdentityProvider, reader: TicketReader, number: int) -> None:
    persona, person = PERSONAS[number]
    ticket = reader.read(provider.issue(persona.key, NOW), NOW)
    assert (ticket.subject, ticket.name, ticket.id_number) == (persona.key, person.name, person.id_number)


def test_a_ticket_is_good_for_five_minutes(provider: IdentityProvider, reader: TicketReader) -> None:
    ticket = provider.issue("an_fen", NOW)
    with pytest.raises(TokenError):
        reader.read(ticket, NOW + LIFETIME + LEEWAY)


def test_no_two_tickets_are_the_same(provider: IdentityProvider, reader: TicketReader) -> None:
    jtis = {reader.read(provider.issue("an_fen", NOW), NOW).jti for _ in range(5)}
    assert len(jtis) == 5


def test_nobody_but_the_personas_gets_a_ticket(provider: IdentityProvider) -> None:
    with pytest.raises(UnknownPersonaError, match="an_fen"):
        provider.issue("nobody", NOW)


def test_the_server_says_what_it_is_for(provider: IdentityProvider, reader: TicketReader) -> None:
    clock = FixedClock(NOW)
    client = make_provider_app(provider, clock).test_client()
    clock.move(timedelta(minutes=1))
    personas = client.get("/personas").get_json()
    assert personas["warning"] == WARNING
    assert {"persona": "an_fen", "name": "安芬"}.items() <= personas["personas"][2].items()
    answer = client.post("/tickets", json={"persona": "an_fen"}).get_json()
    assert answer["warning"] == WARNING
    assert reader.read(answer["ticket"], clock.now()).name == "安芬"
    keys = client.get("/jwks.json").get_json()
    assert keys["warning"] == WARNING
    assert "d" not in keys["keys"][0]


@pytest.mark.parametrize(
    ("body", "status"), [("", 400), ("[]", 400), ('{"persona": 1}', 400), ('{"persona": "nobody"}', 404)]
)
def test_a_call_that_names_no_persona_is_told_so(provider: IdentityProvider, body: str, status: int) -> None:
    answer = make_provider_app(provider, FixedClock(NOW)).test_client().post("/tickets", data=body)
    assert answer.status_code == status
    assert "persona" in answer.get_json()["error"]

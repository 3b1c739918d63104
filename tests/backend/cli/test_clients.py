"""Clients from the command line: registered, given keys, proving themselves, and ended."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from backend.clock import SystemClock
from tests.backend.city import City, running_city
from tests.backend.cli.prompt import run
from tests.backend.clients.machines import Machine, make_key

REGISTER = ["clients", "add", "department", "civil_affairs", "--scope", "records:write", "--scope", "records:read"]


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """The application over the database of the installation, at the hour of the machine: the commands know no other."""
    with running_city(database_url) as city:
        catch_up(city)
        yield city


@pytest.fixture
def machine(city: City, environment: dict[str, str], tmp_path: Path) -> Machine:
    """A machine of a department, registered and given a key by command."""
    registered = run(REGISTER, environment)
    assert registered.exit_code == 0, registered.output
    machine = Machine(city, UUID(registered.output.strip()), make_key())
    added = run(["clients", "keys", "add", str(machine.client_id), str(write_pem(machine, tmp_path))], environment)
    assert added.output.strip() == machine.key_id
    return machine


def write_pem(machine: Machine, folder: Path) -> Path:
    file = folder / f"{machine.key_id}.pem"
    file.write_bytes(machine.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return file


def catch_up(city: City) -> None:
    """Bring the clock of the application to the hour of the machine."""
    city.clock.move(SystemClock().now() - city.now())


def test_a_registered_machine_gets_tokens_until_it_is_ended(machine: Machine, environment: dict[str, str]) -> None:
    catch_up(machine.city)
    assert machine.ask().get_json()["scope"] == "records:read records:write"
    listed = run(["clients", "list"], environment).output
    assert all(word in listed for word in (str(machine.client_id), "civil_affairs", machine.key_id, "command line"))
    ended = run(["clients", "end", str(machine.client_id), "--because", "lost", "--operator", "wang"], environment)
    assert (ended.exit_code, ended.output) == (0, f"{machine.client_id}: ended\n")
    catch_up(machine.city)
    assert machine.ask().status_code == 401
    assert "lost wang" in run(["clients", "list"], environment).output
    again = run(["clients", "end", str(machine.client_id), "--because", "lost"], environment)
    assert (again.exit_code, "there is no such client" in again.output) == (1, True)


def test_a_key_is_replaced_with_overlap(machine: Machine, environment: dict[str, str], tmp_path: Path) -> None:
    newer = replace(machine, key=make_key())
    client, pem = str(machine.client_id), str(write_pem(newer, tmp_path))
    assert run(["clients", "keys", "add", client, pem], environment).exit_code == 0
    catch_up(machine.city)
    assert [each.ask().status_code for each in (machine, newer)] == [200, 200]
    assert run(["clients", "keys", "end", client, machine.key_id], environment).exit_code == 0
    catch_up(machine.city)
    assert [each.ask().status_code for each in (machine, newer)] == [401, 200]
    again = run(["clients", "keys", "end", client, machine.key_id], environment)
    assert (again.exit_code, "no such key" in again.output) == (1, True)
    again = run(["clients", "keys", "add", client, pem], environment)
    assert (again.exit_code, "belongs or belonged" in again.output) == (1, True)


def test_a_private_key_is_turned_away_at_the_prompt(
    machine: Machine, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "secret.pem"
    pem = make_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem)
    result = run(["clients", "keys", "add", str(machine.client_id), str(file)], environment)
    assert (result.exit_code, "holds a private key" in result.output) == (1, True)
    assert pem.decode().splitlines()[1] not in result.output


@pytest.mark.usefixtures("city")
def test_officers_are_registered_once_and_in_one_role_of_those_apart(environment: dict[str, str]) -> None:
    both = ["clients", "add", "operator", "li", "--role", "registrar", "--role", "reviewer"]
    assert (run(both, environment).exit_code, run(both[:-2], environment).exit_code) == (2, 0)
    again = run(["clients", "add", "operator", "li", "--role", "reviewer"], environment)
    assert (again.exit_code, "has a client that has not ended" in again.output) == (1, True)


@pytest.mark.usefixtures("city")
def test_only_departments_of_the_catalogue_are_registered(environment: dict[str, str]) -> None:
    result = run([*REGISTER[:3], "gossip", *REGISTER[4:]], environment)
    assert (result.exit_code, "gossip is no department" in result.output) == (2, True)

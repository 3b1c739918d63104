"""Merchants from the command line: registered, signed with, switched off and on, and ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.city import City, running_city
from tests.backend.cli.prompt import install, run

SIGN = ["merchants", "contract", "villa", "rental_deposit", "--region", "410105"]


@pytest.fixture
def environment(tmp_path: Path, sqlite_url: str) -> dict[str, str]:
    """The settings of a new installation; the commands do what the API does, which is tested on both engines."""
    return install(tmp_path / "keys", sqlite_url)


@pytest.fixture
def city(sqlite_url: str) -> Iterator[City]:
    """The database of the installation with its schema."""
    with running_city(sqlite_url) as city:
        yield city


@pytest.mark.usefixtures("city")
def test_a_merchant_signs_is_switched_off_and_on_and_ends(environment: dict[str, str]) -> None:
    def do(*arguments: str, fails: int = 0) -> str:
        result = run(list(arguments), environment)
        assert result.exit_code == fails, result.output
        return result.output

    register = ("merchants", "add", "villa", "--name", "别墅租赁", "--contact", "desk@villa.example")
    machine = ("clients", "add", "merchant", "villa", "--scope", "benefits:verify")
    assert "no such merchant" in do(*machine, fails=1)
    assert do(*register) == "villa: registered\n"
    numbered = (*register[:2], "no-11010519491231002x", *register[3:])
    assert "holds the number of an identity card" in do(*numbered, fails=1)
    assert "There is a merchant under this code already" in do(*register, fails=1)
    assert len(do(*machine).strip()) == 36
    assert "/figures/limit_fen: A value is required." in do(*SIGN, fails=1)
    contract = do(*SIGN, "--limit-fen", "300000", "--operator", "zhao").strip()
    assert "suspended since" in do("merchants", "suspend", "villa", "--because", "looked into")
    listed = do("merchants", "list")
    assert all(
        word in listed
        for word in (
            "villa",
            "别墅租赁",
            "looked into",
            contract,
            "rental_deposit in 410105",
            "limit_fen 300000",
            "Z looked",
        )
    )
    do("merchants", "lift", "villa")
    assert "no suspension to lift" in do("merchants", "lift", "villa", fails=1)
    assert "no scenario" in do("merchants", "suspend-scenario", "gossip", "--because", "x", fails=1)
    do("merchants", "suspend-scenario", "rental_deposit", "--because", "a fault")
    do("merchants", "lift-scenario", "rental_deposit")
    assert do("merchants", "end-contract", "villa", contract) == f"{contract}: ended\n"
    assert "ended" in do("merchants", "list")
    do("merchants", "lift", "Villa", fails=2)

"""Callers without a token are counted by their address, and the address is the front's word, not the caller's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.front import Front, Service, ask, running_front, running_service, write_request

FORGING = ("X-Forwarded-For: 203.0.113.{}", "X-Forwarded-For: 10.0.0.{}, 10.0.0.1", "Forwarded: for=203.0.113.{}")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that takes three calls a minute from a caller."""
    with running_service(tmp_path_factory.mktemp("service"), SHANGDING_RATE_LIMIT="3/minute") as running:
        yield running


def read_score(front: Front, source: str, *forged: str) -> int:
    return ask(front, write_request("GET /v1/score HTTP/1.1", *forged), source).status


def test_a_forged_address_changes_nothing(front: Front) -> None:
    forged = [header.format(number) for number, header in enumerate(FORGING, 1)]
    assert [read_score(front, "127.0.0.2", header) for header in forged] == [401, 401, 401]
    assert [read_score(front, "127.0.0.2", header) for header in forged] == [429, 429, 429]


def test_another_address_is_another_caller(front: Front) -> None:
    assert [read_score(front, "127.0.0.3") for _ in range(4)] == [401, 401, 401, 429]
    assert read_score(front, "127.0.0.4") == 401


def test_a_front_that_passes_on_what_callers_claim_is_noticed(folder: Path, service: Service) -> None:
    """The planted defect: whoever claims another address at each call is counted nowhere."""
    with running_front(
        folder, service.address, sabotage=("X-Forwarded-For $remote_addr;", "X-Forwarded-For $http_x_forwarded_for;")
    ) as front:
        found = [read_score(front, "127.0.0.5", f"X-Forwarded-For: 203.0.113.{number}") for number in range(5)]
    assert found == [401] * 5

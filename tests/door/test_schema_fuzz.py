"""The application does what its OpenAPI document says, whatever a fuzzer makes of it (R20). There is no baseline."""

import os

import pytest
from schemathesis.schemas import BaseSchema
from schemathesis.transport.wsgi import WSGI_TRANSPORT

from backend.principals import PrincipalKind
from tests.door.door import Door
from tests.door.findings import must_be_empty, must_hold
from tests.door.fuzzing import InProcess, find_fuzz_failures
from tests.door.policy import read_policy
from tests.door.sabotage import POLICY

POLICY_TABLE = read_policy()
KINDS = sorted({PrincipalKind(kind) for row in POLICY_TABLE.values() for kind in row.kinds})
EXAMPLES, SEED = 2, 1
# A quarter of an hour; a machine with a night to spend sets a thousand.
MANY_EXAMPLES, SEEDS = int(os.environ.get("FUZZ_EXAMPLES", "100")), (1, 2, 3)


@pytest.fixture(autouse=True)
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = InProcess()
    transport._copy_serializers_from(WSGI_TRANSPORT)  # noqa: SLF001 - it has no public way to be copied
    monkeypatch.setattr(BaseSchema, "transport", property(lambda _: transport))


@pytest.mark.parametrize("kind", KINDS)
def test_the_application_does_what_its_document_says(door: Door, kind: PrincipalKind) -> None:
    must_be_empty(find_fuzz_failures(door, kind, seed=SEED, examples=EXAMPLES, names=POLICY_TABLE))


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_it_does_so_for_long(door: Door, kind: PrincipalKind, seed: int) -> None:
    must_be_empty(find_fuzz_failures(door, kind, seed=seed, examples=MANY_EXAMPLES, names=POLICY_TABLE))


def test_planted_defects_are_found(sabotaged: Door) -> None:
    found = find_fuzz_failures(sabotaged, PrincipalKind.CITIZEN, seed=SEED, examples=20, names=POLICY)
    must_hold(
        found,
        [
            "POST /v1/planted/fragile as citizen, not_a_server_error",
            "GET /v1/planted/unchecked as citizen, ignored_auth",
        ],
    )

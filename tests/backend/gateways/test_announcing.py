from collections.abc import Iterator, Mapping
from datetime import date
from uuid import UUID

import pytest

from backend.gateways.announcing import Announced, Refused, announce, withdraw
from backend.gateways.rulebook_files import find_city_folder, read_document
from backend.storage.database import Database
from backend.storage.editions import EditionKind, NotDone, list_editions
from tests.backend.editions import TOLD, make_rulebook, make_scenarios, publish
from tests.backend.web.probe import NOON, SHIPPED
from tests.databases import migrated_database

RULEBOOK, SCENARIOS = EditionKind.RULEBOOK, EditionKind.SCENARIOS
BETTER = ('code = "excellent"', 'code = "splendid"')
FOR_BETTER = ('level = "excellent"', 'level = "splendid"')


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """One engine is enough here: what differs between them is below."""
    with migrated_database(sqlite_url) as database:
        yield database


def refuse(database: Database, kind: EditionKind, documents: Mapping[str, str]) -> Refused:
    with database.transaction() as session:
        outcome = announce(session, SHIPPED, kind, documents, TOLD, now=NOON)
        assert isinstance(outcome, Refused), outcome
    with database.reading() as session:
        assert outcome.code is NotDone.DAY_TAKEN or not list_editions(session)
    return outcome


def take_back(database: Database, edition_id: UUID) -> Announced | Refused:
    with database.transaction() as session:
        return withdraw(session, SHIPPED, edition_id, because="x", now=NOON)


@pytest.mark.parametrize(
    ("kind", "documents", "said"),
    [
        (RULEBOOK, make_rulebook(("points = 10\ntimes", "points = 'x'\ntimes")), "points"),
        (RULEBOOK, {"rulebook": ""}, "it takes rulebook, catalogue, cases"),
        (
            RULEBOOK,
            make_rulebook(BETTER),
            "beside rulebook 2027.1: catalogue.levels",
        ),  # the scenarios that ship name this level
        (SCENARIOS, make_scenarios(FOR_BETTER), "splendid"),
        (
            RULEBOOK,
            {
                name: read_document(find_city_folder("nanjing"), f"{name}-2026-01-01.toml")
                for name in ("rulebook", "catalogue", "cases")
            },
            "not of zhengzhou",
        ),
    ],
)
def test_documents_that_cannot_stand_are_refused_and_nothing_is_kept(
    database: Database, kind: EditionKind, documents: Mapping[str, str], said: str
) -> None:
    outcome = refuse(database, kind, documents)
    assert outcome.code == "documents_refused"
    assert any(said in fault for fault in outcome.faults), outcome.faults


def test_days_and_versions_of_shipped_editions_are_taken(database: Database) -> None:
    assert refuse(database, RULEBOOK, make_rulebook(effective_on=date(2026, 1, 1))).code is NotDone.DAY_TAKEN
    assert refuse(database, RULEBOOK, make_rulebook(version="2026.1")).code is NotDone.VERSION_TAKEN
    assert refuse(database, RULEBOOK, make_rulebook(effective_on=date(2026, 11, 22))).code is NotDone.TOO_LATE


def test_an_edition_that_another_stands_on_is_not_withdrawn(database: Database) -> None:
    wider = publish(database, RULEBOOK, make_rulebook(("ceiling = 200", "ceiling = 250")))
    beyond = make_scenarios(('level = "excellent"', "least_points = 220"), effective_on=date(2027, 2, 1))
    needing = publish(database, SCENARIOS, beyond)
    outcome = take_back(database, wider)
    assert isinstance(outcome, Refused)
    assert outcome.code == "documents_refused"
    assert isinstance(take_back(database, needing), Announced)
    done = take_back(database, wider)
    assert isinstance(done, Announced)
    assert done.edition.withdrawn_at == NOON
    assert [each.version for each in done.rules.editions] == ["2026.1"]

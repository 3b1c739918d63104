import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

import pytest

from backend.access.entries import list_looks
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.rulebook_files import read_city
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import SubjectKind
from backend.people.subjects import find_or_add_subject
from backend.records.batches import Batch, take_batch
from backend.records.departments import register_departments
from backend.records.ledger import Report
from backend.records.quarantine import Tools
from backend.records.rows import Desk, HandedInRow
from backend.records.tables import list_entries
from backend.settings import read_settings
from backend.storage.database import Database
from scoring.admission import LegalFacts
from scoring.records import Content
from tests.backend.city import NOON, Person, make_person
from tests.backend.cli.prompt import run
from tests.databases import migrated_database

CASE = ["--case", "2026-7", "--operator", "wang"]
DECISION = [*CASE, "--reason", "checked the card"]
PERSON = make_person("欧阳晓月")


@dataclass(frozen=True)
class Installation:
    """The database of an installation and the keys that its settings name."""

    database: Database
    tools: Tools = field(repr=False)


@pytest.fixture
def installation(environment: dict[str, str]) -> Iterator[Installation]:
    """An installation with its departments."""
    settings = read_settings({**os.environ, **environment})
    tools = Tools(
        rules=read_city(settings.city),
        pseudonyms=Pseudonyms(settings.pseudonym_keys.by_id, settings.pseudonym_keys.current),
        sealer=Sealer(settings.sealing_keys.by_id, settings.sealing_keys.current),
    )
    with migrated_database(settings.database_url) as database:
        with database.transaction() as session:
            register_departments(session, tools.rules.catalogue_on(NOON.date()))
        yield Installation(database, tools)


def quarantine_one(installation: Installation, person: Person) -> tuple[UUID, UUID]:
    """Hand in a row whose name is not the vouched one; give its subject and its quarantine."""
    tools = installation.tools
    desk = Desk(
        department="health_commission",
        clerk="clerk-7",
        batch_id=uuid4(),
        catalogue=tools.rules.catalogue_on(NOON.date()),
        pseudonyms=tools.pseudonyms,
        sealer=tools.sealer,
        now=NOON,
    )
    row = HandedInRow(
        source_key="donation-1",
        subject_kind=SubjectKind.NATURAL_PERSON,
        id_number=person.id_number,
        name="周海",
        indicator="ZZ-ETH-02",
        report=Report(Content(NOON.date(), None, {"donations": 1}, None), LegalFacts()),
    )
    with installation.database.transaction() as session:
        known = find_or_add_subject(
            session,
            kind=SubjectKind.NATURAL_PERSON,
            identity_number=person.id_number,
            name=person.name,
            verified=True,
            pseudonyms=tools.pseudonyms,
            sealer=tools.sealer,
            now=NOON,
        )
        batch = take_batch(session, str(desk.batch_id), [row], desk)
    assert isinstance(batch, Batch)
    (receipt,) = batch.receipts
    assert receipt.quarantine is not None
    return known.subject_id, receipt.quarantine.quarantine_id


def test_a_row_is_listed_shown_and_released(installation: Installation, environment: dict[str, str]) -> None:
    assert run(["quarantine", "list"], environment).output == ""
    subject_id, quarantine_id = quarantine_one(installation, PERSON)
    listed = run(["quarantine", "list"], environment)
    assert listed.output.split() == [
        str(quarantine_id), "2026-11-22T04:00:00+00:00", "health_commission", "ZZ-ETH-02", "name_differs"
    ]  # fmt: skip
    shown = run(["quarantine", "show", str(quarantine_id), *CASE], environment)
    assert [word for word in ("周海", PERSON.name) if word not in shown.output] == []
    assert PERSON.id_number not in shown.output
    released = run(["quarantine", "release", str(quarantine_id), *DECISION], environment)
    assert (released.exit_code, released.output) == (0, f"{quarantine_id}: released\n")
    again = run(["quarantine", "refuse", str(quarantine_id), *DECISION], environment)
    assert (again.exit_code, "released or refused before" in again.output) == (1, True)
    with installation.database.reading() as session:
        assert len(list_entries(session, subject_id)) == 1
        assert [look.case_no for look in list_looks(session, subject_id, limit=5)] == ["2026-7", "2026-7"]


def test_a_row_is_refused_for_good(installation: Installation, environment: dict[str, str]) -> None:
    subject_id, quarantine_id = quarantine_one(installation, replace(PERSON, name="赵宁"))
    refused = run(["quarantine", "refuse", str(quarantine_id), *DECISION], environment)
    assert (refused.exit_code, refused.output) == (0, f"{quarantine_id}: refused\n")
    assert run(["quarantine", "list"], environment).output == ""
    with installation.database.reading() as session:
        assert list_entries(session, subject_id) == []


def test_what_is_not_there_and_what_may_not_be_kept_is_said(
    installation: Installation, environment: dict[str, str]
) -> None:
    unknown = run(["quarantine", "show", str(uuid4()), *CASE], environment)
    assert (unknown.exit_code, "no row in quarantine" in unknown.output) == (1, True)
    _, quarantine_id = quarantine_one(installation, PERSON)
    numbered = ["--case", PERSON.id_number, "--operator", "wang", "--reason", "x"]
    assert run(["quarantine", "refuse", str(quarantine_id), *numbered], environment).exit_code != 0

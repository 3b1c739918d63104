from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest

from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer, SealError
from backend.people.standing import IDENTITY_FIELD
from backend.people.subjects import NAME_FIELD, KnownSubject, find_or_add_subject, find_subject_id
from backend.people.tables import SubjectRow, find_subject
from backend.storage.database import Database
from tests.backend.builders import NOON
from tests.backend.city import make_resident_id

KEYS = {"k1": bytes(range(32)), "k2": bytes(range(32, 64))}
PSEUDONYMS = Pseudonyms(KEYS, "k1")
SEALER = Sealer(KEYS, "k1")
NUMBER = make_resident_id(sequence=17)


def meet(
    database: Database,
    name: str | None,
    *,
    verified: bool = False,
    kind: str = "natural_person",
    pseudonyms: Pseudonyms = PSEUDONYMS,
) -> KnownSubject:
    with database.transaction() as session:
        return find_or_add_subject(
            session,
            kind=kind,
            identity_number=NUMBER,
            name=name,
            verified=verified,
            pseudonyms=pseudonyms,
            sealer=SEALER,
            now=NOON,
        )


def look_up(database: Database, subject_id: UUID) -> SubjectRow:
    with database.reading() as session:
        row = find_subject(session, subject_id)
        assert row is not None
        return row


def open_name(row: SubjectRow) -> str:
    assert row.name_sealed is not None
    return SEALER.open(row.name_sealed, subject_id=row.subject_id, field=NAME_FIELD)


def test_a_new_subject_is_pseudonym_index_and_sealed_text(database: Database) -> None:
    known = meet(database, "王芳")
    row = look_up(database, known.subject_id)
    assert known.name_agrees
    assert known.subject_id.version == 7
    assert (row.kind, row.identity_key_id, row.name_verified, row.in_doubt) == ("natural_person", "k1", False, False)
    assert SEALER.open(row.identity_sealed, subject_id=row.subject_id, field=IDENTITY_FIELD) == NUMBER
    assert open_name(row) == "王芳"
    kept = b"".join(value for value in vars(row).values() if isinstance(value, bytes))
    assert NUMBER.encode() not in kept
    assert "王芳".encode() not in kept
    with pytest.raises(SealError):
        SEALER.open(row.identity_sealed, subject_id=row.subject_id, field=NAME_FIELD)


def test_the_same_number_is_the_same_subject_under_any_key_still_in_use(database: Database) -> None:
    first = meet(database, "王芳")
    rotated = Pseudonyms(KEYS, "k2")
    assert meet(database, "王芳", pseudonyms=rotated) == first
    with database.reading() as session:
        assert find_subject_id(session, NUMBER, pseudonyms=rotated) == first.subject_id
        assert find_subject_id(session, make_resident_id(sequence=18), pseudonyms=rotated) is None


def test_planted_defect_a_key_taken_out_too_early_makes_a_stranger_of_everybody(database: Database) -> None:
    first = meet(database, "王芳")
    assert meet(database, "王芳", pseudonyms=Pseudonyms({"k2": KEYS["k2"]}, "k2")).subject_id != first.subject_id


@pytest.mark.parametrize(
    ("first", "then", "agrees", "kept", "is_verified", "doubt"),
    [
        ((None, False), ("王芳", False), True, "王芳", False, None),
        ((None, False), ("王芳", True), True, "王芳", True, None),
        (("王芳", False), (None, False), True, "王芳", False, None),
        (("王芳", False), (" · ", True), True, "王芳", False, None),
        (("王芳", False), ("王 芳", False), True, "王芳", False, None),
        (("王·芳", False), ("王芳", True), True, "王芳", True, None),
        (("王芳", True), ("王·芳", True), True, "王芳", True, None),
        (("王芳", False), ("王方", False), False, "王芳", False, None),
        (("王芳", True), ("王方", False), False, "王芳", True, None),
        (("王芳", False), ("王方", True), False, "王方", True, "name_differs"),
        (("王芳", True), ("王方", True), False, "王方", True, "name_differs"),
    ],
)
def test_a_second_name_is_weighed_against_the_first(
    database: Database,
    first: tuple[str | None, bool],
    then: tuple[str, bool],
    agrees: bool,  # noqa: FBT001 - a column of the table above
    kept: str,
    is_verified: bool,  # noqa: FBT001 - as above
    doubt: str | None,
) -> None:
    subject_id = meet(database, first[0], verified=first[1]).subject_id
    known = meet(database, then[0], verified=then[1])
    assert known == KnownSubject(subject_id=subject_id, kind_agrees=True, name_agrees=agrees)
    row = look_up(database, subject_id)
    assert (open_name(row), row.name_verified, row.doubt_code) == (kept, is_verified, doubt)
    assert row.in_doubt is (doubt is not None)


def test_a_doubt_stays_until_somebody_has_looked_into_it(database: Database) -> None:
    subject_id = meet(database, "王芳").subject_id
    meet(database, "王方", verified=True)
    assert meet(database, "王方", verified=True).name_agrees
    assert look_up(database, subject_id).in_doubt


def test_many_at_once_meet_one_subject_and_no_disagreement_is_lost(database: Database) -> None:
    names = ["王芳", "王方"] * 6
    with ThreadPoolExecutor(6) as pool:
        known = list(pool.map(lambda name: meet(database, name, verified=True), names))
    (subject_id,) = {each.subject_id for each in known}
    row = look_up(database, subject_id)
    assert row.in_doubt
    assert not all(each.name_agrees for each in known)
    assert {name: meet(database, name).name_agrees for name in names} == {
        "王芳": open_name(row) == "王芳",
        "王方": open_name(row) == "王方",
    }


def test_whoever_comes_under_another_kind_changes_nothing(database: Database) -> None:
    subject_id = meet(database, None).subject_id
    found = meet(database, "王芳", verified=True, kind="enterprise")
    assert found == KnownSubject(subject_id=subject_id, kind_agrees=False, name_agrees=False)
    row = look_up(database, subject_id)
    assert (row.kind, row.name_index, row.in_doubt) == ("natural_person", None, False)


def test_a_subject_says_nothing_of_a_person_when_it_is_shown(database: Database) -> None:
    known = meet(database, "王芳")
    assert NUMBER not in repr(known) + repr(replace(known, name_agrees=False))

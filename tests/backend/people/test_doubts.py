from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from backend.access.entries import AccessEntry, Purpose, list_looks
from backend.people.doubts import Doubt, list_doubts, settle_doubt
from backend.people.standing import Status
from backend.principals import PrincipalKind
from tests.backend.city import City, Person, make_person, read_json

OLD, NEW = "王芳", "王方"


def put_in_doubt(city: City, *, verified: bool = True) -> tuple[UUID, Person]:
    """Give a person in doubt, under the name that came last."""
    person = make_person(OLD)
    renamed = Person(NEW, person.id_number)
    city.know(person, verified=verified)
    return city.know(renamed), renamed


def sign_in(city: City, person: Person) -> str:
    answer = city.client().post("/v1/sign-in", json={"ticket": city.issue_ticket(person)})
    return str(read_json(answer)["status"])


def settle(session: Session, subject_id: UUID, city: City) -> bool:
    return settle_doubt(session, subject_id, operator="wang", case_no="2026-7", now=city.now())


def list_all(city: City, subject_id: UUID) -> list[AccessEntry]:
    with city.database.reading() as session:
        return list(list_looks(session, subject_id, limit=10))


@pytest.mark.parametrize("verified", [True, False])
def test_a_person_in_doubt_gets_his_account_after_settling(city: City, verified: bool) -> None:  # noqa: FBT001 - a column
    subject_id, person = put_in_doubt(city, verified=verified)
    assert sign_in(city, person) == Status.IDENTITY_IN_DOUBT
    with city.database.transaction() as session:
        assert settle(session, subject_id, city)
    assert sign_in(city, person) == Status.NOT_ENROLLED  # with the same name, and no doubt comes back
    assert city.enrol(person) == subject_id
    assert sign_in(city, person) == Status.ENROLLED


def test_a_doubt_during_an_enrolment_leaves_it_as_it_was(city: City) -> None:
    person = make_person(OLD)
    subject_id = city.enrol(person)
    renamed = Person(NEW, person.id_number)
    assert sign_in(city, renamed) == Status.IDENTITY_IN_DOUBT
    with city.database.transaction() as session:
        assert settle(session, subject_id, city)
    assert sign_in(city, renamed) == Status.ENROLLED


def test_another_name_after_settling_is_another_doubt(city: City) -> None:
    subject_id, person = put_in_doubt(city)
    with city.database.transaction() as session:
        assert settle(session, subject_id, city)
    assert sign_in(city, Person(OLD, person.id_number)) == Status.IDENTITY_IN_DOUBT


def test_the_person_sees_who_settled_the_doubt(city: City) -> None:
    subject_id, _ = put_in_doubt(city)
    with city.database.transaction() as session:
        settle(session, subject_id, city)
    (look,) = list_all(city, subject_id)
    assert (look.asker_kind, look.asker, look.acting) == (PrincipalKind.OPERATOR, "wang", None)
    assert (look.purpose, look.case_no, look.asked_at) == (Purpose.DATA_CHECK, "2026-7", city.now())
    assert look.answered == {"kind": "doubt_settled", "code": "name_differs"}
    shown = city.client().get("/v1/access-entries", headers=city.citizen(subject_id))
    assert read_json(shown)["items"][0]["asker"]["kind_text"] == "信用中心工作人员"


def test_doubts_are_listed_without_names_and_numbers(city: City) -> None:
    city.enrol(make_person())
    first, _ = put_in_doubt(city)
    city.clock.move(timedelta(hours=13))  # the next day in the city, not in UTC
    second, _ = put_in_doubt(city)
    with city.database.reading() as session:
        assert list_doubts(session, 10) == [
            Doubt(subject_id=first, code="name_differs", known_since=date(2026, 11, 22)),
            Doubt(subject_id=second, code="name_differs", known_since=date(2026, 11, 23)),
        ]
        assert [doubt.subject_id for doubt in list_doubts(session, 1)] == [first]
    with city.database.transaction() as session:
        settle(session, first, city)
        assert [doubt.subject_id for doubt in list_doubts(session, 10)] == [second]


def test_where_there_is_no_doubt_nothing_is_settled_or_noted(city: City) -> None:
    subject_id = city.enrol(make_person())
    with city.database.transaction() as session:
        assert not settle(session, subject_id, city)
        assert not settle(session, uuid4(), city)
    assert list_all(city, subject_id) == []


def test_of_many_settlements_at_once_one_counts(city: City) -> None:
    subject_id, _ = put_in_doubt(city)

    def settle_alone(_: int) -> bool:
        with city.database.transaction() as session:
            return settle(session, subject_id, city)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(settle_alone, range(6))) == 1
    assert len(list_all(city, subject_id)) == 1

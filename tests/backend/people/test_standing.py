from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from backend.gateways.sealing import Sealer, SealError
from backend.people.account import close_account
from backend.people.standing import Standing, Status, find_standing
from backend.people.tables import NewSubject, add_subject_unless_known
from tests.backend.city import City, Person, make_person

WITHOUT_KEY = Sealer({"other": bytes(32)}, "other")


def stand(city: City, subject_id: UUID, *, sealer: Sealer | None = None) -> Standing:
    with city.database.reading() as session:
        return find_standing(session, subject_id, sealer=sealer or city.context.sealer, now=city.now())


def close(city: City, subject_id: UUID, because: str) -> None:
    with city.database.transaction() as session:
        assert close_account(session, subject_id, because=because, now=city.now())


def test_who_is_unknown_or_no_natural_person_is_not_enrolled(city: City) -> None:
    with city.database.transaction() as session:
        firm = NewSubject(
            subject_id=uuid4(), kind="enterprise", identity_index=b"i", identity_key_id="k1", identity_sealed=b"s"
        )
        add_subject_unless_known(session, firm, now=city.now())
    assert stand(city, uuid4()) == Standing(status=Status.NOT_ENROLLED)
    assert stand(city, firm.subject_id) == Standing(status=Status.NOT_ENROLLED)


def test_an_enrolment_counts_from_its_city_day(city: City) -> None:
    city.clock.move(timedelta(hours=12, minutes=30))  # 00:30 of the next day in the city, 16:30 in UTC
    subject_id = city.enrol(make_person())
    city.clock.move(timedelta(days=40))
    assert stand(city, subject_id) == Standing(
        status=Status.ENROLLED, since=date(2026, 11, 23), agreement_version="2026-01"
    )


def test_the_standing_of_the_enrolled_opens_no_seal(city: City) -> None:
    subject_id = city.enrol(make_person())
    assert stand(city, subject_id, sealer=WITHOUT_KEY).status is Status.ENROLLED


def test_planted_defect_without_the_key_nobody_new_is_taken_for_an_adult(city: City) -> None:
    subject_id = city.know(make_person())
    with pytest.raises(SealError):
        stand(city, subject_id, sealer=WITHOUT_KEY)


def test_closing_and_withdrawing_end_an_enrolment_and_the_next_one_counts_anew(city: City) -> None:
    person = make_person()
    subject_id = city.enrol(person)
    close(city, subject_id, "closed")
    assert stand(city, subject_id) == Standing(status=Status.NOT_ENROLLED)
    city.enrol(person)
    close(city, subject_id, "consent_withdrawn")
    assert stand(city, subject_id) == Standing(status=Status.CONSENT_WITHDRAWN)
    city.clock.move(timedelta(days=10))
    city.enrol(person)
    assert stand(city, subject_id).since == date(2026, 12, 2)


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        (datetime(2026, 11, 21, 15, 59, tzinfo=UTC), Status.UNDER_AGE),
        (datetime(2026, 11, 21, 16, 0, tzinfo=UTC), Status.NOT_ENROLLED),  # midnight in the city
    ],
)
def test_a_person_is_of_age_from_the_eighteenth_birthday_in_the_city(
    city: City, moment: datetime, status: Status
) -> None:
    subject_id = city.know(make_person(born_on=date(2008, 11, 22)))
    city.clock.move(moment - city.now())
    assert stand(city, subject_id).status is status


def test_a_doubt_outranks_an_enrolment(city: City) -> None:
    person = make_person("王芳")
    subject_id = city.enrol(person)
    city.know(Person("王方", person.id_number))
    assert stand(city, subject_id) == Standing(status=Status.IDENTITY_IN_DOUBT)


def test_a_clock_gone_back_behind_a_birth_makes_nobody_an_adult(city: City) -> None:
    subject_id = city.know(make_person(born_on=date(2026, 11, 1)))
    city.clock.move(timedelta(days=-60))
    assert stand(city, subject_id).status is Status.UNDER_AGE

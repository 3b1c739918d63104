"""Links of mini-program accounts when keys go, and when two calls want the same."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from backend.app import create_app
from backend.gateways.pseudonyms import Pseudonyms
from backend.people import mini_program
from backend.people.session_tables import MiniProgramLinkRow
from backend.people.tables import SubjectRow, UsedTicketRow
from backend.storage.tables import Row
from tests.backend.city import City, make_person, read_json
from tests.backend.people.platform_city import PlatformCity, with_platform
from tests.backend.people.signing_in import list_sessions, outcome, refresh

SECOND = timedelta(seconds=1)
LINK_REFUSED = (403, "link_refused")
OLD, NEW = {"k1": b"k1" * 16}, {"k2": b"k2" * 16}


@pytest.fixture
def here(city: City) -> Iterator[PlatformCity]:
    with with_platform(city) as here:
        yield here


def use(here: PlatformCity, current: str, **keys: bytes) -> PlatformCity:
    """The same city with other keys."""
    context = replace(here.city.context, pseudonyms=Pseudonyms(keys, current))
    return replace(here, city=replace(here.city, app=create_app(context), context=context))


def count_rows(here: PlatformCity, row: type[Row]) -> int:
    with here.city.database.reading() as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


def renew_subjects(here: PlatformCity, *people_numbers: str) -> None:
    """What `shangding keys renew` does for the people, though not for their accounts."""
    pseudonyms = here.city.context.pseudonyms
    with here.city.database.transaction() as session:
        for number in people_numbers:
            digests = [index.digest for index in pseudonyms.all_indexes(number)]
            row = session.scalars(select(SubjectRow).where(SubjectRow.identity_index.in_(digests))).one()
            row.identity_index, row.identity_key_id = pseudonyms.index(number).digest, pseudonyms.current
            row.name_index = row.name_sealed = None


def test_a_link_under_a_dropped_key_gives_way_to_a_new_one(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    before, between, after = use(here, "k1", **OLD), use(here, "k2", **NEW, **OLD), use(here, "k2", **NEW)
    former = read_json(before.come_and_link("openid-1", person))
    renew_subjects(between, person.id_number)
    offer = read_json(after.come("openid-1"))
    assert offer["status"] == "link_needed"
    here.city.clock.move(SECOND)
    tokens = read_json(after.link(offer["link_token"], person))
    assert tokens["status"] == "not_enrolled"
    assert read_json(after.come("openid-1"))["status"] == "not_enrolled"
    assert count_rows(here, MiniProgramLinkRow) == count_rows(here, SubjectRow) == 1
    ended = {item["ended_because"] for item in list_sessions(after.city, tokens)}
    assert ended == {None, "unlinked"}
    assert outcome(refresh(before.city, former["refresh_token"])) == (401, "refresh_refused")
    assert outcome(after.come_and_link("openid-of-a-stranger", person)) == LINK_REFUSED  # and now it stands


def test_a_link_under_a_key_that_is_still_read_does_not_give_way(here: PlatformCity) -> None:
    person = here.register_person(make_person())
    before, between, after = use(here, "k1", **OLD), use(here, "k2", **NEW, **OLD), use(here, "k2", **NEW)
    before.come_and_link("openid-1", person)
    assert outcome(between.come_and_link("openid-of-a-stranger", person)) == LINK_REFUSED
    offered_between = read_json(between.come("openid-of-a-stranger"))["link_token"]
    renew_subjects(between, person.id_number)
    # The stranger's account was compared with the link while the key was there, and is another one.
    assert outcome(after.link(offered_between, person)) == LINK_REFUSED
    assert read_json(between.come("openid-1"))["status"] == "not_enrolled"


def test_without_a_match_a_dead_link_stays(here: PlatformCity) -> None:
    person, other = here.register_person(make_person()), make_person()
    before, between, after = use(here, "k1", **OLD), use(here, "k2", **NEW, **OLD), use(here, "k2", **NEW)
    before.come_and_link("openid-1", person)
    renew_subjects(between, person.id_number)
    assert outcome(after.come_and_link("openid-1", replace(person, name=other.name + "二"))) == LINK_REFUSED
    assert read_json(between.come("openid-1"))["status"] == "not_enrolled"


def lose_the_race(here: PlatformCity, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Somebody links an account that another call links just after this one has looked: what is there of him then."""
    winner, loser = here.register_person(make_person()), here.register_person(make_person())
    token = read_json(here.come("openid-1"))["link_token"]
    here.come_and_link("openid-1", winner)
    with monkeypatch.context() as patch:
        patch.setattr(mini_program, "find_linked_subject", lambda *_: None)
        assert outcome(here.link(token, loser)) == LINK_REFUSED
    return [count_rows(here, row) for row in (MiniProgramLinkRow, SubjectRow, UsedTicketRow)]


def test_of_who_loses_a_race_for_an_account_nothing_is_kept(
    here: PlatformCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lose_the_race(here, monkeypatch) == [1, 1, 1]


def test_a_loser_who_is_kept_is_caught(here: PlatformCity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqlalchemy.orm.SessionTransaction.rollback", lambda *_, **__: None)
    assert lose_the_race(here, monkeypatch) == [1, 2, 2]


def test_of_who_loses_a_race_for_his_other_account_the_name_stays_as_it_was(
    here: PlatformCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = here.register_person(make_person("林一舟"))
    renamed = here.register_person(replace(person, name="林二舟"))
    token = read_json(here.come("openid-2"))["link_token"]
    here.come_and_link("openid-1", person)
    with monkeypatch.context() as patch:
        patch.setattr(mini_program, "find_link", lambda *_: None)
        assert outcome(here.link(token, renamed)) == LINK_REFUSED
    with here.city.database.reading() as session:
        assert not session.scalars(select(SubjectRow)).one().in_doubt
    assert read_json(here.come("openid-1"))["status"] == "not_enrolled"


def test_of_people_linked_to_one_account_at_once_only_the_winner_is_kept(here: PlatformCity) -> None:
    people = [here.register_person(make_person()) for _ in range(4)]
    tokens = [read_json(here.come("openid-1"))["link_token"] for _ in people]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda pair: here.link(*pair).status_code, zip(tokens, people, strict=True)))
    assert sorted(answers) == [200, 403, 403, 403]
    assert [count_rows(here, row) for row in (MiniProgramLinkRow, SubjectRow, UsedTicketRow)] == [1, 1, 1]

"""What visitors use here is reported home: every turn once, in order, also when the answer is gone by then."""

from itertools import pairwise

from sqlalchemy import select

from backend.partners.message_tables import NoticeRow
from backend.visits.endings import take_withdrawn
from backend.visits.uses import report_uses
from tests.backend.benefits.counter import BIKE, CARD, RACK, consent, make_code, scan
from tests.backend.city import City, make_person, read_json
from tests.backend.partners.cities import THEIRS
from tests.backend.visits.home import Visited
from tests.databases import run_sql


def report(city: City) -> int:
    """Run the sweep."""
    return report_uses(city.database, benefits=city.context.benefits, now=city.now())


def turn(city: City, grant_id: str, word: str, body: dict[str, int] | None = None) -> None:
    """Let the shop do something with a grant."""
    key = {"Idempotency-Key": f"{word}-{grant_id}"}
    headers = {**city.merchant(RACK), **key}
    answer = city.client().post(f"/v1/grants/{grant_id}/{word}", json=body or {}, headers=headers)
    assert answer.status_code == 200, answer.text


def read_told(city: City) -> dict[str, list[tuple[int, str]]]:
    """What was left for the home city to be told, by grant, in the order in which it was left."""
    told: dict[str, list[tuple[int, str]]] = {}
    with city.database.reading() as session:
        for row in session.scalars(select(NoticeRow).where(NoticeRow.kind == "used").order_by(NoticeRow.notice_id)):
            told.setdefault(row.content["use_id"], []).append((row.content["step"], row.content["state"]))
    return told


def test_every_turn_is_reported_once_and_in_order(visited: Visited) -> None:
    city = visited.city
    subject_id, person = visited.welcome()
    by_shop = read_json(visited.verify(person.id_number))
    visit = read_json(visited.visit(subject_id))
    by_code = read_json(scan(city, make_code(city, subject_id, merchant=RACK), scenario=BIKE))
    local = make_person()
    local_id = city.enrol(local)
    consent(city, local_id)
    assert read_json(scan(city, make_code(city, local_id, merchant=RACK)))["answer"] == "granted"
    turn(city, by_shop["grant_id"], "start")
    with city.database.transaction() as session:  # before anybody has looked at what was used
        take_withdrawn(session, THEIRS, {"question_ids": [visit["question_id"]]}, now=city.now())
    assert (report(city), report(city)) == (3, 0)
    turn(city, by_code["grant_id"], "start")
    turn(city, by_code["grant_id"], "complete", {"final_fen": 0})
    assert report(city) == 2
    turn(city, by_shop["grant_id"], "complete", {"final_fen": 0})
    run_sql(city.database, f"UPDATE merchant SET name = 'www.example' WHERE code = '{RACK}'")  # noqa: S608 - ours
    assert (report(city), report(city)) == (1, 0)
    life = [(1, "reserved"), (2, "in_use"), (3, "completed")]
    assert read_told(city) == {by_shop["grant_id"]: life, by_code["grant_id"]: life}
    with city.database.reading() as session:
        rows = session.scalars(select(NoticeRow).order_by(NoticeRow.notice_id)).all()
    contents = {row.content["use_id"]: row.content for row in rows[:-1]}
    assert rows[-1].content["place"] == RACK  # and not what its home city would refuse to show
    assert contents[by_code["grant_id"]]["question_id"] == visit["question_id"]
    assert (contents[by_shop["grant_id"]]["scenario"], contents[by_shop["grant_id"]]["place"]) == (
        CARD,
        f"单车点 {RACK}",
    )
    assert {(row.partner, row.subject_id) for row in rows} == {(THEIRS, subject_id)}
    moments = [row.content["happened_at"] for row in rows if row.content["use_id"] == by_code["grant_id"]]
    assert all(before <= after for before, after in pairwise(moments))

from datetime import timedelta
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from backend.access.entries import Purpose, list_looks, record_look
from backend.principals import Principal, PrincipalKind
from backend.web.messages import Language, get_message
from backend.web.paging import write_cursor
from tests.backend.city import City, make_person, read_json

CLERK = Principal(kind=PrincipalKind.DEPARTMENT, id="court", acting="clerk-7")
CHECK = Purpose.DATA_CHECK


def look(city: City, subject_id: UUID, **changes: object) -> UUID:
    city.clock.move(timedelta(minutes=1))
    values: dict[str, object] = {
        "subject_id": subject_id,
        "principal": CLERK,
        "purpose": CHECK,
        "answered": {"kind": "record", "records": 1},
        "now": city.now(),
    }
    with city.database.transaction() as session:
        return record_look(session, **(values | changes))  # type: ignore[arg-type]  # one dict for all types


def read(city: City, subject_id: UUID, query: str = "", language: str = "zh-CN") -> TestResponse:
    headers = city.citizen(subject_id) | {"Accept-Language": language}
    return city.client().get(f"/v1/access-entries{query}", headers=headers)


def test_a_person_reads_who_looked_for_what_and_on_what_basis(city: City) -> None:
    subject_id = city.know(make_person())
    entry_id = look(city, subject_id, purpose=Purpose.OBJECTION_HANDLING, asker_name="市中级人民法院", case_no="2026-1")
    answer = read(city, subject_id)
    assert answer.status_code == 200
    assert read_json(answer) == {
        "items": [
            {
                "entry_id": str(entry_id),
                "asked_at": "2026-11-22T04:01:00Z",
                "asker": {
                    "kind": "department",
                    "kind_text": "提供单位",
                    "code": "court",
                    "name": "市中级人民法院",
                    "acting": "clerk-7",
                },
                "purpose": {"code": "objection_handling", "text": "异议处理：核实您提出的异议"},
                "basis": "《河南省社会信用条例》第四十一条",
                "answered": {"kind": "record", "records": 1},
                "answered_text": "查看了关于您的一条记录",
                "case_no": "2026-1",
            }
        ],
        "next_cursor": None,
    }
    english = read_json(read(city, subject_id, language="en"))["items"][0]
    assert english["purpose"]["text"] == "Objection: looking into what you objected to"
    assert english["asker"]["kind_text"] == "Providing body"


def test_a_basis_that_was_given_stands_before_that_of_the_purpose(city: City) -> None:
    subject_id = city.know(make_person())
    look(city, subject_id, basis="consent 7")
    assert read_json(read(city, subject_id))["items"][0]["basis"] == "consent 7"


def test_looks_come_newest_first_page_by_page_without_gap_or_repeat(city: City) -> None:
    subject_id = city.know(make_person())
    made = [str(look(city, subject_id)) for _ in range(5)]
    seen: list[str] = []
    query = "?limit=2"
    while True:
        page = read_json(read(city, subject_id, query))
        seen += [item["entry_id"] for item in page["items"]]
        if not seen[2:]:
            look(city, subject_id)  # what arrives meanwhile shifts nothing
        if page["next_cursor"] is None:
            break
        query = f"?limit=2&cursor={page['next_cursor']}"
    assert seen == made[::-1]


def test_a_person_sees_no_looks_at_anybody_else(city: City) -> None:
    one, other = city.know(make_person()), city.know(make_person())
    entry_id = look(city, one)
    assert read_json(read(city, other)) == {"items": [], "next_cursor": None}
    assert read_json(read(city, other, f"?cursor={write_cursor((str(entry_id),))}"))["items"] == []


@pytest.mark.parametrize("cursor", ["x", "%20", write_cursor(("not-an-id",)), write_cursor(("a", "b"))])
def test_a_cursor_that_no_page_gave_is_refused(city: City, cursor: str) -> None:
    answer = read(city, city.know(make_person()), f"?cursor={cursor}")
    assert (answer.status_code, read_json(answer)["code"]) == (422, "invalid_request")
    assert read_json(answer)["errors"][0]["pointer"] == "/cursor"


def test_looks_are_for_the_citizen_alone(city: City) -> None:
    subject_id = city.know(make_person())
    client = city.client()
    assert client.get("/v1/access-entries").status_code == 401
    assert client.get("/v1/access-entries", headers=city.department("court", "access:read")).status_code == 403
    assert client.get("/v1/access-entries", headers=city.citizen(subject_id, "score:read")).status_code == 403


def test_a_look_whose_transaction_fails_leaves_nothing(city: City) -> None:
    subject_id = city.know(make_person())

    def fail() -> None:
        with city.database.transaction() as session:
            record_look(session, subject_id=subject_id, principal=CLERK, purpose=CHECK, answered={}, now=city.now())
            raise RuntimeError("later")

    with pytest.raises(RuntimeError, match="later"):
        fail()
    with city.database.reading() as session:
        assert list_looks(session, subject_id, limit=1) == []


@pytest.mark.parametrize(
    "answered", [{"record": {"court": "A"}}, {"text": "a" * 101}, {str(number): 1 for number in range(21)}]
)
def test_planted_defect_an_entry_that_repeats_the_answer_is_refused(city: City, answered: dict[str, object]) -> None:
    subject_id = city.know(make_person())
    with pytest.raises(ValueError, match="answered"):
        look(city, subject_id, answered=answered)
    assert read_json(read(city, subject_id))["items"] == []


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("language", list(Language))
def test_every_purpose_has_words_and_a_basis(purpose: Purpose, language: Language) -> None:
    assert get_message(f"purpose.{purpose}", language)
    assert purpose.basis.startswith("《")


@pytest.mark.parametrize("kind", list(PrincipalKind))
@pytest.mark.parametrize("language", list(Language))
def test_every_kind_of_asker_has_a_word(kind: PrincipalKind, language: Language) -> None:
    assert get_message(f"principal.{kind}", language)

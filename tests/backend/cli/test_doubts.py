from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from backend.access.entries import list_looks
from tests.backend.city import City, Person, make_person, make_resident_id, read_json, running_city
from tests.backend.cli.prompt import run

CASE = ["--case", "2026-7", "--operator", "wang"]
NAMES = ("王芳", "王方")


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """The application over the database of the installation."""
    with running_city(database_url) as city:
        yield city


def put_in_doubt(city: City) -> tuple[UUID, Person]:
    person = make_person(NAMES[0])
    city.know(person)
    renamed = replace(person, name=NAMES[1])
    return city.know(renamed), renamed


def test_a_doubt_is_listed_settled_and_gone(city: City, environment: dict[str, str]) -> None:
    assert run(["doubts", "list"], environment).output == ""
    subject_id, person = put_in_doubt(city)
    listed = run(["doubts", "list"], environment)
    assert (listed.exit_code, listed.output) == (0, f"{subject_id}  name_differs  2026-11-22\n")
    assert not [secret for secret in (person.id_number, *NAMES) if secret in listed.output]
    settled = run(["doubts", "settle", str(subject_id), *CASE], environment)
    assert (settled.exit_code, settled.output) == (0, f"{subject_id}: settled\n")
    assert run(["doubts", "list"], environment).output == ""
    assert city.enrol(person) == subject_id
    answer = city.client().get("/v1/access-entries", headers=city.citizen(subject_id))
    (entry,) = read_json(answer)["items"]
    assert (entry["asker"]["kind"], entry["asker"]["code"]) == ("operator", "wang")
    assert (entry["purpose"]["code"], entry["case_no"]) == ("data_check", "2026-7")


def test_the_list_is_as_long_as_wanted(city: City, environment: dict[str, str]) -> None:
    first, _ = put_in_doubt(city)
    put_in_doubt(city)
    assert run(["doubts", "list", "--limit", "1"], environment).output.split()[0] == str(first)
    assert len(run(["doubts", "list"], environment).output.splitlines()) == 2


def test_where_there_is_no_doubt_that_is_said(city: City, environment: dict[str, str]) -> None:
    subject_id = city.enrol(make_person())
    for unknown in (subject_id, uuid4()):
        result = run(["doubts", "settle", str(unknown), *CASE], environment)
        assert result.exit_code == 1
        assert f"there is no doubt about {unknown}" in result.output
    with city.database.reading() as session:
        assert list_looks(session, subject_id, limit=1) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--case", "2026-7"],
        ["--operator", "wang"],
        ["--case", " ", "--operator", "wang"],
        ["--case", "7" * 65, "--operator", "wang"],
        ["--case", "2026\n7", "--operator", "wang"],
        ["--case", make_resident_id(), "--operator", "wang"],
        ["--case", "2026-7", "--operator", f"wang {make_resident_id()}"],
    ],
    ids=["nothing", "no operator", "no case", "blank", "long", "two lines", "number as case", "number of operator"],
)
def test_nobody_settles_without_case_and_name(city: City, environment: dict[str, str], arguments: list[str]) -> None:
    subject_id, _ = put_in_doubt(city)
    assert run(["doubts", "settle", str(subject_id), *arguments], environment).exit_code == 2
    assert str(subject_id) in run(["doubts", "list"], environment).output

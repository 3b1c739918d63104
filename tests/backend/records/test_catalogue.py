from datetime import timedelta

from backend.records.schemas import CatalogueSchema, IndicatorSchema
from backend.records.tables import find_department
from scoring.catalogue import FILTERS
from tests.backend.city import City
from tests.backend.records.handing import open_offices, read_answer

COLUMNS = {
    "code": "数据代码",
    "name": "数据名称",
    "format": "数据格式",
    "providers": "提供单位",
    "subjects": "主体类型",
    "nature": "信息性质",
    "sharing": "共享属性",
    "coverage": "覆盖范围",
    "update_cycle": "更新周期",
    "items": "信息项",
}


def test_everybody_may_read_the_catalogue_in_ten_columns(small_town: City) -> None:
    answer = small_town.client().get("/v1/catalogue")
    shown = read_answer(answer, 200)
    catalogue = small_town.context.rules.catalogue_on(small_town.now().date())
    assert CatalogueSchema().validate(shown) == {}
    assert shown["version"] == catalogue.version
    assert [indicator["code"] for indicator in shown["indicators"]] == list(catalogue.indicators)
    assert {law["filter"] for law in shown["laws"]} == set(FILTERS)
    assert [department["code"] for department in shown["departments"]] == list(catalogue.departments)
    fine = next(indicator for indicator in shown["indicators"] if indicator["code"] == "ZZ-LAW-01")
    assert fine["class"] == "penalty"
    assert fine["nature"] == "adverse"
    assert fine["items"][0]["choices"]["warning"] == "警告"
    again = small_town.client().get("/v1/catalogue", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_columns_are_named_as_the_regulation_names_them() -> None:
    fields = IndicatorSchema().fields
    titles = {name: field.metadata["title"] for name, field in fields.items() if "title" in field.metadata}
    assert titles == COLUMNS


def test_departments_are_registered_again_without_harm(small_town: City) -> None:
    small_town.clock.move(timedelta(days=1))
    open_offices(small_town)
    with small_town.database.reading() as session:
        found = find_department(session, "traffic_police")
    assert found is not None
    assert found.name == "市公安局交警支队"

import pytest

from backend.records.mapping_document import read_mapping
from backend.records.mapping_layouts import read_layouts
from tests.backend.city import make_person

NUMBER = make_person().id_number


@pytest.mark.parametrize(
    "document",
    [
        {"columns": [{"title": NUMBER, "member": "name"}]},
        {"columns": [{"title": "姓名", "member": "name", "choices": {f"王五 {NUMBER}": "a"}}]},
        {"columns": [{"title": "姓名", "member": "name", "choices": {"a": NUMBER}}]},
        {"constants": {NUMBER: "a"}},
        {"ignore": [f"{NUMBER[:6]}-{NUMBER[6:14]}-{NUMBER[14:]}"]},
        {NUMBER: []},
    ],
)
def test_a_mapping_that_holds_a_number_is_refused_and_repeats_nothing_of_it(document: dict[str, object]) -> None:
    faults = read_mapping(document, read_layouts())
    assert isinstance(faults, tuple)
    assert {fault.code for fault in faults} == {"holds_identity_number"}
    assert NUMBER not in str(faults)
    assert NUMBER[6:14] not in str(faults)

"""What a department's file becomes: rows of the API, or what is wrong with it, by column."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from backend.gateways.sheets.reading import open_sheet
from backend.gateways.sheets.sheet import RECEIPT_TITLES, Cell, SheetKind
from backend.people.identity_numbers import SubjectKind
from backend.records.mapping import ColumnMapping, find_subject_kind
from backend.records.mapping_document import read_layout, read_mapping
from backend.records.mapping_layouts import read_layout_text, read_layouts
from backend.records.mapping_rows import BoundMapping, bind_mapping, map_row
from backend.records.row_forms import RowSchema
from backend.web.messages import Language, get_message
from backend.web.problems import Fault
from scoring.documents import DocumentError
from tests.backend.gateways.sheets.files import write_csv, write_json_lines, write_xlsx

Document = dict[str, Any]
PERSON, COMPANY, TRADER = "41010519900101123X", "91410100MA44TG2P0X", "92410100MA44TG2P0X"
PLAIN: Document = {
    "columns": [
        {"title": "编号", "member": "source_key", "required": True},
        {"title": "姓名", "aliases": ["当事人姓名"], "member": "name", "required": True},
        {"title": "身份证号", "member": "id_number", "reads": "identity_number"},
        {"title": "日期", "member": "occurred_on", "reads": "day", "required": True},
        {"title": "次数", "member": "items.donations", "reads": "whole"},
    ],
    "constants": {"indicator": "ZZ-ETH-02"},
    "ignore": ["联系电话"],
}
PENALTY: Document = {
    "extends": "penalty_2018",
    "columns": [
        {
            "title": "处罚档次",
            "member": "items.penalty_class",
            "reads": "choice",
            "choices": {"较低罚款": "lower_fine"},
        },
        {"title": "处罚程序", "member": "legal.procedure", "reads": "choice", "choices": {"普通程序": "ordinary"}},
        {
            "title": "终局情况",
            "member": "legal.finality",
            "reads": "choice",
            "choices": {"期满未争议": "no_appeal_in_time"},
        },
        {"title": "轻微并改正", "member": "legal.minor_and_remedied", "reads": "flag"},
        {"title": "罚款金额", "member": "items.amount_fen"},
    ],
    "constants": {"indicator": "ZZ-LAW-01"},
}
PENALTY_TITLES = (
    "行政相对人名称",
    "行政相对人代码_1(统一社会信用代码)",
    "法定代表人",
    "法定代表人身份证号",
    "证件类型",
    "证件号码",
    "行政处罚决定书文号",
    "处罚决定日期",
    "罚款金额（万元）",
    "处罚档次",
    "处罚程序",
    "终局情况",
    "轻微并改正",
    "备注",
)
SAID = ("郑城罚〔2026〕1号", "2026年3月1日", "1.1", "较低罚款", "普通程序", "期满未争议", "否", "略")
OF_PERSON = ("张三", "", "", "", "身份证", PERSON, *SAID)
OF_COMPANY = ("某某公司", COMPANY, "李四", "410105199001011230", "/", "/", *SAID)


def read_good(document: Mapping[str, object]) -> ColumnMapping:
    mapping = read_mapping(document, read_layouts())
    assert isinstance(mapping, ColumnMapping), mapping
    return mapping


def bind(
    document: Mapping[str, object], titles: Sequence[Cell], *rows: Sequence[Cell], kind: SheetKind = SheetKind.CSV
) -> tuple[BoundMapping | tuple[Fault, ...], list[dict[str, Any] | tuple[Fault, ...]]]:
    mapping = read_good(document)
    lines = [titles, *rows]
    data = write_xlsx(lines) if kind is SheetKind.XLSX else write_csv(lines)
    if kind is SheetKind.JSONL:
        data = write_json_lines(lines)
    sheet = open_sheet(io.BytesIO(data), kind, titles=mapping.titles)
    bound = bind_mapping(mapping, sheet)
    return bound, [map_row(row, bound) for row in sheet.rows] if isinstance(bound, BoundMapping) else []


def map_one(document: Mapping[str, object], titles: Sequence[Cell], row: Sequence[Cell], **options: Any) -> Any:  # noqa: ANN401
    _, (mapped,) = bind(document, titles, row, **options)
    return mapped


def list_codes(faults: object) -> list[tuple[str, str]]:
    """Pointers and codes; each must have its sentence in both languages, with all its values."""
    assert isinstance(faults, tuple), faults
    for fault in faults:
        for language in Language:
            assert get_message(f"validation.{fault.code}", language, **fault.values)
    return [(fault.pointer, fault.code) for fault in faults]


TITLES = ("编号", "姓名", "身份证号", "日期", "次数")
GOOD = ("k-1", "张三", PERSON, "2026/3/1", "２")


@pytest.mark.parametrize("kind", SheetKind)
def test_a_plain_row(kind: SheetKind) -> None:
    assert map_one(PLAIN, TITLES, GOOD, kind=kind) == {
        "source_key": "k-1",
        "name": "张三",
        "id_number": PERSON,
        "indicator": "ZZ-ETH-02",
        "occurred_on": "2026-03-01",
        "items": {"donations": 2},
        "legal": {},
    }


def test_a_number_that_ends_in_zeros_is_believed_beside_one_that_is_whole() -> None:
    """Excel cuts a whole column: a person whose number ends in 000 must not suffer for it in a column that is sound."""
    ends_in_zeros = ("k-2", "李四", "410105199001011000", "2026-3-1", "1")
    cut = ("k-1", "张三", "410105199001012000", "2026-3-1", "1")
    with_x = ("k-0", "王五", PERSON, "2026-3-1", "1")  # a text to Excel, so it says nothing of the others
    whole = ("k-3", "张三", "410105199001011230", "2026-3-1", "1")
    _, rows = bind(PLAIN, TITLES, ends_in_zeros, whole)
    assert [isinstance(row, dict) for row in rows] == [True, True]
    _, rows = bind(PLAIN, TITLES, with_x, ends_in_zeros, cut)
    assert [isinstance(row, dict) for row in rows] == [True, False, False]
    assert list_codes(rows[1]) == [("/id_number", "cell_digits_lost")]


def test_a_blank_cell_is_left_out_and_rows_share_nothing() -> None:
    _, (first, second) = bind(PLAIN, TITLES, GOOD, (*GOOD[:4], "/"))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["items"], second["items"]) == ({"donations": 2}, {})


def test_what_is_wrong_with_a_row_is_told_by_column_and_repeats_nothing() -> None:
    faults = map_one(PLAIN, TITLES, ("", "张三", "4.10105E+17", "3月1日", "两次"))
    assert list_codes(faults) == [
        ("/source_key", "cell_blank"),
        ("/occurred_on", "cell_not_a_day"),
        ("/items/donations", "cell_not_whole"),
        ("/id_number", "cell_digits_lost"),
    ]
    assert [fault.values["column"] for fault in faults] == ["编号", "日期", "次数", "身份证号"]
    assert "4.10" not in str(faults)
    assert "张三" not in str(faults)


@pytest.mark.parametrize(
    ("titles", "codes"),
    [
        (("编号", "姓名", "身份证号", "日期", "电话"), ["column_unknown"]),
        (("编号", "姓名", "当事人姓名", "身份证号", "日期"), ["column_twice"]),
        (("编号", "姓名", "姓名", "身份证号", "日期"), ["column_twice"]),
        (("编号", "姓名", "身份证号"), ["column_missing", "member_missing"]),
        (("编号", "姓名", "日期", "次数"), ["member_missing"]),
        (("甲", "乙", "丙"), ["heading_unknown", *["member_missing"] * 4]),
    ],
    ids=range(6),
)
def test_files_that_do_not_fit(titles: tuple[str, ...], codes: list[str]) -> None:
    bound, _ = bind(PLAIN, titles, ["x"] * len(titles))
    assert [code for _, code in list_codes(bound)] == codes


def test_data_taken_for_a_heading_is_not_repeated() -> None:
    bound, _ = bind(PLAIN, ("张三", PERSON, "好"), ("李四", "41010519900101124X", "好"))
    assert "张三" not in str(bound)
    bound, _ = bind(PLAIN, (*TITLES, f"{PERSON}的姓名"), (*GOOD, ""))
    assert list_codes(bound) == [("", "column_unknown")]
    assert PERSON not in str(bound)
    assert "'F'" in str(bound)


def test_titles_are_found_by_alias_in_any_width_and_order_and_ignored_ones_are_passed_over() -> None:
    row = map_one(
        PLAIN, ("*日　期", "联系电话", "当事人姓名", "身份证号", "编号"), ("20260301", "1", "张三", PERSON, "k")
    )
    assert (row["name"], row["occurred_on"]) == ("张三", "2026-03-01")


def test_a_receipt_is_a_file_like_any_other() -> None:
    assert map_one(PLAIN, (*TITLES, *RECEIPT_TITLES), (*GOOD, "未接收", "见说明", "", ""))["name"] == "张三"
    bound, _ = bind(PLAIN, (*TITLES, "依据"), (*GOOD, "条例"))
    assert list_codes(bound) == [("", "column_unknown")]


def test_a_penalty_on_a_person_in_the_layout_of_2018() -> None:
    row = map_one(PENALTY, PENALTY_TITLES, OF_PERSON)
    assert row == {
        "source_key": "郑城罚〔2026〕1号",
        "subject_kind": "natural_person",
        "id_number": PERSON,
        "name": "张三",
        "indicator": "ZZ-LAW-01",
        "occurred_on": "2026-03-01",
        "items": {"amount_fen": 1_100_000, "penalty_class": "lower_fine"},
        "legal": {
            "document_no": "郑城罚〔2026〕1号",
            "procedure": "ordinary",
            "finality": "no_appeal_in_time",
            "minor_and_remedied": False,
        },
    }
    assert RowSchema().load(row)["name"] == "张三"


def test_a_penalty_on_a_company_names_who_represents_it() -> None:
    row = map_one(PENALTY, PENALTY_TITLES, OF_COMPANY)
    assert (row["subject_kind"], row["id_number"]) == ("enterprise", COMPANY)
    assert row["legal_representative"] == {"name": "李四", "id_number": "410105199001011230"}


def test_the_layout_guesses_nothing_of_what_the_law_asks() -> None:
    document = {"extends": "penalty_2018", "constants": {"indicator": "ZZ-LAW-01"}}
    row = map_one(document, (*PENALTY_TITLES[:9], "处罚类别"), (*OF_PERSON[:9], "警告"))
    assert row["legal"] == {"document_no": "郑城罚〔2026〕1号"}
    assert row["items"] == {}
    faults = read_mapping({"extends": "penalty_2018"}, read_layouts())
    assert isinstance(faults, tuple)
    assert [fault.values for fault in faults] == [{"member": "indicator"}]


@pytest.mark.parametrize(
    ("cells", "pointer", "code"),
    [
        (("甲", COMPANY, "", "", "身份证", PERSON), "/id_number", "identity_twice"),
        (("甲", "", "", "", "", ""), "/id_number", "cell_blank"),
        (("甲", "", "", "", "", PERSON), "/identity_document", "identity_document_missing"),
        (("甲", "", "", "", "护照", "E12345678"), "/identity_document", "identity_document_not_taken"),
        (("甲", "", "", "", "驾照", PERSON), "/identity_document", "cell_unknown_word"),
        (("甲", "31410100MA44TG2P0X", "", "", "", ""), "/subject_kind", "organisation_kind_unknown"),
        (
            ("甲", "", "乙", "410105199001011230", "身份证", PERSON),
            "/legal_representative",
            "representative_of_a_person",
        ),
        (
            ("甲", COMPANY, "", "410105199001011230", "", ""),
            "/legal_representative/name",
            "representative_without_name",
        ),
        (("甲", COMPANY, "乙", "4.1E17", "", ""), "/legal_representative/id_number", "cell_digits_lost"),
    ],
    ids=range(9),
)
def test_subjects_that_are_not_one(cells: tuple[str, ...], pointer: str, code: str) -> None:
    faults = map_one(PENALTY, PENALTY_TITLES, (*cells, *SAID))
    assert (pointer, code) in list_codes(faults)


def test_a_name_alone_represents_nobody() -> None:
    row = map_one(PENALTY, PENALTY_TITLES, (*OF_COMPANY[:3], "", *OF_COMPANY[4:]))
    assert "legal_representative" not in row


CF_TITLES = ("CF_WSH", "CF_CFMC", "CF_CFLB1", "CF_XDR_MC", "CF_XDR_SHXYM", "CF_XDR_SFZ", "CF_FR", "CF_JDRQ", "CF_ZT")


@pytest.mark.parametrize(
    ("state", "code"),
    [("正常", None), ("", None), ("撤销", "row_not_current"), ("0", "cell_unknown_word")],
    ids=repr,
)
def test_a_penalty_in_the_layout_of_2015(state: str, code: str | None) -> None:
    document = {"extends": "cf_penalty_2015", "constants": {"indicator": "ZZ-LAW-01", "legal.procedure": "ordinary"}}
    cells = ("郑罚1号", "案由", "罚款", "张三", "", PERSON, "", "42795", state)
    mapped = map_one(document | {"ignore": ["CF_CFLB1"]}, CF_TITLES, cells)
    if code is not None:
        assert [each for _, each in list_codes(mapped)] == [code]
        return
    assert (mapped["id_number"], mapped["occurred_on"]) == (PERSON, "2017-03-01")
    assert mapped["legal"] == {"document_no": "郑罚1号", "procedure": "ordinary"}


def test_a_department_adds_the_codes_of_its_own_file() -> None:
    own = {"title": "CF_ZT", "choices": {"0": "current", "1": "not_current"}}
    number = {"title": "法人身份证", "member": "legal_representative.id_number", "reads": "identity_number"}
    document = {"extends": "cf_penalty_2015", "columns": [own, number], "constants": {"indicator": "ZZ-LAW-01"}}
    cells = ("郑罚1号", "", "警告", "某公司", COMPANY, "", "李四", "2026-03-01", "0", "410105199001011230")
    row = map_one(document, (*CF_TITLES, "法人身份证"), cells)
    assert row["legal_representative"]["name"] == "李四"


def test_both_layouts_know_every_published_column() -> None:
    layouts = read_layouts()
    assert sorted(layouts) == ["cf_penalty_2015", "penalty_2018"]
    codes = "WSH CFMC CFLB1 CFLB2 SY YJ XDR_MC XDR_SHXYM XDR_ZDM XDR_GSDJ XDR_SWDJ XDR_SFZ FR JG JDRQ XZJG ZT"
    wanted = {f"cf_{code.lower()}" for code in codes.split()} | {"dfbm", "sjc", "bz"}
    assert wanted <= layouts["cf_penalty_2015"].titles
    names = (
        "行政相对人名称 代码_1 代码_2 代码_3 代码_4 代码_5 代码_6 法定代表人 法定代表人身份证号 证件类型 证件号码 "
        "行政处罚决定书文号 违法行为类型 违法事实 处罚依据 处罚类别 处罚内容 罚款金额(万元) 没收金额(万元) "
        "暂扣或吊销证照名称及编号 处罚决定日期 处罚有效期 公示截止期 处罚机关 处罚机关统一社会信用代码 数据来源单位 "
        "数据来源单位统一社会信用代码 备注"
    )
    assert set(names.split()) <= layouts["penalty_2018"].titles
    for layout in layouts.values():
        assert {"indicator", "legal.finality", "legal.procedure"}.isdisjoint(
            member for column in layout.columns for member in column.members
        )


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (COMPANY, SubjectKind.ENTERPRISE),
        (TRADER, SubjectKind.SOLE_TRADER),
        ("93", SubjectKind.ENTERPRISE),
        ("51", SubjectKind.SOCIAL_ORGANISATION),
        ("52", SubjectKind.SOCIAL_ORGANISATION),
        ("11", SubjectKind.GOVERNMENT_BODY),
        ("12", SubjectKind.PUBLIC_INSTITUTION),
        ("13", None),
        ("31", None),
        ("", None),
    ],
    ids=repr,
)
def test_kinds_of_organisations(code: str, kind: SubjectKind | None) -> None:
    assert find_subject_kind(code) is kind


SABOTAGE: list[tuple[Document, str, str]] = [
    ({"extends": "penalty_2030"}, "/extends", "not_a_choice"),
    ({"rows": []}, "/rows", "unknown"),
    ({"columns": {}}, "/columns", "not_a_list"),
    ({"columns": [1]}, "/columns/0", "not_an_object"),
    ({"columns": [{"title": " * "}]}, "/columns/0/title", "says_nothing"),
    ({"columns": [{"title": "x" * 201}]}, "/columns/0/title", "too_long"),
    ({"columns": [{"title": "x", "member": "score"}]}, "/columns/0/member", "not_a_choice"),
    ({"columns": [{"title": "x", "member": "items.A b"}]}, "/columns/0/member", "not_a_choice"),
    ({"columns": [{"title": "x", "reads": "guess"}]}, "/columns/0/reads", "not_a_choice"),
    ({"columns": [{"title": "x", "member": "occurred_on"}]}, "/columns/0/reads", "mapping_reading_unfit"),
    ({"columns": [{"title": "x", "member": "act", "reads": "yuan"}]}, "/columns/0/reads", "mapping_reading_unfit"),
    ({"columns": [{"title": "x", "required": "yes"}]}, "/columns/0/required", "not_a_truth"),
    ({"columns": [{"title": "x", "width": 1}]}, "/columns/0/width", "unknown"),
    ({"columns": [{"title": "x", "reads": "choice"}]}, "/columns/0/choices", "required"),
    ({"columns": [{"title": "x", "choices": {"a": "b"}}]}, "/columns/0/choices", "unknown"),
    ({"columns": [{"title": "x", "reads": "choice", "choices": {"a": None}}]}, "/columns/0/choices/a", "not_plain"),
    ({"columns": [{"title": "x", "reads": "choice", "choices": {"a": 1, "Ａ": 2}}]}, "/columns/0/choices", "repeated"),
    (
        {"columns": [{"title": "x", "member": "legal.finality", "reads": "choice", "choices": {"是": "final"}}]},
        "/columns/0/choices/是",
        "not_a_choice",
    ),
    (
        {"columns": [{"title": "x", "member": "legal.minor_and_remedied", "reads": "choice", "choices": {"a": 1}}]},
        "/columns/0/choices/a",
        "not_a_truth",
    ),
    (
        {"columns": [{"title": "x", "member": "act", "subject_kind": "enterprise"}]},
        "/columns/0/subject_kind",
        "unknown",
    ),
    ({"columns": [{"title": "x", "subject_kind": "robot"}]}, "/columns/0/subject_kind", "not_a_choice"),
    (
        {"columns": [{"title": "x", "member": "name"}, {"title": "y", "member": "name"}]},
        "/columns",
        "mapping_member_twice",
    ),
    ({"columns": [{"title": "x"}, {"title": "y", "aliases": ["Ｘ"]}]}, "/columns", "mapping_title_twice"),
    ({"columns": [{"title": "x"}], "ignore": ["X"]}, "/columns", "mapping_title_twice"),
    (
        {"columns": [{"title": title, "member": "id_number", "reads": "identity_number"} for title in "xy"]},
        "/columns",
        "mapping_member_twice",
    ),
    (
        {"extends": "penalty_2018", "constants": {"subject_kind": "enterprise"}},
        "/columns",
        "mapping_member_twice",
    ),
    ({"constants": {"name": "张三"}}, "/constants/name", "unknown"),
    ({"constants": {"legal.document_no": "1"}}, "/constants/legal.document_no", "unknown"),
    ({"constants": {"occurred_on": "2026-03-01"}}, "/constants/occurred_on", "unknown"),
    ({"constants": {"indicator": "penalty"}}, "/constants/indicator", "wrong_form"),
    ({"constants": {"legal.finality": "yes"}}, "/constants/legal.finality", "not_a_choice"),
    ({"constants": {"items.x": 1.5}}, "/constants/items.x", "not_plain"),
    ({"ignore": "备注"}, "/ignore", "not_a_list"),
    ({"ignore": ["x"] * 301}, "/ignore", "too_many"),
    ({}, "", "mapping_member_missing"),
]


@pytest.mark.parametrize(("document", "pointer", "code"), SABOTAGE, ids=range(len(SABOTAGE)))
def test_every_fault_of_a_document_is_found(document: Document, pointer: str, code: str) -> None:
    assert (pointer, code) in list_codes(read_mapping(document, read_layouts()))


def test_everything_wrong_is_told_at_once() -> None:
    document = {"columns": [{"title": "x", "reads": "guess"}, 1], "constants": {"name": "x"}, "ignore": "y", "z": 1}
    codes = [code for _, code in list_codes(read_mapping(document, read_layouts()))]
    assert codes[:5] == ["unknown", "not_a_list", "not_a_choice", "not_an_object", "unknown"]
    assert codes[5:] == ["mapping_member_missing"] * 5


def test_a_department_may_leave_a_column_of_the_layout_aside_or_read_one_that_it_leaves() -> None:
    document = PENALTY | {"ignore": ["法定代表人", "法定代表人身份证号"]}
    row = map_one(document, PENALTY_TITLES, OF_COMPANY)
    assert "legal_representative" not in row
    own = [*PENALTY["columns"], {"title": "备注", "member": "act"}]
    assert map_one(PENALTY | {"columns": own}, PENALTY_TITLES, OF_COMPANY)["act"] == "略"


def test_a_layout_holds_no_constants_and_a_broken_one_is_told() -> None:
    assert list_codes(read_layout({"constants": {"indicator": "ZZ-LAW-01"}})) == [("/constants", "unknown")]
    with pytest.raises(DocumentError, match="/columns/0/reads"):
        read_layout_text('[[columns]]\ntitle = "x"\nreads = "guess"\n', "x.toml")
    with pytest.raises(DocumentError, match="not TOML"):
        read_layout_text("[[", "x.toml")


def test_a_fault_of_the_file_is_the_fault_of_its_row() -> None:
    _, (mapped,) = bind(PLAIN, (*TITLES, ""), (*GOOD, "x"))
    assert list_codes(mapped) == [("", "cell_without_title")]

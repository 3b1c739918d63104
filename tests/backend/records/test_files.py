import csv
import io
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from openpyxl import Workbook, load_workbook

from backend.records.file_tables import purge_file_contents
from tests.backend.city import City, make_person
from tests.backend.records.filing import (
    TITLES,
    fetch_receipt,
    let_work,
    make_line,
    send_file,
    take_file,
    write_csv,
)
from tests.backend.records.handing import HEALTH, TRAFFIC, get, hand_in, make_fine, post, read_answer
from tests.databases import count_rows

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ADA, BEA = make_person("陈岸"), make_person("周远")


def read_receipt(city: City, file_id: str) -> list[dict[str, str]]:
    answer = fetch_receipt(city, file_id)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8"))))


def count_reasons(file: dict[str, Any]) -> dict[str, int]:
    return {each["code"] or each["outcome"]: each["rows"] for each in file["reasons"]}


def test_a_file_becomes_records_and_its_receipt_tells_of_each_row(city: City) -> None:
    lines = [
        make_line(ADA),
        make_line(BEA),
        make_line(ADA, **{"legal.procedure": "simple"}),
        make_line(BEA, id_number="1"),
    ]
    file = take_file(city, write_csv(lines))
    assert (file["state"], file["rows_read"], file["fault"]) == ("done", 5, None)
    assert count_reasons(file) == {"accepted": 2, "bad_identity": 1, "simple_procedure": 1}
    receipt = read_receipt(city, file["file_id"])
    assert [row["处理结果"] for row in receipt] == ["已接收", "已接收", "不予接收", "不予接收"]
    assert [bool(row["记录编号"]) for row in receipt] == [True, True, False, False]
    assert "简易程序" in receipt[2]["原因"]
    assert "条" in receipt[2]["依据"]
    assert [row["source_key"] for row in receipt] == [line["source_key"] for line in lines]
    assert count_rows(city.database, "ledger_entry") == 2


def write_xlsx(lines: Sequence[Mapping[str, str]]) -> bytes:
    book, buffer = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("处罚")
    sheet.append(["行政处罚公示表"])
    sheet.append(list(TITLES))
    for line in lines:
        sheet.append(list(line.values()))
    sheet.append(["填表人：王五"])
    book.save(buffer)
    return buffer.getvalue()


def test_a_workbook_comes_back_as_a_workbook(city: City) -> None:
    lines = [make_line(ADA), make_line(BEA, **{"legal.procedure": "simple"})]
    file = take_file(city, write_xlsx(lines), media_type=XLSX)
    assert count_reasons(file) == {"accepted": 1, "simple_procedure": 1}
    answer = fetch_receipt(city, file["file_id"])
    assert (answer.content_type, answer.headers["Content-Disposition"][-6:-1]) == (XLSX, ".xlsx")
    rows = list(load_workbook(io.BytesIO(answer.data), read_only=True).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert [row[len(TITLES)] for row in rows if len(row) > len(TITLES) and row[len(TITLES)]] == [
        "处理结果",
        "已接收",
        "不予接收",
    ]
    assert rows[-1][0] == "填表人：王五"


def test_json_lines_come_back_as_json_lines(city: City) -> None:
    lines = [make_line(ADA), make_line(BEA, **{"legal.procedure": "simple"})]
    content = "\n".join(json.dumps(line) for line in lines).encode()
    file = take_file(city, content, media_type="application/x-ndjson")
    assert count_reasons(file) == {"accepted": 1, "simple_procedure": 1}
    told = [json.loads(line) for line in fetch_receipt(city, file["file_id"]).text.splitlines()]
    assert [line["处理结果"] for line in told] == ["已接收", "不予接收"]
    assert [line["source_key"] for line in told] == [line["source_key"] for line in lines]


def test_a_file_is_a_batch_whose_receipts_can_be_read(city: City) -> None:
    file = take_file(city, write_csv([make_line(ADA)]))
    batch = read_answer(get(city, TRAFFIC, f"/batches/{file['file_id']}"), 200)
    assert (batch["accepted"], batch["batch_no"]) == (1, file["file_no"])
    assert [receipt["row_no"] for receipt in batch["receipts"]] == [2]  # as the clerk sees the rows


def test_what_is_in_a_file_and_in_a_batch_is_one_fact(small_town: City) -> None:
    (receipt,) = hand_in(small_town, TRAFFIC, make_fine(ADA, source_key="fine-a", items={"amount_fen": 50_000}))
    assert receipt["outcome"] == "accepted"
    file = take_file(small_town, write_csv([make_line(ADA, source_key="fine-a"), make_line(ADA, source_key="fine-a")]))
    assert count_reasons(file) == {"duplicate": 2}


def test_a_dry_run_tells_the_same_and_leaves_nothing(city: City) -> None:
    lines = [make_line(ADA), make_line(BEA, **{"legal.finality": "not_final"})]
    lines += [lines[0], lines[0] | {"items.amount_fen": "1"}]
    tried = take_file(city, write_csv(lines), dry_run=True, file_no="file-x")
    assert (tried["state"], count_rows(city.database, "ledger_entry"), count_rows(city.database, "receipt")) == (
        "done",
        0,
        0,
    )
    assert count_rows(city.database, "batch") == count_rows(city.database, "subject") == 0
    told = [row["处理结果"] for row in read_receipt(city, tried["file_id"])]
    done = take_file(city, write_csv(lines), file_no="file-x")  # a dry run uses up no number
    assert (
        count_reasons(tried)
        == count_reasons(done)
        == {"accepted": 1, "duplicate": 1, "not_final": 1, "source_key_reused": 1}
    )
    assert told == [row["处理结果"] for row in read_receipt(city, done["file_id"])]


def test_a_dry_run_sees_across_its_chunks(small_town: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.records.file_reading.CHUNK_ROWS", 2)
    line = make_line(ADA)
    lines = [line, make_line(BEA), line, line | {"items.amount_fen": "1"}, make_line(ADA)]
    tried = take_file(small_town, write_csv(lines), dry_run=True)
    assert count_reasons(tried) == {"accepted": 3, "duplicate": 1, "source_key_reused": 1}


def test_a_long_dry_run_says_where_it_stopped(small_town: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.records.file_reading.DRY_RUN_ROWS", 3)
    lines = [make_line(ADA) for _ in range(5)]
    tried = take_file(small_town, write_csv(lines), dry_run=True)
    assert (tried["fault"]["code"], count_reasons(tried)) == ("dry_run_cut", {"accepted": 3})
    assert take_file(small_town, write_csv(lines[:3]), dry_run=True)["state"] == "done"


def test_the_same_number_for_another_file_is_refused(small_town: City) -> None:
    first = read_answer(send_file(small_town, write_csv([make_line(ADA)]), file_no="file-1"), 202)
    problem = read_answer(send_file(small_town, write_csv([make_line(BEA)]), file_no="file-1"), 409)
    assert (problem["code"], first["file_id"] in problem["detail"]) == ("file_no_reused", True)
    batch = {"batch_no": "file-1", "rows": [make_fine(ADA)]}
    assert read_answer(post(small_town, TRAFFIC, "/batches", batch), 409)["code"] == "batch_no_reused"
    assert count_rows(small_town.database, "file") == 1


def test_a_file_with_the_number_of_a_batch_is_refused_and_leaves_nothing(city: City) -> None:
    read_answer(post(city, TRAFFIC, "/batches", {"batch_no": "no-1", "rows": [make_fine(ADA)]}), 201)
    problem = read_answer(send_file(city, write_csv([make_line(BEA)]), file_no="no-1"), 409)
    assert problem["code"] == "batch_no_reused"
    assert [count_rows(city.database, table) for table in ("file", "file_piece", "job", "batch")] == [0, 0, 0, 1]


def test_a_repeated_upload_is_one_file(small_town: City) -> None:
    content = write_csv([make_line(ADA)])
    first, again = (send_file(small_town, content, file_no="file-1", key="key-of-file-1") for _ in range(2))
    assert (first.json, again.headers["Idempotency-Replayed"]) == (again.json, "true")
    assert count_rows(small_town.database, "file") == count_rows(small_town.database, "job") == 1


def test_another_departments_file_is_not_found(small_town: City) -> None:
    file = take_file(small_town, write_csv([make_line(ADA)]))
    for path in (f"/files/{file['file_id']}", f"/files/{file['file_id']}/receipt", f"/files/{uuid4()}"):
        assert read_answer(get(small_town, HEALTH, path), 404)["code"] == "file_not_found"
    assert read_answer(get(small_town, HEALTH, "/files"), 200)["items"] == []


def test_the_receipt_waits_for_the_end(small_town: City) -> None:
    file_id = read_answer(send_file(small_town, write_csv([make_line(ADA)])), 202)["file_id"]
    assert read_answer(fetch_receipt(small_town, file_id), 409)["code"] == "file_not_read"
    let_work(small_town)
    assert fetch_receipt(small_town, file_id).status_code == 200


def test_what_was_handed_in_is_kept_sealed_and_forgotten_after_a_while(city: City) -> None:
    content = write_csv([make_line(ADA)])
    file = take_file(city, content)
    with city.database.reading() as session:
        kept = session.connection().exec_driver_sql("SELECT sealed FROM file_piece").scalar_one()
    assert ADA.id_number.encode() not in bytes(kept)
    with city.database.transaction() as session:
        assert purge_file_contents(session, city.now(), limit=100) == 0
    city.clock.move(timedelta(days=30, seconds=1))
    with city.database.transaction() as session:
        assert purge_file_contents(session, city.now(), limit=100) == 1
    assert read_answer(fetch_receipt(city, file["file_id"]), 410)["code"] == "file_forgotten"
    assert read_answer(get(city, TRAFFIC, f"/files/{file['file_id']}"), 200)["reasons"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no_heading"),
        (b"id_number,name\r\n\xff\xfe", "text_broken"),
        ("姓名,证件号码\r\n陈岸,1\r\n".encode(), "columns_do_not_fit"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(small_town: City, content: bytes, code: str) -> None:
    file = take_file(small_town, content)
    assert (file["state"], file["fault"]["code"]) == ("failed", code)
    assert file["fault"]["message"]
    assert fetch_receipt(small_town, file["file_id"]).status_code in {200, 410}


def test_columns_that_do_not_fit_are_all_told(small_town: City) -> None:
    file = take_file(small_town, "source_key,id_number,姓名\r\n1,2,3\r\n".encode())
    codes = {error["code"] for error in file["fault"]["errors"]}
    assert {"column_unknown", "member_missing"} <= codes


def test_what_could_be_read_before_a_break_stands(small_town: City) -> None:
    broken = write_csv([make_line(ADA), make_line(BEA)]) + b'"fine-9,unended\r\n'
    file = take_file(small_town, broken)
    assert (file["state"], file["fault"]["code"], count_reasons(file)) == ("failed", "csv_broken", {"accepted": 2})


def test_a_mapping_is_saved_in_versions_and_read_by_its_own_department(city: City) -> None:
    document: dict[str, Any] = {
        "columns": [
            {"title": "文书号", "member": "source_key"},
            {"title": "身份证", "member": "id_number", "reads": "identity_number"},
            {"title": "姓名", "member": "name"},
            {"title": "决定日期", "member": "occurred_on", "reads": "day"},
            {"title": "罚款（万元）", "member": "items.amount_fen", "reads": "wan_yuan"},
        ],
        "constants": {
            "indicator": "ZZ-LAW-03",
            "legal.procedure": "ordinary",
            "legal.finality": "no_appeal_in_time",
        },
    }
    body = {"name": "traffic-fines", "document": document}
    first = read_answer(post(city, TRAFFIC, "/mappings", body), 201)
    document["columns"][0]["member"] = ["source_key", "legal.document_no"]
    second = read_answer(post(city, TRAFFIC, "/mappings", body), 201)
    assert (first["version"], second["version"]) == (1, 2)
    assert read_answer(get(city, HEALTH, f"/mappings/{first['mapping_id']}"), 404)["code"] == "mapping_not_found"
    listed = read_answer(get(city, TRAFFIC, "/mappings"), 200)
    assert [each["version"] for each in listed["items"]] == [2, 1]
    assert listed["layouts"] == ["cf_penalty_2015", "penalty_2018", "plain"]
    content = f"文书号,身份证,姓名,决定日期,罚款（万元）\r\n郑公〔2026〕7号,{ADA.id_number},陈岸,2026年11月2日,0.05\r\n"
    old = take_file(city, content.encode("gb18030"), mapping=first["mapping_id"], dry_run=True)
    new = take_file(city, content.encode("gb18030"), mapping=second["mapping_id"])
    assert (count_reasons(old), count_reasons(new)) == ({"no_document": 1}, {"accepted": 1})


def test_a_mapping_that_is_no_good_is_not_saved(small_town: City) -> None:
    document = {"columns": [{"title": "姓名", "member": "nickname"}], "extends": "no_such"}
    problem = read_answer(post(small_town, TRAFFIC, "/mappings", {"name": "x", "document": document}), 422)
    assert problem["code"] == "mapping_refused"
    assert len(problem["errors"]) >= 2
    assert count_rows(small_town.database, "column_mapping") == 0


def test_a_mapping_of_another_department_reads_no_file(small_town: City) -> None:
    for mapping in (str(uuid4()), "no_such_layout"):
        assert read_answer(send_file(small_town, b"a", mapping=mapping), 404)["code"] == "mapping_not_found"


def test_versions_saved_at_once_are_numbered_once(city: City) -> None:
    body = {
        "name": "m",
        "document": {
            "columns": [{"title": name, "member": name} for name in ("source_key", "name", "occurred_on", "indicator")]
            + [{"title": "id", "member": "id_number", "reads": "identity_number"}]
        },
    }
    body["document"]["columns"][2]["reads"] = "day"  # type: ignore[index]

    def save(_: int) -> int:
        return int(read_answer(post(city, TRAFFIC, "/mappings", body), 201)["version"])

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(save, range(8))) == list(range(1, 9))


def test_files_are_listed_the_newest_first_in_pages(small_town: City) -> None:
    sent = []
    for number in range(3):
        sent.append(read_answer(send_file(small_town, b"a", file_no=f"file-{number}"), 202)["file_id"])
        small_town.clock.move(timedelta(seconds=1))
    page = read_answer(get(small_town, TRAFFIC, "/files?limit=2"), 200)
    rest = read_answer(get(small_town, TRAFFIC, f"/files?limit=2&cursor={page['next_cursor']}"), 200)
    assert [each["file_id"] for each in [*page["items"], *rest["items"]]] == sent[::-1]
    assert all(UUID(each["file_id"]) for each in page["items"])

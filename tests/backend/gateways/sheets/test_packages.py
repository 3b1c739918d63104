"""An XLSX is a ZIP of XML: neither may be a bomb, and what is neither is told."""

import io
import zipfile
from collections.abc import Callable, Mapping

import pytest
from openpyxl import Workbook

from backend.gateways.sheets import packages
from backend.gateways.sheets.packages import MAX_ENTRIES, MAX_ROW_ELEMENTS, MAX_UNPACKED, MAX_XLSX_ROWS, check_package
from backend.gateways.sheets.sheet import SheetError, SheetKind
from tests.backend.gateways.sheets.files import read, save

SHEET, TEXTS, TYPES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "[Content_Types].xml"
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


def repack(data: bytes, change: Callable[[str, bytes], bytes | None], added: Mapping[str, bytes]) -> bytes:
    """A package with its parts changed, left out (None) or added."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
        for name, content in added.items():
            new.writestr(name, content)
    return written.getvalue()


def make_book() -> bytes:
    """A small book with its texts in a part of their own, as Excel writes them and openpyxl does not."""
    book = Workbook()
    lines = (("姓名", "日期"), ("张三", "2026-03-01"), ("李四", "2026-03-02"))
    for line in lines:
        book.worksheets[0].append(line)
    texts = [text.encode() for line in lines for text in line]

    def share(name: str, content: bytes) -> bytes:
        if name == SHEET:
            for index, text in enumerate(texts):
                inline = b't="inlineStr"><is><t>%s</t></is>' % text
                assert inline in content
                content = content.replace(inline, b't="s"><v>%d</v>' % index)
        if name == TYPES:
            override = (
                b'<Override PartName="/xl/sharedStrings.xml" ContentType='
                b'"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
            )
            content = content.replace(b"</Types>", override)
        return content

    shared = b'<sst xmlns="%s">%s</sst>' % (MAIN, b"".join(b"<si><t>%s</t></si>" % text for text in texts))
    return repack(save(book), share, {TEXTS: shared})


BOOK = make_book()


def rebuild(change: Callable[[str, bytes], bytes | None], **added: bytes) -> bytes:
    return repack(BOOK, change, added)


def find_code(data: bytes) -> str:
    with pytest.raises(SheetError) as caught:
        list(read(data, SheetKind.XLSX).rows)
    return caught.value.code


def change_sheet(old: bytes, new: bytes) -> bytes:
    return rebuild(lambda name, content: content.replace(old, new) if name == SHEET else content)


def test_the_book_itself_is_good() -> None:
    check_package(io.BytesIO(BOOK))
    assert [row.cells[0] for row in read(rebuild(lambda _name, content: content), SheetKind.XLSX).rows] == [
        "张三",
        "李四",
    ]


def test_a_part_that_unpacks_to_too_much_is_refused() -> None:
    """Zeros are packed a thousandfold: half a gigabyte and a byte fit into half a megabyte."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package,
        package.open(SHEET, "w", force_zip64=True) as part,
    ):
        for _ in range(MAX_UNPACKED >> 22):
            part.write(bytes(1 << 22))
        part.write(b"0")
    assert find_code(written.getvalue()) == "xlsx_too_large"


def test_sizes_are_counted_and_not_believed() -> None:
    """A part that says it has ten bytes and has more breaks its own check sum; it never gets into memory."""
    data = bytearray(rebuild(lambda name, content: bytes(1 << 20) if name == TEXTS else content))
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        size = package.getinfo(TEXTS).file_size.to_bytes(4, "little")
    assert data.count(size) >= 1
    assert find_code(bytes(data.replace(size, (10).to_bytes(4, "little")))) == "xlsx_broken"


def test_a_small_part_may_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_code(rebuild(lambda name, content: bytes(1 << 25) if name == "xl/styles.xml" else content)) == (
        "xlsx_too_large"
    )
    monkeypatch.setattr(packages, "MAX_UNPACKED", 100)
    assert find_code(BOOK) == "xlsx_too_large"


@pytest.mark.parametrize("row", [b"<row/>", b'<row ht="15"/>', b"<x:row />"], ids=repr)
def test_rows_are_counted_before_they_are_read(row: bytes) -> None:
    assert find_code(change_sheet(b"</sheetData>", row * (MAX_ROW_ELEMENTS + 1))) == "xlsx_too_many_rows"


def test_too_many_entries_are_refused() -> None:
    assert find_code(rebuild(lambda _name, content: content, **{str(n): b"" for n in range(MAX_ENTRIES)})) == (
        "xlsx_too_large"
    )


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused() -> None:
    assert find_code(rebuild(lambda _name, content: content, **{SHEET: b"<worksheet/>"})) == "xlsx_broken"


@pytest.mark.parametrize("part", [SHEET, TEXTS, "xl/workbook.xml", "xl/styles.xml"])
def test_entities_are_not_resolved(part: str) -> None:
    assert find_code(rebuild(lambda name, content: LAUGHS + content if name == part else content)) == "xlsx_broken"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<row r="3"', b'<row r="2"'),  # a reader would drop the second of them
        (b'<row r="3"', b'<row r="1"'),
        (b'<row r="3"', b'<row r="99999999999"'),  # or fill up to it
        (b'<row r="3"', b'<row spans="1:2" r="0"'),
        (b"</sheetData>", b""),
        (b'r="B2"', b'r="ZZZZZ2"'),
        (b"<v>3</v>", b"<v>4000</v>"),
    ],
    ids=range(7),
)
def test_sheets_that_make_no_sense(old: bytes, new: bytes) -> None:
    data = change_sheet(old, new)
    assert data != rebuild(lambda _name, content: content)
    assert find_code(data) == "xlsx_broken"


@pytest.mark.parametrize("missing", [SHEET, "xl/workbook.xml", "[Content_Types].xml"])
def test_a_missing_part(missing: str) -> None:
    assert find_code(rebuild(lambda name, content: None if name == missing else content)) in {
        "xlsx_broken",
        "no_such_sheet",
    }


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "xlsx_old"),
        ("姓名,日期".encode(), "xlsx_broken"),
        (b"", "xlsx_broken"),
        (BOOK[: len(BOOK) // 2], "xlsx_broken"),
        (b"PK\x03\x04" + bytes(100), "xlsx_broken"),
    ],
    ids=range(5),
)
def test_what_is_no_workbook(data: bytes, code: str) -> None:
    assert find_code(data) == code


@pytest.mark.parametrize("place", range(60, len(BOOK), 97))
def test_no_flipped_byte_gets_past_us_as_another_error(place: int) -> None:
    data = bytearray(BOOK)
    data[place] ^= 0xFF
    code = "xlsx_read"
    try:
        list(read(bytes(data), SheetKind.XLSX).rows)
    except SheetError as error:
        code = error.code
    assert code.startswith(("xlsx_", "no_"))


def test_beyond_the_limit_a_csv_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_XLSX_ROWS == 100_000
    monkeypatch.setattr("backend.gateways.sheets.reading.MAX_XLSX_ROWS", 1)
    rows = read(BOOK, SheetKind.XLSX).rows
    assert next(rows).row_no == 2
    with pytest.raises(SheetError) as caught:
        next(rows)
    assert (caught.value.code, caught.value.row_no, caught.value.values) == ("xlsx_too_many_rows", 3, {"maximum": 1})

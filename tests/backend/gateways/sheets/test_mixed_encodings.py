"""A file pasted together from exports of two encodings: nobody may get another name by it."""

import io

import pytest

from backend.gateways.sheets.reading import open_sheet
from backend.gateways.sheets.sheet import SheetError, SheetKind

HEADING = b"id,name,note\r\n"
NAMES = ("孙八", "周九", "欧阳晓月", "阿依古丽·买买提", "王芳")


def read_faults(content: bytes) -> list[str | None]:
    sheet = open_sheet(io.BytesIO(content), SheetKind.CSV, titles=("id", "name", "note"))
    return [row.fault.code if row.fault else None for row in sheet.rows]


def write_row(name: str, encoding: str, note: str = "") -> bytes:
    return f"1,{name},{note}\r\n".encode(encoding)


def test_a_row_in_utf_8_among_others_in_gb18030_is_refused_by_itself() -> None:
    rows = [write_row("孙八", "utf-8"), *(write_row(name, "gb18030") for name in NAMES)]
    assert read_faults(HEADING + b"".join(rows)) == ["row_in_other_encoding", *[None] * len(NAMES)]


@pytest.mark.parametrize("note", ["郑公罚〔2026〕7号", "（一）"])
def test_a_row_that_gb18030_cannot_hold_gives_the_file_up(note: str) -> None:
    rows = [write_row("孙八", "utf-8", note), *(write_row(name, "gb18030", note) for name in NAMES)]
    with pytest.raises(SheetError, match="text_broken in row 2"):
        read_faults(HEADING + b"".join(rows))


def test_a_file_in_one_encoding_has_no_strangers() -> None:
    for encoding in ("utf-8", "gb18030"):
        rows = [write_row(name, encoding, note) for name in NAMES for note in ("", "郑州市", "无")]
        assert set(read_faults(HEADING + b"".join(rows))) == {None}

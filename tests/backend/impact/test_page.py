"""The report shows what was worked out by hand, and no other number."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import pytest

from backend.gateways.paper import PaperError, print_pdf
from backend.impact.figures import Impact
from backend.impact.page import write_page
from tests.backend.impact.page_by_hand import OTHERS, PICTURES, ROUNDED, ROUNDED_SENTENCES, SENTENCES, TABLES
from tests.backend.impact.reading import NUMBER, Read, read_page


@pytest.fixture(scope="module")
def read(page: str) -> Read:
    return read_page(page)


def shorten(cell: str) -> str:
    """The Chinese part of a cell; an id or a code and what a scenario gives belong to it."""
    return re.sub(r" (?!R-|[0-9]|免|先|折|优|推|→|元|解)[A-Za-z][^＊]*$", "", cell)


def test_every_table_is_the_one_worked_out_by_hand(read: Read) -> None:
    shown = [[[shorten(cell) for cell in row] for row in table] for table in read.tables[1:-1]]
    heads = [table[0] for table in shown]
    assert all(head[0] in {"", "等级", "变化", "场景", "规则", "项目"} for head in heads)
    assert [table[1:] for table in shown] == TABLES
    assert [cell[:6] for cell in read.tables[0][0]] == ["12分数上升", "7分数下降 ", "5等级上升 ", "3等级下降 "]


def test_every_picture_is_the_one_worked_out_by_hand(read: Read) -> None:
    assert dict(read.pictures) == PICTURES


def test_few_people_are_told_as_a_sign(rounded: Impact) -> None:
    read = read_page(write_page(rounded))
    rows = [[shorten(cell) for cell in row] for table in read.tables for row in table]
    assert [row for row in ROUNDED if row not in rows] == []
    assert [sentence for sentence in ROUNDED_SENTENCES if sentence not in "".join(read.words)] == []


def test_every_sentence_is_there(read: Read) -> None:
    text = "".join(read.words)
    for sentence in SENTENCES:
        assert sentence in text, sentence


def test_no_number_is_there_that_was_not_worked_out(page: str, impact: Impact) -> None:
    assert impact.new_benefits is not None
    assert impact.old_benefits is not None
    for digest in (impact.files_digest, impact.old.digest, impact.new.digest, impact.seed):
        assert digest in page
        page = page.replace(digest, "")
    for digest in (impact.old_benefits.digest, impact.new_benefits.digest):
        page = page.replace(digest, "")
    by_hand = " ".join([*chain.from_iterable(chain(*TABLES, PICTURES.values())), *SENTENCES, OTHERS])
    assert read_page(page).numbers - set(NUMBER.findall(by_hand)) == set()
    spoilt = page.replace("<td>金水区", "<td>77 金水区")
    assert read_page(spoilt).numbers - set(NUMBER.findall(by_hand)) == {"77"}


def test_a_group_that_is_left_out_is_named_and_marked(impact: Impact) -> None:
    (levels, *others) = impact.groupings
    spoilt = replace(levels, rows=(replace(levels.rows[0], left_out=True), *levels.rows[1:]))
    page = write_page(replace(impact, groupings=(spoilt, *others), samples=()))
    assert "0.80 倍，而且难以用偶然解释，应当说明理由或者再作考虑：修改前等级 优秀。" in page
    assert page.count('<td class="n flag">0.00</td>') == 1


def test_nothing_is_fetched(page: str, read: Read) -> None:
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in read.addresses), read.addresses
    assert not re.search(r"url\((?!#)|@import|<script|<link|<iframe", page)
    assert not re.search(r"https?://(?!www\.w3\.org/)", page)  # names of SVG, which nobody fetches


def test_words_that_a_document_brings_are_text(impact: Impact) -> None:
    page = write_page(
        replace(impact, city="<script>alert(1)</script>", samples=(), benefits=(), amendments=(), with_samples=False)
    )
    assert "<script" not in page
    assert "本报告未附样本。" in page
    assert "没有惠民场景" in page
    assert "计分规则没有影响分数的修改" in page


def test_the_paper_has_pages_and_brings_its_fonts(paper: bytes) -> None:
    assert paper.startswith(b"%PDF-")
    assert paper.rstrip().endswith(b"%%EOF")
    objects = paper + b"".join(unpack(paper))
    assert len(re.findall(rb"/Type ?/Page\b", objects)) >= 5
    names = set(re.findall(rb"/FontName ?/([^ /\n>]+)", objects))
    assert names
    assert all(b"WenQuanYi" in name for name in names), names
    assert len(re.findall(rb"/FontFile[23] ", objects)) == len(names)


def unpack(paper: bytes) -> Iterator[bytes]:
    """The streams of a PDF that are packed: what describes pages and fonts is among them."""
    for head, packed in re.findall(rb"<<([^\n]*)>>\nstream\n(.*?)\nendstream", paper, re.DOTALL):
        if b"/FlateDecode" in head:
            yield zlib.decompressobj().decompress(packed)


def test_a_printer_that_takes_too_long_says_so() -> None:
    with pytest.raises(PaperError, match=r"within 0\.01 seconds; take the HTML"):
        print_pdf("<p>", seconds=0.01)

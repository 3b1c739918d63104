"""The quick reader against the wire form: what it reads, it reads just like it; what it does not, is left to it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.records.quick_reader import read_quickly
from backend.records.row_forms import read_row, read_strictly
from backend.records.rows import HandedInRow
from tests.backend.city import make_resident_id
from tests.backend.records.handing import make_donation, make_fine

NUMBER = make_resident_id()
ODD = (
    *("", " ", " a", "a ", "a  b", "a b", "x" * 41, "x" * 101, "·", "无", "—", "ａ", "e\u0301", "é", "\u2028", "a\tb"),
    *(
        "〇",
        "一二三",
        "第〔2026〕1号",
        "郑交罚（2026）1号",
        NUMBER,
        f"no{NUMBER}",
        "KAZ410190123105",
        "XZC202603010012",
    ),
    *("1", "10", "１", "林一舟", "欧阳·晓月", "li", "Li Wei", "2026-02-30", "2026-11-02", "20261102", "ordinary"),
    *("natural_person", "enterprise", "robot", "ZZ-ETH-02", "XZC202603010012", "zz-eth-02", "A-1", "A" * 50),
    *("\ud7ff\ufffd", "a\nb"),
)
odd_texts = st.sampled_from(ODD)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**16), 10**16)
    | st.floats(allow_nan=False)
    | odd_texts
    | st.text(max_size=45)
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(odd_texts, inner, max_size=2), max_leaves=4
)
keys = st.sampled_from([*make_donation(), "subject_kind", "ended_on", "act", "legal_representative", "odd"])
legal_keys = st.sampled_from(["document_no", "procedure", "finality", "minor_and_remedied", "confirmed_by", "odd"])
people = st.fixed_dictionaries({"name": odd_texts, "id_number": odd_texts})
rows = st.builds(
    lambda row, changes, legal, items, person, dropped: {
        key: value for key, value in (row | changes | legal | items | person).items() if key not in dropped
    },
    st.sampled_from(
        [make_donation(), make_fine(), make_fine(act="act-1", ended_on="2026-11-03", subject_kind="enterprise")]
    ),
    st.dictionaries(keys, values, max_size=2),
    st.just({}) | st.builds(lambda legal: {"legal": legal}, st.dictionaries(legal_keys, leaves, max_size=3)),
    st.just({})
    | st.builds(lambda items: {"items": items}, st.dictionaries(odd_texts | st.just("donations"), leaves, max_size=3)),
    st.just({}) | st.builds(lambda person: {"legal_representative": person}, people),
    st.just(()) | st.tuples(keys),
)


@given(rows | values)
def test_it_reads_what_the_wire_form_reads(raw: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    quick, strict = read_quickly(raw), read_strictly(raw)
    assert quick is None or quick == strict
    assert read_row(raw) == strict
    if isinstance(quick, HandedInRow) and isinstance(strict, HandedInRow):
        assert [type(value) for value in quick.report.legal] == [type(value) for value in strict.report.legal]
        assert type(quick.subject_kind) is type(strict.subject_kind)


@pytest.mark.parametrize("row", [make_donation(), make_fine(), make_fine(act="act-1", ended_on="2026-11-03")])
def test_it_reads_the_rows_that_come_most(row: dict[str, Any]) -> None:
    assert read_quickly(row) == read_strictly(row)
    assert isinstance(read_quickly(row), HandedInRow)


def test_a_number_that_hides_in_a_key_is_left_to_the_wire_form() -> None:
    for hidden in (NUMBER, f"k-{NUMBER}", "甲KAZ410190123105"):
        assert read_quickly(make_donation(source_key=hidden)) is None
        assert not isinstance(read_row(make_donation(source_key=hidden)), HandedInRow)

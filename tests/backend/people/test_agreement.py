from datetime import date

import pytest

from backend.people.agreement import NoAgreementError, agreement_on, read_editions


def test_an_edition_holds_from_its_day() -> None:
    assert agreement_on(date(2026, 1, 1)).version == "2026-01"
    with pytest.raises(NoAgreementError, match="2025-12-31"):
        agreement_on(date(2025, 12, 31))


def test_editions_have_versions_and_days_of_their_own() -> None:
    editions = read_editions()
    assert len({edition.version for edition in editions}) == len({edition.effective_on for edition in editions})
    assert len({edition.version for edition in editions}) == len(editions)


SAID = [
    "处理者",
    "联系方式",
    "目的",
    "种类",
    "方式",
    "保存",
    "权利",
    "撤回",
    "自愿",
    "只奖励",
    "基本服务",
    "单独同意",
    "十八周岁",
]


@pytest.mark.parametrize("said", SAID)
def test_every_edition_says_what_the_law_wants_said(said: str) -> None:
    """PIPL Art. 14 to 17 and 23, and what we promise beyond them."""
    for edition in read_editions():
        assert said in "".join(section.heading + section.text for section in edition.sections)

"""Figures and codes of a report in words: Chinese, and English where the house has it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from backend.impact.figures import BenefitChange, ChangeBand, GroupRow, Impact, RuleEffect, SampleKind, Totals, Trait
from backend.impact.telling import find_grain
from scenarios.amendments import BOUNDS_TITLE
from scenarios.catalogue import BenefitKind
from scenarios.narrowing import BOUNDS

KEPT_BACK = "＊"
NOTHING = "—"
_WAN = 10_000
_SHORT_FROM = 100_000
_FEN = 100


class Words(NamedTuple):
    """The same in two languages."""

    zh: str
    en: str


TRAITS: Mapping[Trait, Words] = MappingProxyType(
    {
        Trait.LEVEL: Words("修改前等级", "level before"),
        Trait.DISTRICT: Words("首次登记地", "place of first registration"),
        Trait.AGE: Words("年龄", "age"),
        Trait.SEX: Words("性别", "sex"),
    }
)
SAMPLE_KINDS: Mapping[SampleKind, Words] = MappingProxyType(
    {
        SampleKind.GAIN: Words("分数上升较多者", "among large gains"),
        SampleKind.LOSS: Words("分数下降较多者", "among large losses"),
        SampleKind.LEVEL_UP: Words("等级上升者", "level rises"),
        SampleKind.LEVEL_DOWN: Words("等级下降者", "level falls"),
    }
)
BENEFITS: Mapping[str, Words] = MappingProxyType(
    {
        BenefitKind.DEPOSIT_WAIVER: Words("免押金", "deposit waiver"),
        BenefitKind.CREDIT_LINE: Words("先享后付", "credit line"),
        BenefitKind.DISCOUNT: Words("折扣", "discount"),
        BenefitKind.PRIORITY: Words("优先", "priority"),
        BenefitKind.FREE_USE: Words("免费", "free use"),
        BenefitKind.REFERRAL: Words("推荐", "referral"),
    }
)


AGAINST = Words(
    "分值调低的规则，其持有者仍可能有人上升；分值调高的，也可能有人下降：同一行为由多个部门报送的只计一条，"
    "修改前或者修改后计入的那一条可能已过有效期，另一条则没有；择高组只计最高的一条；上限、最低分和满分会吸收变化；"
    "同时修改的其他规则也在起作用。",
    "People can rise under a rule whose points were cut, and fall under one whose points were raised: an act that"
    " several departments reported counts once, by another of its records than before, and either may have lapsed;"
    " groups count the highest alone; limits, floor and ceiling absorb; and other rules may have changed as well.",
)
DISCLOSURE = Words(
    "样本是去标识化的个人信息，只供决定规则修改的人查阅，不得公开，不得另作他用。",
    "Samples are de-identified personal information for those who decide about the rules, not for publication.",
)
REST = Words("满分、最低分及冻结等", "ceiling, floor, freezing etc.")
BASE = Words("基础分", "base")
NO_SAMPLES = Words("本报告未附样本。", "The samples were left out of this report.")


def word_telling(least: int) -> Words:
    """Say how counts of people are told, where groups under `least` are not."""
    grain = find_grain(least)
    if grain == 1:
        return Words(f"不足 {least} 人以{KEPT_BACK}表示。", f"Fewer than {least} people are told as {KEPT_BACK}.")
    return Words(
        f"人数按 {grain} 人取整，不足 {least} 人以{KEPT_BACK}表示，故各项之和可能与合计略有出入。",
        f"People are told to the nearest {grain}, fewer than {least} as {KEPT_BACK}; so parts may not quite add up.",
    )


def word_mean_telling(step: int | None) -> Words:
    """Say in what steps, in hundredths, means are told."""
    if step is None:
        return Words("人数太少，不列平均分。", "Means are not told of so few people.")
    points = write_mean(step)
    return Words(f"平均分按 {points} 分取整。", f"Means are told in steps of {points} points.")


def list_narrowed_titles(impact: Impact) -> list[str]:
    """Name what is taken away that no count of people tells: scenarios by their titles, and what bounds a person."""
    titles = {each.code: each.title for each in impact.benefits}
    return [BOUNDS_TITLE.zh if code == BOUNDS else titles.get(code, code) for code in impact.narrowed]


def word_drawing(least: int) -> Words:
    """Say who is not drawn as a sample, and what that does not guard against."""
    return Words(
        f"不取自以下任一项不足 {least} 人者：修改前等级、首次登记地、年龄、性别，等级变动，"
        "修改前或者修改后所在的分数段，分数变化所在的段，以及有变化的各行所依据的规则。没有变化的记录合并为一行，有变化的只列年份。"
        "知道某人有哪些记录的人仍可能认出此人。",
        f"Nobody is drawn where fewer than {least} share their level, place, age, sex, move between levels, band of"
        " points before or after, or band of change, or are counted by a rule that changed for them. Records that"
        " do not change are one line; others show their year alone. Whoever knows what somebody has on record may"
        " recognise them all the same.",
    )


def write_number(value: int | None) -> str:
    """Write a whole number; what is not told as a sign."""
    return KEPT_BACK if value is None else f"{value:,}"


def write_change(value: int | None) -> str:
    """Write a difference with its sign."""
    return KEPT_BACK if value is None else f"{value:+,}" if value else "0"


def write_short(value: int | None) -> str:
    """Write a number of people for a picture: from a hundred thousand on in 万, to one place."""
    if value is None or value < _SHORT_FROM:
        return write_number(value)
    return f"{value / _WAN:,.1f}万"


def write_share(part: int | None, whole: int | None) -> str:
    """Write a share in percent, to one place."""
    if part is None or whole is None:
        return KEPT_BACK
    return f"{100 * part / whole:.1f}%" if whole else NOTHING


def write_mean(hundredths: int | None) -> str:
    """Write a mean that is given in hundredths."""
    if hundredths is None:
        return KEPT_BACK
    return f"{'-' if hundredths < 0 else ''}{write_ratio(abs(hundredths))}"


def write_mean_change(before: int | None, after: int | None) -> str:
    """Write the difference of two means that are told, with its sign."""
    if before is None or after is None:
        return KEPT_BACK
    return f"{'+' if after > before else ''}{write_mean(after - before)}"


def list_mean_parts(impact: Impact) -> list[tuple[Words, int | None, int | None]]:
    """List what the mean score is made of, in hundredths before and after: the parts add up to it."""
    totals = impact.totals
    return [
        (BASE, 100 * totals.base_before, 100 * totals.base_after),
        *(
            (Words(each.name, each.name_en), each.mean_before_hundredths, each.mean_after_hundredths)
            for each in impact.dimensions
        ),
        (REST, totals.rest_before_hundredths, totals.rest_after_hundredths),
    ]


def write_ratio(percent: int | None) -> str:
    """Write a ratio that is given in percent."""
    return NOTHING if percent is None else f"{percent // 100}.{percent % 100:02d}"


def write_yuan(fen: int | None) -> str:
    """Write an amount of fen in yuan."""
    return NOTHING if fen is None else f"{fen // _FEN:,}.{fen % _FEN:02d}"


def write_amounts(benefit: BenefitChange) -> tuple[str, str]:
    """Write in yuan up to what amount a scenario opens to those who gain it, and closes to those who lose it."""
    pairs = (benefit.limit_after_fen, benefit.gained_fen), (benefit.limit_before_fen, benefit.lost_fen)
    gained, lost = (KEPT_BACK if limit is not None and fen is None else write_yuan(fen) for limit, fen in pairs)
    return gained, lost


def write_ratios(row: GroupRow, totals: Totals) -> tuple[str, str, str]:
    """Write the ratios of rises, falls and falls of level; one of counts that are not told as a sign."""
    counts = (row.rises, totals.rises), (row.falls, totals.falls), (row.level_falls, totals.level_falls)
    ratios = row.rise_ratio_percent, row.fall_ratio_percent, row.level_fall_ratio_percent
    rise, fall, level_fall = (
        KEPT_BACK if None in pair else write_ratio(ratio) for pair, ratio in zip(counts, ratios, strict=True)
    )
    return rise, fall, level_fall


def write_holders(rule: RuleEffect) -> tuple[str, str]:
    """Write how many holders of a rule rise and fall; a rule without an indicator has none."""
    if not rule.has_holders:
        return NOTHING, NOTHING
    return write_number(rule.rises), write_number(rule.falls)


def name_change_band(band: ChangeBand) -> str:
    """Name a band of changes of points, such as +5至+9."""
    if band.least is None:
        return f"{band.most:+d}及以下"
    if band.most is None:
        return f"{band.least:+d}及以上"
    return "不变" if band.least == band.most == 0 else f"{band.least:+d}至{band.most:+d}"


def name_row(trait: Trait, row: GroupRow) -> str:
    """Name a group; a district with its code, because many counties share a name."""
    coded = trait is Trait.DISTRICT and row.code.isdecimal() and row.name != row.code
    return f"{row.name} {row.code}" if coded else row.name

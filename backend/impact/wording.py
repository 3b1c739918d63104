"""Figures and codes of a report in words: Chinese, and English where the house has it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from backend.impact.figures import BenefitChange, ChangeBand, GroupRow, RuleEffect, SampleKind, Trait
from backend.impact.telling import find_grain
from scenarios.catalogue import BenefitKind
from scoring.amendments import Amendment, AmendmentKind, Figure
from scoring.rulebook_parts import Part

KEPT_BACK = "＊"
NOTHING = "—"
_WAN = 10_000
_SHORT_FROM = 100_000
_FEN = 100


class Words(NamedTuple):
    """The same in two languages."""

    zh: str
    en: str


PARTS: Mapping[Part, Words] = MappingProxyType(
    {
        Part.EDITION: Words("版本", "edition"),
        Part.SCALE: Words("分值范围", "scale"),
        Part.LEVEL: Words("等级", "level"),
        Part.DIMENSION: Words("维度", "dimension"),
        Part.REPEATS: Words("重复失信", "repeats"),
        Part.RULE: Words("规则", "rule"),
        Part.EXCLUSIVE: Words("择高组", "highest-only group"),
        Part.LIMIT: Words("上限", "limit"),
        Part.UNSCORED: Words("不计分", "not scored"),
        Part.INDICATOR: Words("指标", "indicator"),
    }
)
KINDS: Mapping[AmendmentKind, Words] = MappingProxyType(
    {
        AmendmentKind.ADDED: Words("新增", "added"),
        AmendmentKind.REMOVED: Words("取消", "removed"),
        AmendmentKind.CHANGED: Words("修改", "changed"),
    }
)
FIGURES: Mapping[str, Words] = MappingProxyType(
    {
        "version": Words("版本号", "version"),
        "effective_on": Words("施行日", "in force from"),
        "title": Words("名称", "title"),
        "title_en": Words("英文名称", "English title"),
        "basis": Words("依据", "basis"),
        "note": Words("说明", "note"),
        "catalogue": Words("目录版本", "catalogue"),
        "base": Words("基础分", "base"),
        "floor": Words("最低分", "floor"),
        "ceiling": Words("满分", "ceiling"),
        "name": Words("名称", "name"),
        "name_en": Words("英文名称", "English name"),
        "at_least": Words("下限", "at least"),
        "at_most": Words("上限", "at most"),
        "rank": Words("位次", "place"),
        "factor": Words("倍数", "factor"),
        "dimension": Words("维度", "dimension"),
        "indicator": Words("指标", "indicator"),
        "conditions": Words("条件", "conditions"),
        "kind": Words("计分方式", "kind"),
        "points": Words("分值", "points"),
        "validity": Words("有效期", "validity"),
        "times": Words("按", "for each"),
        "unscored": Words("不计分的值", "not scored"),
        "graded": Words("文书载明分值", "stated points"),
        "at_most_years": Words("最多年数", "years at most"),
        "over": Words("累计", "added up"),
        "segment": Words("分段", "segment"),
        "stair": Words("台阶", "stair"),
        "veto": Words("一票否决", "veto"),
        "repeat_class": Words("重复类别", "repeat class"),
        "repairable_after_months": Words("可修复月数", "months to repair"),
        "action": Words("可做的事", "action"),
        "published": Words("公布值", "published"),
        "origin": Words("来源", "origin"),
        "origin_note": Words("来源说明", "note on origin"),
        "rules": Words("规则", "rules"),
        "per": Words("周期", "per"),
        "reason": Words("理由", "reason"),
    }
)
_VALUES: Mapping[str, str] = MappingProxyType(
    {
        "calendar_year": "每自然年",
        "in_force": "有效期内",
        "until_end": "至行为结束",
        "yes": "是",
        "each": "每次",
        "table": "分档",
        "graded": "按文书",
        "curve": "累计曲线",
        "streak": "连续年度",
    }
)
_LISTED = frozenset({"per", "over", "kind", "veto"})
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
        SampleKind.GAIN: Words("分数上升最多者", "among the largest gains"),
        SampleKind.LOSS: Words("分数下降最多者", "among the largest losses"),
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
    "修改后计入的可能是另一条，而那一条可能已过有效期；择高组只计最高的一条；上限、最低分和满分会吸收变化；"
    "同时修改的其他规则也在起作用。",
    "People can rise under a rule whose points were cut, and fall under one whose points were raised: an act that"
    " several departments reported counts once, and now another of its records counts, which may have lapsed; groups"
    " count the highest alone; limits, floor and ceiling absorb; and other rules may have changed as well.",
)
DISCLOSURE = Words(
    "样本是去标识化的个人信息，只供决定规则修改的人查阅，不得公开，不得另作他用。",
    "Samples are de-identified personal information for those who decide about the rules, not for publication.",
)
LEFT_OUT = Words("本报告未附样本。", "The samples were left out of this report.")


def word_telling(least: int) -> Words:
    """Say how counts of people are told, where groups under `least` are not."""
    grain = find_grain(least)
    if grain == 1:
        return Words(f"不足 {least} 人以{KEPT_BACK}表示。", f"Fewer than {least} people are told as {KEPT_BACK}.")
    return Words(
        f"人数按 {grain} 人取整，不足 {least} 人以{KEPT_BACK}表示，故各项之和可能与合计略有出入。",
        f"People are told to the nearest {grain}, fewer than {least} as {KEPT_BACK}; so parts may not quite add up.",
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


def word_figure(figure: Figure) -> str:
    """Say how a figure changed: 分值（市级）+10 → +12."""
    name = FIGURES[figure.name].zh if figure.name in FIGURES else figure.name
    of = f"（{figure.of}）" if figure.of else ""
    values = [_word_value(figure.name, each) for each in (figure.before, figure.after)]
    return f"{name}{of} {values[0]} → {values[1]}"


def word_amendment(amendment: Amendment) -> str:
    """Say what became of a part: 修改规则 R-1 献血：分值 +10 → +12."""
    name = amendment.name if amendment.part in {Part.EDITION, Part.SCALE, Part.REPEATS} else _name(amendment)
    head = f"{KINDS[amendment.kind].zh}{PARTS[amendment.part].zh} {name}"
    if amendment.kind is not AmendmentKind.CHANGED:
        return head
    return f"{head}：{'；'.join(word_figure(figure) for figure in amendment.figures)}"


def _name(amendment: Amendment) -> str:
    return f"{amendment.id} {amendment.name}"


def _word_value(name: str, value: str | None) -> str:
    if value is None:
        return "无"
    if name == "validity":
        return _word_validity(value)
    return _VALUES.get(value, value) if name in _LISTED else value


def _word_validity(value: str) -> str:
    months, _, from_end = value.partition(" ")
    if not months.isdecimal():
        return _VALUES.get(value, value)
    return f"行为结束后{months}个月" if from_end else f"{months}个月"

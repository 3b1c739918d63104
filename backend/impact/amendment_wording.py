"""What was amended, in words: Chinese, and English where the house has it."""

from collections.abc import Mapping
from types import MappingProxyType

from backend.impact.wording import Words
from scoring.amendments import Amendment, AmendmentKind, Figure
from scoring.rulebook_parts import Part

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
        "law": "法律法规",
        "analogue": "参照他市",
        "own_choice": "自行确定",
        "published": "已公布",
    }
)
_LISTED = frozenset({"per", "over", "kind", "veto", "origin"})


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

"""The twenty people of a sandbox, one for each answer that a merchant may meet, and what each of them has done before.

They are the same for ever: an integration that was tested with number 7 is tested with number 7 next year. All of them
are invented, like everybody in the demo.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from backend.demo.people import Person
from backend.demo.personas import MINOR_MONTHS, Deed, Path, Persona, Word, WordKind
from scenarios.catalogue import Wording

FIRST_NUMBER = 50  # behind the personas of the demo, so that nobody of them has the same resident id


class Before(StrEnum):
    """What a person has done before the merchant comes."""

    CONSENTED = "consented"
    PAUSED = "paused"
    HOLDS_THREE = "holds_three"
    OVERDUE = "overdue"
    USED_UP = "used_up"
    APPLIED = "applied"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedPerson:
    """A person of the sandbox: who, what for, and what was done before. A `stranger` is known to nobody."""

    persona: Persona
    purpose: Wording
    before: frozenset[Before] = frozenset({Before.CONSENTED})
    is_stranger: bool = False

    def to_person(self, number: int, day: date) -> Person:
        """Make the invented person behind number `number` (from 1), as old on `day` as the story wants."""
        return self.persona.to_person(FIRST_NUMBER + number, day)


_HONOURED = (
    Deed(
        indicator="ZZ-HON-03",
        department="civilisation_office",
        days_ago=180,
        fields={"title": "moral_model", "grade": "provincial"},
    ),
    Deed(indicator="ZZ-PRO-01", department="justice_bureau", days_ago=100, fields={"issuer": "city"}),
)
_DONOR = (
    Deed(indicator="ZZ-ETH-03", department="red_cross", days_ago=200),
    Deed(indicator="ZZ-ETH-01", department="public_security", days_ago=120, fields={"degree": "recognised"}),
    Deed(indicator="ZZ-ETH-02", department="health_commission", days_ago=60, fields={"donations": 1}),
)


def _fixed(  # noqa: PLR0913 - a line of the table below has this many columns
    name: str,
    zh: str,
    en: str,
    *,
    deeds: tuple[Deed, ...] = _HONOURED,
    before: frozenset[Before] = frozenset({Before.CONSENTED}),
    path: Path = Path.OPENED,
    months_old: int | None = None,
    named: str | None = None,
    is_stranger: bool = False,
) -> FixedPerson:
    persona = Persona(key=name, name=name, story=zh, deeds=deeds, path=path, name_at_department=named)
    if months_old is not None:
        persona = Persona(key=persona.key, name=name, story=zh, path=path, months_old=months_old)
    return FixedPerson(persona=persona, purpose=Wording(zh=zh, en=en), before=before, is_stranger=is_stranger)


FIXED_PEOPLE: tuple[FixedPerson, ...] = (
    _fixed("甲一", "信用优秀，已授权：给予", "excellent, has consented: granted"),
    _fixed("甲二", "信用极好，已授权：给予", "outstanding, has consented: granted", deeds=_DONOR),
    _fixed("甲三", "信用良好，未达条件：不给予", "good, below the condition: not granted", deeds=()),
    _fixed(
        "甲四",
        "轻微失信：不给予",
        "slight breach: not granted",
        deeds=(Deed(indicator="ZZ-LAW-03", department="traffic_police", days_ago=120, fields={"amount_fen": 300_00}),),
    ),
    _fixed(
        "甲五",
        "信用较差：不给予",
        "poor: not granted",
        deeds=(
            Deed(
                indicator="ZZ-LAW-02",
                department="market_regulation",
                days_ago=140,
                fields={"licence_action": "suspended"},
            ),
        ),
    ),
    _fixed("甲六", "没有开通：不给予", "never opened an account: not granted", path=Path.SIGNED_IN, before=frozenset()),
    _fixed(
        "甲七",
        "撤回了评分同意：不给予",
        "withdrew the consent to scoring: not granted",
        path=Path.CONSENT_WITHDRAWN,
        before=frozenset(),
    ),
    _fixed(
        "甲八",
        "信用优秀，没有授权给商户：出示通用码不给予，出示指定商户的码给予",
        "excellent, no consent for the merchant: an open code is not granted, a code made for the merchant is",
        before=frozenset(),
    ),
    _fixed(
        "甲九",
        "信用优秀，暂停了全部权益三十天：不给予，三十天后给予",
        "excellent, has paused everything for thirty days: not granted, and granted after that",
        before=frozenset({Before.CONSENTED, Before.PAUSED}),
    ),
    _fixed(
        "乙一",
        "身份待核实：不给予",
        "identity in doubt: not granted",
        deeds=(Deed(indicator="ZZ-ETH-02", department="health_commission", days_ago=130, fields={"donations": 1}),),
        path=Path.SIGNED_IN,
        named="乙壹",
        before=frozenset(),
    ),
    _fixed(
        "乙二",
        "十七岁：不给予",
        "seventeen years old: not granted",
        path=Path.SIGNED_IN,
        months_old=MINOR_MONTHS,
        before=frozenset(),
    ),
    _fixed(
        "乙三",
        "失信被执行人，激励暂停：不给予",
        "on the list of judgment defaulters, incentives suspended: not granted",
        deeds=(*_HONOURED, Deed(indicator="ZZ-LAW-11", department="intermediate_court", days_ago=60)),
    ),
    _fixed(
        "乙四",
        "系统中没有此人：请求确认后到期为不给予",
        "unknown to the system: an ask ends as not granted",
        deeds=(),
        before=frozenset(),
        is_stranger=True,
    ),
    _fixed(
        "乙五",
        "信用优秀，已有三笔在用：不给予",
        "excellent, three grants are open already: not granted",
        before=frozenset({Before.CONSENTED, Before.HOLDS_THREE}),
    ),
    _fixed(
        "乙六",
        "信用优秀，有一笔逾期：不给予",
        "excellent, one grant is overdue: not granted",
        before=frozenset({Before.CONSENTED, Before.OVERDUE}),
    ),
    _fixed(
        "乙七",
        "信用优秀，当日名额已用完：不给予，次日给予",
        "excellent, has used up today's place: not granted, and granted tomorrow",
        before=frozenset({Before.CONSENTED, Before.USED_UP}),
    ),
    _fixed(
        "乙八",
        "现在信用优秀，一个多月后一条加分到期降为良好：现在给予，拨快四十天后不给予",
        "excellent now and good in a month, when a record lapses: granted, and not granted forty days on",
        deeds=(
            Deed(indicator="ZZ-ETH-02", department="health_commission", days_ago=330, fields={"donations": 1}),
            Deed(indicator="ZZ-PRO-01", department="justice_bureau", days_ago=100, fields={"issuer": "city"}),
        ),
    ),
    _fixed(
        "乙九",
        "现在差一点，两周后一条扣分到期升为优秀：现在不给予，拨快十五天后给予",
        "just below now, excellent in two weeks when a deduction lapses: not granted, and granted fifteen days on",
        deeds=(*_HONOURED, Deed(indicator="ZZ-LAW-04", department="traffic_police", days_ago=351)),
    ),
    _fixed(
        "丙一",
        "信用优秀，一条扣分在异议处理中、暂不计：给予",
        "excellent while a deduction under objection does not count: granted",
        deeds=(
            *_HONOURED,
            Deed(
                indicator="ZZ-LAW-01",
                department="urban_management",
                days_ago=150,
                fields={"penalty_class": "heavier_fine"},
                words=(Word(kind=WordKind.OBJECTED, days_ago=5, reason="当事人称处罚决定书送达错误"),),
            ),
        ),
    ),
    _fixed(
        "丙二",
        "信用优秀，已在手机上申请，等商户开始",
        "excellent, has applied in the app and waits for the merchant to begin",
        before=frozenset({Before.CONSENTED, Before.APPLIED}),
    ),
)

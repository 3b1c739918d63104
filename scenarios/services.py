"""The kinds of service that a scenario may speak of, and which of them are basic public ones.

A closed list of the core: no document can call a basic service something else. The fields follow the national basic
public service standard, with what a city cannot live without added to them: rescue, justice, papers, utilities.

What the list holds scenarios to:

- a score may go with incentives and never with punishment, and a low one may not limit anybody's basic public services
  or rights (NDRC, State Council press conference, 2019-07-18);
- what public bodies may give is support and convenience (Henan social credit regulation, Art. 30, item 5); to limit
  public services takes a list by law, never a score (Art. 32 and 34);
- no service is tied to the collection of credit information (Art. 40, paragraph 3).

So an untouchable service has no scenario at all, and in a basic one a scenario may ease a burden - a deposit, a queue
at the counter, a fare, the moment of payment - and never decide who gets the service or how much of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from scenarios.catalogue import BenefitKind

EVERY_KIND = frozenset(BenefitKind)

# The families of 「信易+」 scenarios, as announced in Zhengzhou and elsewhere.
FAMILIES: Mapping[str, str] = {
    "reading": "信易阅",
    "medical": "信易医",
    "rental": "信易租",
    "transport": "信易行",
    "parking": "信易停",
    "tourism": "信易游",
    "finance": "信易贷",
    "elder_care": "信易养",
    "shopping": "信易购",
    "approval": "信易批",
    "leisure": "信易惠",
}

# What a text for everybody else in a basic service must say, in Chinese and in English.
UNCHANGED = ("照常", "as usual")

# What a scenario may not speak of whatever its kind: attributes of a person that are no conduct.
PROFILE_WORDS = ("户籍", "户口", "本地人", "外地人", "学历", "婚姻", "收入", "职务", "民族", "宗教", "性别")


# What the text for everybody else may not speak of: a burden laid on them.
BURDEN_WORDS = ("加收", "提高", "加倍", "不予", "拒绝", "不得", "禁止", "限制", "暂停", "取消", "最后")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A kind of service. `kinds` are the benefits that may be given in it, none in an untouchable one.

    `words` betray it in a scenario's Chinese texts; `order_words` are what priority may never be given in, since need
    decides there.
    """

    code: str
    name: str
    is_basic: bool = False
    kinds: frozenset[BenefitKind] = EVERY_KIND
    words: tuple[str, ...] = ()
    order_words: tuple[str, ...] = ()

    @property
    def is_untouchable(self) -> bool:
        """Tell whether no scenario may have to do with it."""
        return not self.kinds


def _untouchable(code: str, name: str, *words: str) -> Service:
    return Service(code=code, name=name, is_basic=True, kinds=frozenset(), words=words)


def _basic(
    code: str, name: str, kinds: set[BenefitKind], words: tuple[str, ...], order_words: tuple[str, ...] = ()
) -> Service:
    return Service(code=code, name=name, is_basic=True, kinds=frozenset(kinds), words=words, order_words=order_words)


_LISTED = (
    _untouchable("emergency_care", "急救和急诊", "急救", "急诊", "抢救", "救护车"),
    _untouchable("public_health", "公共卫生和预防接种", "疫苗", "接种", "疾控"),
    _untouchable("compulsory_education", "义务教育", "义务教育", "入学", "学位分配", "中小学"),
    _untouchable("social_insurance", "社会保险", "社会保险", "社保待遇", "养老金", "失业金", "医保报销"),
    _untouchable("social_assistance", "社会救助", "社会救助", "低保", "最低生活保障", "临时救助", "特困"),
    _untouchable("basic_elder_care", "基本养老服务", "基本养老", "高龄津贴"),
    _untouchable("public_housing", "保障性住房", "公租房", "廉租房", "保障性住房"),
    _untouchable("employment_service", "公共就业服务", "公共就业", "就业登记", "失业登记"),
    _untouchable("utilities", "水电气热供应", "供水", "供电", "供气", "供暖", "供热", "停水", "停电", "水费", "电费"),
    _untouchable("rescue_and_policing", "报警、消防和救援", "报警", "消防", "救援", "出警"),
    _untouchable("legal_aid", "法律援助和诉讼", "法律援助", "立案", "诉讼"),
    _untouchable("personal_papers", "身份证件和登记", "身份证办理", "居住证", "落户", "结婚登记", "出生登记"),
    _basic(
        "medical_care",
        "公立医疗机构诊疗",
        {BenefitKind.PRIORITY, BenefitKind.CREDIT_LINE, BenefitKind.DEPOSIT_WAIVER},
        ("医院", "医疗", "诊疗", "挂号", "就诊", "住院", "取药", "转诊"),
        ("优先就诊", "优先诊疗", "优先手术", "优先住院", "优先检查", "优先挂号", "优先床位"),
    ),
    _basic("public_library", "公共图书馆", {BenefitKind.DEPOSIT_WAIVER}, ("图书馆", "借书证")),
    _basic(
        "public_transport",
        "公共交通",
        {BenefitKind.DISCOUNT, BenefitKind.CREDIT_LINE, BenefitKind.DEPOSIT_WAIVER},
        ("公交", "地铁", "轨道交通"),
    ),
    _basic(
        "government_service",
        "政务服务",
        {BenefitKind.PRIORITY},
        ("行政许可", "政务服务", "行政审批"),
    ),
    Service(code="rental_housing", name="市场化租房"),
    Service(code="housing_finance", name="房屋评估和抵押服务"),
    Service(code="licensed_lending", name="持牌机构信贷"),
    Service(code="scenic_area", name="旅游景区"),
    Service(code="lodging", name="住宿"),
    Service(code="vehicle_hire", name="车辆租赁"),
    Service(code="bike_hire", name="自行车租赁"),
    Service(code="ride_hailing", name="网约车和出租车"),
    Service(code="parking", name="停车"),
    Service(code="shared_items", name="共享物品"),
    Service(code="city_card", name="市民卡"),
    Service(code="home_care", name="市场化养老和家政"),
    Service(code="property_service", name="物业服务"),
    Service(code="venue", name="文体场馆"),
    Service(code="shop", name="商店"),
)
SERVICES: Mapping[str, Service] = {service.code: service for service in _LISTED}


def find_betrayed(texts: str) -> tuple[tuple[Service, str], ...]:
    """Find the basic services whose words stand in the Chinese texts of a scenario, each with the word."""
    return tuple((service, word) for service in SERVICES.values() for word in service.words if word in texts)

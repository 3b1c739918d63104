"""Three cities that recognise each other, their merchants, and the few invented people who travel between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from backend.demo.people import Person
from backend.demo.personas import Deed, Path, Persona
from backend.demo.shops import Shop

ZHENGZHOU, HANGZHOU, NANJING = "zhengzhou", "hangzhou", "nanjing"
TITLES: Mapping[str, str] = MappingProxyType({ZHENGZHOU: "郑州市", HANGZHOU: "杭州市", NANJING: "南京市"})
CITIES = tuple(TITLES)
SHOPS: Mapping[str, Shop] = MappingProxyType(
    {
        ZHENGZHOU: Shop(
            code="erqi_service_point",
            name="二七广场便民服务点",
            name_en="Erqi service point",
            region="410103",
            contracts={"bike_hire": {}, "shared_items": {}, "library_card": {}},
        ),
        HANGZHOU: Shop(
            code="west_lake_clinic",
            name="西湖门诊部",
            name_en="West Lake clinic",
            region="330106",
            contracts={"medical_credit": {}},
        ),
        NANJING: Shop(
            code="qinhuai_library",
            name="秦淮图书馆",
            name_en="Qinhuai library",
            region="320104",
            contracts={"library_card": {"limit_fen": 10_000}, "bus_fare": {"charged_percent": 50}},
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traveller:
    """An invented person and the city that is home; one who is not `known` has never been there."""

    home: str
    persona: Persona
    is_known: bool = True


def _supply(points: int) -> Deed:
    """The score that the city's own model gave, as its department hands it in."""
    return Deed(indicator="HZ-QJF-01", department="score_model", days_ago=30, fields={"points": points})


EXCELLENT, GOOD, LOW, UNKNOWN = "lu_yuan", "xie_weiyan", "qian_zhi", "he_ren"
SUPPLIED, SUPPLIED_GOOD = "jiang_lan", "gu_qiao"
LISTED, UNLISTED = "qin_yue", "bai_ling"
TRAVELLERS: tuple[Traveller, ...] = (
    Traveller(
        home=ZHENGZHOU,
        persona=Persona(
            key=EXCELLENT,
            name="陆远",
            story="信用优秀；同意告知杭州",
            deeds=(
                Deed(
                    indicator="ZZ-HON-03",
                    department="civilisation_office",
                    days_ago=180,
                    fields={"title": "moral_model", "grade": "provincial"},
                ),
                Deed(indicator="ZZ-PRO-01", department="justice_bureau", days_ago=100, fields={"issuer": "city"}),
            ),
        ),
    ),
    Traveller(home=ZHENGZHOU, persona=Persona(key=GOOD, name="谢未言", story="信用良好；到步骤I才同意告知杭州")),
    Traveller(
        home=ZHENGZHOU,
        persona=Persona(
            key=LOW,
            name="钱迟",
            story="信用较差；同意告知杭州",
            deeds=(
                Deed(
                    indicator="ZZ-LAW-02",
                    department="market_regulation",
                    days_ago=140,
                    fields={"licence_action": "suspended"},
                ),
            ),
        ),
    ),
    Traveller(
        home=ZHENGZHOU,
        persona=Persona(key=UNKNOWN, name="何任", story="郑州查无此人", path=Path.SIGNED_IN),
        is_known=False,
    ),
    Traveller(
        home=HANGZHOU, persona=Persona(key=SUPPLIED, name="江岚", story="市级模型供分720分", deeds=(_supply(720),))
    ),
    Traveller(
        home=HANGZHOU, persona=Persona(key=SUPPLIED_GOOD, name="顾桥", story="市级模型供分640分", deeds=(_supply(640),))
    ),
    Traveller(
        home=NANJING,
        persona=Persona(
            key=LISTED,
            name="秦月",
            story="造血干细胞捐献者，在红名单上",
            deeds=(Deed(indicator="NJ-2", department="red_cross", days_ago=200),),
        ),
    ),
    Traveller(home=NANJING, persona=Persona(key=UNLISTED, name="白翎", story="不在红名单上")),
)


def list_travellers(day: date) -> tuple[tuple[Traveller, Person], ...]:
    """Give everybody with the person behind; whoever vouches for people knows them all, wherever they live."""
    return tuple((each, each.persona.to_person(number, day)) for number, each in enumerate(TRAVELLERS))

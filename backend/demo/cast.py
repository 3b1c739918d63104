"""The personas, one for each thing that the system has to get right; their stories use Zhengzhou's catalogue."""

from datetime import date

from backend.demo.people import Person
from backend.demo.personas import MINOR_MONTHS, Deed, Path, Persona, Word, WordKind
from scoring.catalogue import Catalogue

PERSONAS: tuple[Persona, ...] = (
    Persona(
        key="lin_shouxin",
        name="林守信",
        story="信用极好：捐献造血干细胞、见义勇为、献血",
        deeds=(
            Deed(indicator="ZZ-ETH-03", department="red_cross", days_ago=200),
            Deed(indicator="ZZ-ETH-01", department="public_security", days_ago=120, fields={"degree": "recognised"}),
            Deed(indicator="ZZ-ETH-02", department="health_commission", days_ago=60, fields={"donations": 1}),
        ),
    ),
    Persona(
        key="wang_ping",
        name="王平",
        story="信用良好：普通市民，有两条小额加分",
        deeds=(
            Deed(indicator="ZZ-HON-02", department="civilisation_office", days_ago=90, fields={"grade": "town"}),
            Deed(indicator="ZZ-ETH-08", department="public_security", days_ago=45, fields={"amount_fen": 300_00}),
        ),
    ),
    Persona(key="an_fen", name="安芬", story="信用良好：开通不到一年，没有任何记录，一百分起步"),
    Persona(
        key="chen_zhiyuan",
        name="陈志远",
        story="志愿者，距信用优秀只差两分",
        deeds=(Deed(indicator="ZZ-ETH-05", department="youth_league", days_ago=80, fields={"hours": 18}),),
    ),
    Persona(
        key="jiang_mofan",
        name="江模",
        story="信用优秀：省级道德模范，行业守信名单",
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
    Persona(
        key="xu_xian",
        name="许献",
        story="一年三次献血（成分血，合并一条报送），超过每年二十分的上限",
        deeds=(Deed(indicator="ZZ-ETH-02", department="health_commission", days_ago=50, fields={"donations": 3}),),
    ),
    Persona(
        key="han_xing",
        name="韩星",
        story="志愿时长与星级择高计分",
        deeds=(
            Deed(indicator="ZZ-ETH-05", department="civil_affairs", days_ago=70, fields={"hours": 30}),
            Deed(indicator="ZZ-ETH-06", department="civil_affairs", days_ago=30, fields={"star": "three"}),
        ),
    ),
    Persona(
        key="tang_tong",
        name="唐同",
        story="同一次表彰由两个部门报送，只计一次",
        deeds=(
            Deed(
                indicator="ZZ-HON-01",
                department="civilisation_office",
                days_ago=75,
                fields={"grade": "city"},
                act="demo-act-1",
            ),
            Deed(
                indicator="ZZ-HON-01",
                department="human_resources",
                days_ago=75,
                fields={"grade": "city"},
                act="demo-act-1",
                reported_after_days=20,
            ),
        ),
    ),
    Persona(
        key="he_jing",
        name="何静",
        story="照顾孤老、文明家庭",
        deeds=(
            Deed(
                indicator="ZZ-FAM-01",
                department="civil_affairs",
                days_ago=110,
                fields={"care_months": 9, "regard": "good"},
            ),
            Deed(indicator="ZZ-FAM-02", department="womens_federation", days_ago=95, fields={"grade": "county"}),
        ),
    ),
    Persona(
        key="zhao_cuo",
        name="赵措",
        story="轻微失信：一笔三百元交通罚款，满三个月符合修复的时间条件",
        deeds=(Deed(indicator="ZZ-LAW-03", department="traffic_police", days_ago=120, fields={"amount_fen": 300_00}),),
    ),
    Persona(
        key="yang_qi",
        name="杨期",
        story="一条扣分记录再过两周满一年，分值自行恢复",
        deeds=(Deed(indicator="ZZ-LAW-04", department="traffic_police", days_ago=351),),
    ),
    Persona(
        key="qian_wan",
        name="钱晚",
        story="信用较差：暂扣证照",
        deeds=(
            Deed(
                indicator="ZZ-LAW-02",
                department="market_regulation",
                days_ago=140,
                fields={"licence_action": "suspended"},
            ),
        ),
    ),
    Persona(
        key="sun_qian",
        name="孙谦",
        story="失信被执行人：加分项照常显示、暂不计入，激励暂停",
        deeds=(
            Deed(indicator="ZZ-ETH-02", department="health_commission", days_ago=100, fields={"donations": 1}),
            Deed(indicator="ZZ-LAW-11", department="intermediate_court", days_ago=60),
        ),
    ),
    Persona(
        key="li_weicheng",
        name="李未成",
        story="十七岁，未满十八周岁，不能开通",
        path=Path.SIGNED_IN,
        months_old=MINOR_MONTHS,
    ),
    Persona(
        key="zhou_tongming",
        name="周桐明",
        story="部门报送的姓名与证件不一致，身份待核实",
        deeds=(Deed(indicator="ZZ-ETH-02", department="health_commission", days_ago=130, fields={"donations": 1}),),
        path=Path.SIGNED_IN,
        name_at_department="周铜铭",
    ),
    Persona(key="wu_weikai", name="吴未凯", story="登录过，没有开通", path=Path.SIGNED_IN),
    Persona(
        key="zheng_tui",
        name="郑退",
        story="开通后撤回了同意",
        deeds=(Deed(indicator="ZZ-ETH-05", department="youth_league", days_ago=90, fields={"hours": 12}),),
        path=Path.CONSENT_WITHDRAWN,
    ),
    Persona(key="shen_hui", name="沈回", story="退出后又重新开通", path=Path.REOPENED),
    Persona(
        key="feng_yi",
        name="冯逸",
        story="对一条失信记录提出异议，处理期间暂不计分",
        deeds=(
            Deed(
                indicator="ZZ-LAW-01",
                department="urban_management",
                days_ago=150,
                fields={"penalty_class": "heavier_fine"},
                words=(Word(kind=WordKind.OBJECTED, days_ago=5, reason="当事人称处罚决定书送达错误"),),
            ),
        ),
    ),
    Persona(
        key="zhu_gai",
        name="朱改",
        story="一条记录由部门更正，扣分由十分改为五分",
        deeds=(
            Deed(
                indicator="ZZ-LAW-01",
                department="urban_management",
                days_ago=150,
                fields={"penalty_class": "heavier_fine"},
                words=(
                    Word(
                        kind=WordKind.CORRECTED,
                        days_ago=40,
                        reason="处罚档次录入有误",
                        fields={"penalty_class": "lower_fine"},
                    ),
                ),
            ),
        ),
    ),
    Persona(
        key="qin_che",
        name="秦澈",
        story="一条张冠李戴的记录已由部门撤回",
        deeds=(
            Deed(
                indicator="ZZ-LAW-04",
                department="traffic_police",
                days_ago=150,
                words=(Word(kind=WordKind.WITHDRAWN, days_ago=30, reason="驾驶人另有其人"),),
            ),
        ),
    ),
    Persona(
        key="you_fu",
        name="尤福",
        story="一条失信记录经信用修复，不再计分",
        deeds=(
            Deed(
                indicator="ZZ-LAW-01",
                department="public_security",
                days_ago=170,
                fields={"penalty_class": "lower_fine"},
                words=(Word(kind=WordKind.REPAIRED, days_ago=20, reason="义务履行完毕，公示期已满"),),
            ),
        ),
    ),
)


def list_persons(catalogue: Catalogue, day: date) -> tuple[tuple[Persona, Person], ...]:
    """List the personas whose stories can be told with a catalogue, each with the person as of `day`."""
    return tuple(
        (persona, persona.to_person(number, day))
        for number, persona in enumerate(PERSONAS)
        if all(deed.indicator in catalogue.indicators for deed in persona.deeds)
    )

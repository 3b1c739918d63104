"""A made-up small city whose rulebook has one rule of every sort, and builders of its records."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from scoring.catalogue import Catalogue
from scoring.catalogue_document import read_catalogue
from scoring.records import Event, EventKind, Record, Value
from scoring.rulebook import Rulebook
from scoring.rulebook_document import read_rulebook

CATALOGUE_TEXT = """
[catalogue]
city = "smallville"
version = "1"
effective_on = 2020-01-01
title = "小城目录"
title_en = "Small city catalogue"
basis = "小城办法"

[admission]
outside_catalogue = "国办发〔2020〕49号"
simple_procedure = "《河南省社会信用条例》第十三条第三款"
minor_remedied = "《河南省社会信用条例》第十三条第三款"
not_final = "《河南省社会信用条例》第二十条第二项"
unconfirmed_arrears = "《河南省社会信用条例》第二十七条"
sensitive_item = "《河南省社会信用条例》第四十五条"
expired = "《河南省社会信用条例》第十九条第二款"
no_document = "国办发〔2020〕49号"
adverse_kept_months = 60

[[departments]]
code = "civil_affairs"
name = "小城民政局"
name_en = "Civil Affairs"
[[departments]]
code = "court"
name = "小城法院"
name_en = "Court"
[[departments]]
code = "waterworks"
name = "小城供水"
name_en = "Waterworks"
""" + "".join(
    f"""
[[indicators]]
code = "{code}"
name = "{code}"
name_en = "{code}"
format = "structured"
providers = ["{provider}"]
subjects = ["natural_person"]
nature = "{nature}"
sharing = "authorised"
coverage = "city"
update_cycle = "monthly"
class = "{rule_class}"
basis = "小城办法第{number}条"
continuing = {str(continuing).lower()}
{items}
"""
    for number, (code, provider, nature, rule_class, continuing, items) in enumerate(
        [
            (
                "HONOUR",
                "civil_affairs",
                "favourable",
                "commendation",
                False,
                """[[indicators.items]]
name = "grade"
title = "级别"
type = "choice"
choices = { nation = "国家级", city = "市级", school = "校级" }""",
            ),
            (
                "HOURS",
                "civil_affairs",
                "favourable",
                "volunteering",
                False,
                """[[indicators.items]]
name = "hours"
title = "小时"
type = "integer"
unit = "hour"
at_least = 1
at_most = 1000""",
            ),
            (
                "STARS",
                "civil_affairs",
                "favourable",
                "volunteering",
                False,
                """[[indicators.items]]
name = "stars"
title = "星级"
type = "integer"
at_least = 1
at_most = 5""",
            ),
            ("BLOOD", "civil_affairs", "favourable", "public_welfare", False, ""),
            (
                "FINE",
                "court",
                "adverse",
                "penalty",
                False,
                """[[indicators.items]]
name = "amount_fen"
title = "罚款"
type = "integer"
unit = "fen"
at_least = 0""",
            ),
            (
                "ARREARS",
                "waterworks",
                "adverse",
                "arrears",
                True,
                """[[indicators.items]]
name = "months"
title = "月数"
type = "integer"
at_least = 1
at_most = 12""",
            ),
            (
                "GRADED",
                "court",
                "adverse",
                "other_by_law",
                False,
                """[[indicators.items]]
name = "stated_points"
title = "文书载明分值"
type = "integer"
at_least = -50
at_most = -10""",
            ),
            ("DEFAULTER", "court", "adverse", "list", True, ""),
            ("REGISTRATION", "civil_affairs", "neutral", "registration", False, ""),
        ],
        start=1,
    )
)

RULEBOOK_TEXT = """
[rulebook]
city = "smallville"
version = "1"
effective_on = 2020-01-01
title = "小城积分规则"
title_en = "Small city rulebook"
catalogue = "1"
basis = "小城办法"

[scale]
base = 100
floor = 0
ceiling = 200

[[levels]]
code = "top"
name = "极好"
name_en = "Top"
above = 150
[[levels]]
code = "high"
name = "优秀"
name_en = "High"
at_least = 120
[[levels]]
code = "fair"
name = "良好"
name_en = "Fair"
at_least = 80
[[levels]]
code = "low"
name = "较差"
name_en = "Low"

[[dimensions]]
code = "honour"
name = "荣誉"
name_en = "Honour"
[[dimensions]]
code = "deeds"
name = "公德"
name_en = "Deeds"
[[dimensions]]
code = "law"
name = "守法"
name_en = "Law"

[repeats]
factor = 2
basis = "小城办法"
origin = "own_choice"

[[rules]]
id = "R-HONOUR"
name = "表彰"
name_en = "Commendation"
dimension = "honour"
indicator = "HONOUR"
kind = "table"
field = "grade"
rows = [
  { is = "nation", points = 30, valid = { months = 60 } },
  { is = "city", points = 10, valid = { months = 24 } },
]
unscored = ["school"]
basis = "小城办法第一条"
origin = "own_choice"

[[rules]]
id = "R-HOURS"
name = "志愿时长"
name_en = "Volunteer hours"
dimension = "deeds"
indicator = "HOURS"
kind = "curve"
field = "hours"
over = "in_force"
segments = [{ to = 20, points = 1, per = 1 }, { to = 80, points = 1, per = 2 }, { points = 1, per = 4 }]
valid = { months = 12 }
action = { name = "参加志愿服务", name_en = "Volunteer", most = 100 }
basis = "小城办法第二条"
origin = "own_choice"

[[rules]]
id = "R-STARS"
name = "星级志愿者"
name_en = "Star volunteer"
dimension = "deeds"
indicator = "STARS"
kind = "table"
field = "stars"
rows = [{ at_least = 1, at_most = 3, points = 3 }, { at_least = 4, points = 15 }]
valid = { months = 12 }
basis = "小城办法第三条"
origin = "own_choice"

[[rules]]
id = "R-BLOOD"
name = "献血"
name_en = "Blood donation"
dimension = "deeds"
indicator = "BLOOD"
kind = "each"
points = 10
valid = { months = 12 }
action = { name = "无偿献血", name_en = "Give blood" }
basis = "小城办法第四条"
origin = "own_choice"

[[rules]]
id = "R-FINE"
name = "罚款"
name_en = "Fine"
dimension = "law"
indicator = "FINE"
kind = "table"
field = "amount_fen"
rows = [{ at_most = 50000, points = -5 }, { above = 50000, points = -20 }]
valid = { months = 12 }
repairable_after_months = 3
basis = "小城办法第五条"
origin = "own_choice"

[[rules]]
id = "R-ARREARS"
name = "欠费"
name_en = "Arrears"
dimension = "law"
indicator = "ARREARS"
kind = "each"
points = -2
times = "months"
valid = { months = 12, from = "end" }
basis = "小城办法第六条"
origin = "own_choice"

[[rules]]
id = "R-GRADED"
name = "视情节"
name_en = "Graded"
dimension = "law"
indicator = "GRADED"
kind = "graded"
field = "stated_points"
at_least = -50
at_most = -10
valid = { months = 24 }
basis = "小城办法第七条"
origin = "own_choice"

[[rules]]
id = "R-DEFAULTER"
name = "失信被执行人"
name_en = "Listed defaulter"
dimension = "law"
indicator = "DEFAULTER"
kind = "each"
points = 0
veto = { level_at_most = "low" }
valid = { until = "end" }
basis = "小城办法第八条"
origin = "law"

[[rules]]
id = "R-CLEAN"
name = "守法年"
name_en = "Clean year"
dimension = "law"
kind = "streak"
period = "calendar_year"
points = 5
at_most_periods = 4
basis = "小城办法第九条"
origin = "own_choice"

[[exclusive]]
id = "X-VOLUNTEER"
name = "志愿择高"
name_en = "Hours or stars"
rules = ["R-HOURS", "R-STARS"]
basis = "小城办法第十条"
origin = "own_choice"

[[limits]]
id = "L-BLOOD"
name = "献血每年"
name_en = "Blood a year"
rules = ["R-BLOOD"]
per = "calendar_year"
at_most = 20
basis = "小城办法第十一条"
origin = "own_choice"
[[limits]]
id = "L-DEEDS"
name = "公德上限"
name_en = "Deeds at most"
dimension = "deeds"
per = "in_force"
at_most = 60
basis = "小城办法第十二条"
origin = "own_choice"
[[limits]]
id = "L-FINES"
name = "罚款每年"
name_en = "Fines a year"
rules = ["R-FINE"]
per = "calendar_year"
at_least = -60
basis = "小城办法第十三条"
origin = "own_choice"
"""

CATALOGUE: Catalogue = read_catalogue(CATALOGUE_TEXT, "small catalogue")
RULEBOOK: Rulebook = read_rulebook(RULEBOOK_TEXT, "small rulebook", CATALOGUE)
TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EARLY = datetime(2000, 1, 1, tzinfo=UTC)


def record(
    indicator: str,
    occurred_on: date = date(2026, 3, 1),
    *,
    fields: Mapping[str, Value] | None = None,
    record_id: str = "",
    known_at: datetime = EARLY,
    ended_on: date | None = None,
    act: str | None = None,
    events: tuple[Event, ...] = (),
) -> Record:
    """Build a record; without an id it gets one from its indicator and day."""
    return Record(
        record_id or f"{indicator}-{occurred_on}-{sorted((fields or {}).items())}",
        indicator,
        known_at,
        occurred_on,
        ended_on,
        fields or {},
        act,
        events=events,
    )


def event(kind: EventKind, known_at: datetime = EARLY) -> Event:
    """Build an event without content."""
    return Event(kind, known_at)

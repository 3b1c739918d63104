"""A made-up treaty between the small city and a bigger one, as a document to spoil."""

import tomllib
from typing import Any

from scenarios.treaty import Treaty
from scenarios.treaty_document import read_treaty
from tests.scenarios.small_offers import OFFERS

TEXT = """
[treaty]
cities = ["bigtown", "smallville"]
version = "1"
title = { zh = "大城与小城", en = "Big and small" }
starts_on = 2026-01-01
ends_on = 2028-01-01
scopes = ["entitlement", "level", "score", "record_flags"]
flags = ["veto"]
purposes = ["benefit", "own_view"]
data_life_hours = 24
questions_person_day = 3
questions_day = 100
on_suspension = "end"
basis = "《两城办法》"
note = "自定。"

[[parties]]
city = "bigtown"
title = { zh = "大城", en = "Bigtown" }
authority = { zh = "大城信用中心", en = "Credit centre of Bigtown" }
contact = { zh = "电话0000-1", en = "phone 0000-1" }
region = "320100"
scale = { floor = 0, ceiling = 1000 }
levels = [
    { code = "gold", title = { zh = "金", en = "Gold" }, tier = "T5", at_least = 800 },
    { code = "silver", title = { zh = "银", en = "Silver" }, tier = "T3", at_least = 600 },
    { code = "plain", title = { zh = "平", en = "Plain" }, tier = "T2", at_least = 0 },
]
lists = [{ code = "heroes", title = { zh = "英雄", en = "Heroes" } }]

[[parties]]
city = "smallville"
title = { zh = "小城", en = "Smallville" }
authority = { zh = "小城信用中心", en = "Credit centre of Smallville" }
contact = { zh = "待双方签署时填写", en = "to be filled in when both sign" }
region = "410100"
scale = { floor = 0, ceiling = 200 }
levels = [
    { code = "top", title = { zh = "一", en = "Top" }, tier = "T5", at_least = 151 },
    { code = "high", title = { zh = "二", en = "High" }, tier = "T5", at_least = 120 },
    { code = "fair", title = { zh = "三", en = "Fair" }, tier = "T3", at_least = 100 },
    { code = "low", title = { zh = "四", en = "Low" }, tier = "T2", at_least = 0 },
]

[[rights]]
host = "smallville"
scenario = "deposit"
home = "bigtown"
from_level = "gold"

[[rights]]
host = "smallville"
scenario = "price"
home = "bigtown"
on_list = "heroes"

[[maps]]
home = "bigtown"
host = "smallville"
points = [[0, 0], [600, 100], [800, 120], [1000, 200]]

[[maps]]
home = "smallville"
host = "bigtown"
points = [[0, 0], [100, 600], [120, 800], [200, 1000]]

[duties]
deletion_hours = 24
breach_notice_hours = 12
purpose_limit = { zh = "只用于所同意的", en = "What was consented to alone" }
deletion = { zh = "24小时内删除", en = "Deleted in 24 hours" }
no_passing_on = { zh = "不转送", en = "Never passed on" }
security = { zh = "加密", en = "Sealed" }
breach_notice = { zh = "12小时内通知", en = "Told in 12 hours" }
complaints = { zh = "两城受理", en = "Either city" }
liability = { zh = "各自负责", en = "Each its own" }
audit = { zh = "每年一次", en = "Every year" }
on_ending = { zh = "到期删除", en = "Deleted at the end" }

[[cases]]
name = "金"
home = "bigtown"
host = "smallville"
person = { level = "gold", points = 900, lists = ["heroes"] }
flags = ["veto"]
told = { entitlement = ["deposit", "price"], level = "T5", points = 900, equivalent = 160, flags = ["veto"] }
"""
CATALOGUES = {"smallville": OFFERS}
TREATY: Treaty = read_treaty(TEXT, "small treaty", CATALOGUES)


def parse_treaty() -> dict[str, Any]:
    """The document as parsed values, to spoil."""
    return tomllib.loads(TEXT)

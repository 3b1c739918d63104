"""A made-up edition of scenarios for the small city: one of every sort, and a document to spoil."""

import tomllib
from typing import Any

from scenarios.catalogue import ScenarioCatalogue
from scenarios.scenario_document import build_scenarios
from tests.scoring.small_city import RULEBOOK

HEAD = """
[catalogue]
city = "smallville"
version = "1"
effective_on = 2026-01-01
title = { zh = "小城场景", en = "Small city" }
region = "410100"
figures = "unpublished"
levels = ["top", "high", "fair", "low"]
basis = "《小城办法》"
note = "自定。"

[bounds]
open_grants = 3
overdue_grants = 1
held_fen = 50_000

[[lists]]
code = "volunteers"
title = { zh = "志愿者", en = "Volunteers" }
indicators = ["HOURS"]

[[lists]]
code = "defaulters"
title = { zh = "失信被执行人", en = "Defaulters" }
indicators = ["DEFAULTER"]
"""


def write_scenario(code: str, kind: str, benefit: str = "", condition: str = 'level = "high"', more: str = "") -> str:
    """Write one scenario of a service that is not basic; `more` are further keys of its table."""
    return f"""
[[scenarios]]
code = "{code}"
title = {{ zh = "优惠{code}", en = "Offer {code}" }}
family = "leisure"
service = "shop"
owner = "小城商店"
basis = "《小城办法》"
source = "own"
note = "自定。"
starts_on = 2026-01-01
otherwise = {{ zh = "按公示价格。", en = "The posted price." }}
{more}
[scenarios.condition]
{condition}
[scenarios.benefit]
kind = "{kind}"
description = {{ zh = "优惠。", en = "A benefit." }}
{benefit}
[scenarios.quotas]
citizen_day = 2
citizen_total = 9
"""


TEXT = HEAD + "".join(
    (
        write_scenario(
            "deposit", "deposit_waiver", "limit_fen = 10_000\nlasting_days = 30", more='excludes = ["line"]'
        ),
        write_scenario("line", "credit_line", "figure_by_contract = true\nlasting_days = 10"),
        write_scenario("price", "discount", "charged_percent = 80", 'on_any_of = ["volunteers"]'),
        write_scenario("first", "priority", condition='level = "fair"\nleast_age = 60\ngreatest_age = 90'),
        write_scenario("free", "free_use", "free_minutes = 30", 'least_points = 140\nregions = ["410105"]'),
        write_scenario("lender", "referral", condition='level = "high"\non_none_of = ["defaulters"]'),
    )
)


def parse_offers() -> dict[str, Any]:
    """The document as parsed values, to spoil."""
    return tomllib.loads(TEXT)


OFFERS: ScenarioCatalogue = build_scenarios(parse_offers(), "small offers", RULEBOOK)

"""One scenario from its table of a document; faults are noted in the document's list."""

from scenarios.catalogue import OVERDUE_DAYS, Benefit, BenefitKind, Condition, Quotas, Scenario, Wording
from scenarios.services import FAMILIES, SERVICES
from scoring.documents import Table

SOURCES = ("published", "published_elsewhere", "own")

# Keys that somebody might try as a condition. Each would be a fault anyway; these get the reason with it.
PROFILE_KEYS = (
    *("household_registration", "hukou", "residence", "residence_permit", "birthplace", "origin", "nationality"),
    *("ethnicity", "religion", "gender", "sex", "marital_status", "education", "occupation", "employer"),
    *("income", "property", "party_member", "health"),
)
PROFILE_GROUND = (
    "is an attribute of a person and no conduct, so nothing may depend on it (PIPL Art. 6; NDRC, 2019-07-18: incentives"
    " are for everybody); a condition may name level or points, lists, age and the regions of use"
)


def read_wording(table: Table, key: str) -> Wording:
    """Read a sentence in both languages."""
    given = table.table(key)
    wording = Wording(zh=given.text("zh"), en=given.text("en"))
    given.finish()
    return wording


def read_scenario(table: Table) -> Scenario:
    """Read one scenario; `excludes` are those that its own table names."""
    if table.has("is_basic"):
        table.raw("is_basic")
        table.fault("is_basic", "is decided by the service, not by a document; leave it out")
    service = SERVICES[table.one_of("service", tuple(SERVICES))]
    scenario = Scenario(
        code=table.text("code"),
        title=read_wording(table, "title"),
        family=table.one_of("family", tuple(FAMILIES)),
        service=service.code,
        is_basic=service.is_basic,
        owner=table.text("owner"),
        basis=table.text("basis"),
        source=table.one_of("source", SOURCES),
        note=table.text("note"),
        starts_on=table.day("starts_on"),
        ends_on=table.optional_day("ends_on"),
        condition=_read_condition(table.table("condition")),
        benefit=_read_benefit(table.table("benefit")),
        quotas=_read_quotas(table.table("quotas")),
        excludes=frozenset(table.texts("excludes")),
        otherwise=read_wording(table, "otherwise"),
    )
    table.finish()
    return scenario


def _read_condition(table: Table) -> Condition:
    for key in PROFILE_KEYS:
        if table.has(key):
            table.raw(key)
            table.fault(key, PROFILE_GROUND)
    condition = Condition(
        level=table.text("level") if table.has("level") else None,
        least_points=table.optional_integer("least_points"),
        on_any_of=table.texts("on_any_of"),
        on_none_of=table.texts("on_none_of"),
        least_age=table.optional_integer("least_age"),
        greatest_age=table.optional_integer("greatest_age"),
        regions=table.texts("regions"),
    )
    table.finish()
    return condition


def _read_benefit(table: Table) -> Benefit:
    kind = BenefitKind(table.one_of("kind", tuple(BenefitKind)))
    benefit = Benefit(
        kind=kind,
        description=read_wording(table, "description"),
        limit_fen=table.optional_integer("limit_fen"),
        charged_percent=table.optional_integer("charged_percent"),
        free_minutes=table.optional_integer("free_minutes"),
        reserved_minutes=table.integer("reserved_minutes", 15),
        lasting_days=table.integer("lasting_days", 0),
        overdue_days=table.integer("overdue_days", OVERDUE_DAYS),
        figure_by_contract=table.flag("figure_by_contract", default=False),
    )
    table.finish()
    return benefit


def _read_quotas(table: Table) -> Quotas:
    quotas = Quotas(
        citizen_day=table.optional_integer("citizen_day"),
        citizen_total=table.optional_integer("citizen_total"),
        merchant_day=table.optional_integer("merchant_day"),
        scenario_day=table.optional_integer("scenario_day"),
        scenario_total=table.optional_integer("scenario_total"),
    )
    table.finish()
    return quotas

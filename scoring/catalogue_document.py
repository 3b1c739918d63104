"""A catalogue from its TOML document, or a refusal that lists every fault."""

from collections.abc import Mapping
from typing import cast

from scoring.catalogue import (
    FILTERS,
    FORBIDDEN_NAME_WORDS,
    PERMITTED_CLASSES,
    Catalogue,
    Deadline,
    Department,
    Indicator,
    Item,
    Nature,
    Reach,
    find_forbidden,
    is_sensitive,
    is_sensitive_label,
)
from scoring.documents import DocumentError, Table, parse

FORMATS = ("structured", "document")
SUBJECTS = (
    "natural_person",
    "enterprise",
    "sole_trader",
    "social_organisation",
    "public_institution",
    "government_body",
)
SHARING = ("open", "government", "authorised")
COVERAGE = ("district", "city", "province", "nation")
CYCLES = ("daily", "weekly", "monthly", "quarterly", "yearly", "on_event")
ITEM_TYPES = ("choice", "integer", "flag")
REACHED = ("legal_representative",)
MOST_ITEMS, MOST_CHOICES = 100, 200  # of an indicator, of an item
LONGEST_DEADLINE = 60  # working days; beyond, somebody meant calendar days


def read_catalogue(text: str, name: str) -> Catalogue:
    """Read a catalogue; DocumentError names every fault with its place and what would be right."""
    faults: list[str] = []
    catalogue = build_catalogue(Table(parse(text, name), name, faults))
    if faults:
        raise DocumentError(name, faults)
    return catalogue


def build_catalogue(document: Table) -> Catalogue:
    """Build a catalogue from a parsed document; faults are noted in the document's list."""
    head = document.table("catalogue")
    admission = document.table("admission")
    laws = {key: admission.text(key) for key in FILTERS if admission.has(key)}
    kept = admission.integer("adverse_kept_months") if "expired" in laws else 0
    departments = _read_departments(document)
    indicators: dict[str, Indicator] = {}
    read = [(table, _read_indicator(table, departments)) for table in document.tables("indicators", "code")]
    for table, indicator in read:
        if indicator.code in indicators:
            table.fault("code", f"{indicator.code} stands twice; each indicator needs a code of its own")
        indicators[indicator.code] = indicator
    for table, indicator in read:
        _check_reach(table, indicator, indicators)
    catalogue = Catalogue(
        city=head.text("city"),
        version=head.version("version"),
        effective_on=head.day("effective_on"),
        title=head.text("title"),
        title_en=head.text("title_en"),
        basis=head.text("basis"),
        note=head.text("note", ""),
        laws=laws,
        adverse_kept_months=kept,
        departments=departments,
        indicators=indicators,
        check_due=_read_deadline(document, "check_due"),
    )
    for table in (head, admission, document):
        table.finish()
    return catalogue


def _read_departments(document: Table) -> dict[str, Department]:
    departments: dict[str, Department] = {}
    for table in document.tables("departments", "code"):
        department = Department(
            code=table.code("code"),
            name=table.text("name"),
            name_en=table.text("name_en"),
            own=table.flag("own", default=False),
        )
        if department.code in departments:
            table.fault("code", f"{department.code} stands twice; each department needs a code of its own")
        departments[department.code] = department
        table.finish()
    return departments


def _read_indicator(table: Table, departments: Mapping[str, Department]) -> Indicator:
    items: dict[str, Item] = {}
    for item_table in table.tables("items", "name", most=MOST_ITEMS):
        item = _read_item(item_table)
        if item.name in items:
            item_table.fault("name", f"{item.name} stands twice in {table.path}")
        items[item.name] = item
    indicator = Indicator(
        code=table.code("code"),
        name=table.text("name"),
        name_en=table.text("name_en"),
        format=table.one_of("format", FORMATS),
        providers=table.texts("providers"),
        subjects=table.texts("subjects"),
        nature=Nature(table.one_of("nature", tuple(Nature))),
        sharing=table.one_of("sharing", SHARING),
        coverage=table.one_of("coverage", COVERAGE),
        update_cycle=table.one_of("update_cycle", CYCLES),
        items=items,
        rule_class=_read_class(table),
        basis=table.text("basis"),
        continuing=table.flag("continuing", default=False),
        due=_read_deadline(table, "due"),
        reaches=_read_reach(table),
    )
    _check_lists(table, indicator, departments)
    table.finish()
    return indicator


def _read_deadline(table: Table, key: str) -> Deadline | None:
    if not table.has(key):
        return None
    given = table.table(key)
    deadline = Deadline(working_days=given.integer("working_days"), basis=given.text("basis"))
    if not 1 <= deadline.working_days <= LONGEST_DEADLINE:
        given.fault("working_days", f"{deadline.working_days} is not from 1 to {LONGEST_DEADLINE}")
    given.finish()
    return deadline


def _read_reach(table: Table) -> Reach | None:
    if not table.has("reaches"):
        return None
    given = table.table("reaches")
    reach = Reach(
        indicator=given.text("indicator"),
        who=given.one_of("who", REACHED),
        when=given.text("when"),
        basis=given.text("basis"),
    )
    given.finish()
    return reach


def _check_reach(table: Table, origin: Indicator, indicators: Mapping[str, Indicator]) -> None:
    """Hold what reaches a person to what the person's own indicator takes: whoever hands in one hands in both."""
    reach = origin.reaches
    if reach is None:
        return
    if set(origin.subjects) <= {"natural_person"}:
        table.fault("reaches", "belongs to an indicator of organisations; a person's record reaches nobody else")
    if reach.when not in origin.items or origin.items[reach.when].type != "flag":
        table.fault("reaches", f"{reach.when} is not a flag item of {origin.code}; add one that a row must set")
    target = indicators.get(reach.indicator)
    if target is None or "natural_person" not in target.subjects:
        table.fault("reaches", f"{reach.indicator} is not an indicator of natural persons in this catalogue")
        return
    if not set(origin.providers) <= set(target.providers):
        table.fault("reaches", f"{target.code} is not provided by everybody who provides {origin.code}")
    if origin.continuing and not target.continuing:
        table.fault("reaches", f"{target.code} is not continuing and {origin.code} is; make them alike")
    for item in target.items.values():
        if item.required and origin.items.get(item.name) != item:
            table.fault("reaches", f"{target.code} demands {item.name}, which rows of {origin.code} need not carry")


def _read_class(table: Table) -> str:
    rule_class = table.text("class")
    ground = find_forbidden(rule_class)
    if ground is not None:
        table.fault("class", f"{rule_class} may not be collected: {ground}")
    elif rule_class and rule_class not in PERMITTED_CLASSES:
        table.fault("class", f"{rule_class!r} is not one of {', '.join(PERMITTED_CLASSES)}")
    return rule_class


def _check_lists(table: Table, indicator: Indicator, departments: Mapping[str, Department]) -> None:
    for word in FORBIDDEN_NAME_WORDS:
        if word in indicator.name:
            table.fault("name", f"speaks of {word}, which may not be collected, whatever class it claims")
    if not indicator.providers:
        table.fault("providers", "names nobody; an indicator needs a department that may hand it in")
    for code in indicator.providers:
        if code not in departments:
            table.fault("providers", f"{code} is not a department of this catalogue")
    if not indicator.subjects:
        table.fault("subjects", f"is empty; name one or more of {', '.join(SUBJECTS)}")
    for subject in indicator.subjects:
        if subject not in SUBJECTS:
            table.fault("subjects", f"{subject!r} is not one of {', '.join(SUBJECTS)}")


def _read_item(table: Table) -> Item:
    name, title = table.column("name"), table.text("title")
    for key, text in (("name", name), ("title", title)):
        if is_sensitive(text):
            table.fault(key, f"{text} may not be collected: it is sensitive (个人信息保护法 Art. 6, 28)")
    item_type = table.one_of("type", ITEM_TYPES)
    choices = table.raw("choices") or {}
    if item_type == "choice" and not _are_labels(choices):
        table.fault("choices", "is missing or not a table of code to label")
        choices = {}
    if isinstance(choices, dict) and len(choices) > MOST_CHOICES:
        table.fault("choices", f"has {len(choices)} entries; {MOST_CHOICES} are the most")
        choices = {}
    for label in cast("dict[str, str]", choices).values():
        if is_sensitive_label(label):
            table.fault("choices", f"{label} may not be collected: it is sensitive (个人信息保护法 Art. 6, 28)")
    item = Item(
        name=name,
        title=title,
        type=item_type,
        unit=table.text("unit", ""),
        required=table.flag("required", default=True),
        choices=cast("dict[str, str]", choices),
        at_least=table.optional_integer("at_least"),
        at_most=table.optional_integer("at_most"),
    )
    table.finish()
    return item


def _are_labels(value: object) -> bool:
    return (
        isinstance(value, dict)
        and len(value) > 0
        and all(isinstance(code, str) and isinstance(label, str) for code, label in value.items())
    )

"""Rows with one thing wrong each, so that every reason for which a row is refused can be seen in the demo."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

from backend.demo.people import Person
from backend.demo.records import HandIn, RecordDrawer
from backend.people.identity_numbers import SubjectKind
from backend.records.rows import AnyRow, HandedInRow, MalformedRow
from backend.web.problems import Fault, Place
from scoring.admission import LegalFacts
from scoring.catalogue import PENALTY_CLASSES, Catalogue, Indicator, Nature
from scoring.days import add_months
from scoring.records import Content, Value

FUTURE_DAYS = 30
OCCURRED_DAYS_AGO, REPORTED_DAYS_AGO, REPEATED_AFTER_DAYS = 60, 20, 10
TOO_OLD_MONTHS = 2
BEFORE_EVERYBODY = date(1901, 1, 1)
NOT_IN_ANY_CATALOGUE = "XX-NONE-01"


@dataclass(frozen=True, slots=True)
class FlawedHandIn:
    """A row that a department hands in on a day, and the code that its receipt will carry."""

    on: date
    department: str
    row: AnyRow
    code: str


class FlawMaker:
    """Makes flawed rows about a person from the catalogue of a city."""

    def __init__(self, drawer: RecordDrawer, catalogue: Catalogue, *, day: date) -> None:
        """Make rows that are handed in before `day`."""
        self._drawer = drawer
        self._catalogue = catalogue
        self._day = day

    def make(self, person: Person) -> Iterator[FlawedHandIn]:
        """Make one row about `person` for each reason that there is in this city, and what they need beside them."""
        fair = self._make_fair(person)
        yield FlawedHandIn(fair.on, fair.department, fair.row, "")
        for code, change in _CHANGES.items():
            yield FlawedHandIn(fair.on, fair.department, change(fair.row, fair.on), code)
        later = fair.on + timedelta(days=REPEATED_AFTER_DAYS)
        yield FlawedHandIn(later, fair.department, fair.row, "duplicate")
        yield FlawedHandIn(later, fair.department, _say_other_day(fair.row), "source_key_reused")
        yield FlawedHandIn(later, fair.department, replace(fair.row, name=f"{fair.row.name}某"), "identity_in_doubt")
        yield FlawedHandIn(fair.on, self._find_stranger(fair), replace(fair.row, source_key="s"), "not_provider")
        yield from self._make_wrong_subject(person)
        yield from self._make_unlawful(person)

    def _make_fair(self, person: Person) -> HandIn:
        drawn = self._drawer.draw_one(person, Nature.FAVOURABLE).row
        indicator = self._catalogue.indicators[drawn.indicator]
        occurred_on = self._day - timedelta(days=OCCURRED_DAYS_AGO)
        content = Content(occurred_on, fields=drawn.report.content.fields)
        reported_on = self._day - timedelta(days=REPORTED_DAYS_AGO)
        return self._drawer.make(person, indicator, content, reported_on=reported_on)

    def _find_stranger(self, fair: HandIn) -> str:
        providers = self._catalogue.indicators[fair.row.indicator].providers
        return next(code for code in self._catalogue.departments if code not in providers)

    def _make_wrong_subject(self, person: Person) -> Iterator[FlawedHandIn]:
        for indicator in self._catalogue.indicators.values():
            if SubjectKind.NATURAL_PERSON not in indicator.subjects:
                made = self._drawer.make(person, indicator, Content(self._day - timedelta(days=OCCURRED_DAYS_AGO)))
                yield FlawedHandIn(made.on, made.department, made.row, "wrong_subject")
                return

    def _make_unlawful(self, person: Person) -> Iterator[FlawedHandIn]:
        for code, (is_about, change) in _UNLAWFUL.items():
            indicator = self._find_indicator(is_about)
            if code not in self._catalogue.laws or indicator is None:
                continue
            made = self._drawer.make(person, indicator, self._make_content(indicator, code))
            report = made.row.report
            row = replace(made.row, report=report._replace(legal=change(report.legal)))
            yield FlawedHandIn(self._day, made.department, row, code)

    def _make_content(self, indicator: Indicator, code: str) -> Content:
        fields = {item.name: _least_value(indicator, item.name) for item in indicator.items.values() if item.required}
        occurred_on = self._day - timedelta(days=OCCURRED_DAYS_AGO)
        if code == "expired":
            occurred_on = add_months(self._day, -self._catalogue.adverse_kept_months - TOO_OLD_MONTHS)
        return Content(occurred_on, fields=fields)

    def _find_indicator(self, is_about: Callable[[Indicator], bool]) -> Indicator | None:
        return next(
            (
                indicator
                for indicator in self._catalogue.indicators.values()
                if indicator.nature is Nature.ADVERSE
                and SubjectKind.NATURAL_PERSON in indicator.subjects
                and is_about(indicator)
            ),
            None,
        )


def _least_value(indicator: Indicator, name: str) -> Value:
    item = indicator.items[name]
    if item.type == "choice":
        return next(iter(item.choices))
    return False if item.type == "flag" else max(1, item.at_least or 0)


def _with_content(row: HandedInRow, content: Content) -> HandedInRow:
    return replace(row, source_key=f"{row.source_key}-flawed", report=row.report._replace(content=content))


def _add_item(row: HandedInRow, name: str) -> HandedInRow:
    content = row.report.content
    return _with_content(row, content._replace(fields={**content.fields, name: "A"}))


def _say_other_day(row: HandedInRow) -> HandedInRow:
    content = row.report.content
    other = content._replace(occurred_on=content.occurred_on - timedelta(days=1))
    return replace(row, report=row.report._replace(content=other))


def _break_number(row: HandedInRow) -> HandedInRow:
    last = "0" if row.id_number[-1] != "0" else "1"
    return replace(row, id_number=row.id_number[:-1] + last)


def _move_ahead(row: HandedInRow, on: date) -> HandedInRow:
    return _with_content(row, row.report.content._replace(occurred_on=on + timedelta(days=FUTURE_DAYS), ended_on=None))


_CHANGES: Mapping[str, Callable[[HandedInRow, date], AnyRow]] = MappingProxyType(
    {
        "outside_catalogue": lambda row, _: replace(row, indicator=NOT_IN_ANY_CATALOGUE),
        "sensitive_item": lambda row, _: _add_item(row, "blood_type"),
        "bad_items": lambda row, _: _add_item(row, "remark"),
        "bad_identity": lambda row, _: _break_number(row),
        "future_day": _move_ahead,
        "before_birth": lambda row, _: _with_content(
            row, row.report.content._replace(occurred_on=BEFORE_EVERYBODY, ended_on=None)
        ),
        "malformed_row": lambda _, __: MalformedRow(
            (Fault(place=Place.BODY, pointer="/occurred_on", code="not_a_day"),)
        ),
    }
)


def _is_penalty(indicator: Indicator) -> bool:
    return indicator.rule_class in PENALTY_CLASSES


def _is_arrears(indicator: Indicator) -> bool:
    return indicator.rule_class == "arrears"


def _is_single_act(indicator: Indicator) -> bool:
    return not indicator.continuing and not _is_arrears(indicator)


_UNLAWFUL: Mapping[str, tuple[Callable[[Indicator], bool], Callable[[LegalFacts], LegalFacts]]] = MappingProxyType(
    {
        "simple_procedure": (_is_penalty, lambda legal: legal._replace(procedure="simple")),
        "minor_remedied": (_is_penalty, lambda legal: legal._replace(minor_and_remedied=True)),
        "not_final": (_is_penalty, lambda legal: legal._replace(finality="not_final")),
        "unconfirmed_arrears": (_is_arrears, lambda legal: legal._replace(confirmed_by="none")),
        "no_document": (_is_single_act, lambda legal: legal._replace(document_no=None)),
        "expired": (_is_single_act, lambda legal: legal),
    }
)

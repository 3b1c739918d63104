"""The quality of what departments hand in, by department and indicator, over days of receipt.

Two clocks run, and the catalogue says where. A licence or penalty must be handed in within so many working days of
its decision: the department's clock, over accepted rows. What was received must be checked within so many working days:
the platform's clock, over all rows; it matters where rows wait in quarantine, and where files wait to be read. Rows
that were not read yet are in no figure: `count_unread_files` in `tables` tells whether there are any.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from backend.gateways.rulebook_files import CityRules
from backend.gateways.working_days import WorkingCalendar
from backend.records.receipts import Outcome
from backend.reports.counts import (
    QuarantineCount,
    ReceiptCount,
    Span,
    count_changes,
    count_quarantined,
    count_receipts,
    list_inspected,
)
from backend.reports.figures import DeadlineTally, Delay, DelayTally, Punctuality, Share
from backend.reports.samples import Finding
from scoring.catalogue import Catalogue, Deadline, Indicator
from scoring.records import EventKind
from scoring.rulebook import NoRulebookError


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFigures:
    """The figures of one department and indicator; no indicator for rows that could not be read that far.

    `outcomes` and `refusals` (by reason, the commonest first) are shares of all rows handed in; `completeness` is the
    share of optional items filled by accepted rows; `corrected` and `withdrawn` are shares of accepted rows;
    `differing` is the share of inspected records that did not agree with the file, `without_document` among them.
    `timeliness` and `check` are None where no law sets a clock.
    """

    department: str
    indicator: str | None
    handed_in: int
    outcomes: Mapping[Outcome, Share]
    refusals: tuple[tuple[str, Share], ...]
    timeliness: Punctuality | None
    check: Punctuality | None
    delay: Delay
    completeness: Share
    corrected: Share
    withdrawn: Share
    differing: Share
    without_document: int


@dataclass(slots=True)
class _Tally:
    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    delay: DelayTally = field(default_factory=DelayTally)
    timeliness: DeadlineTally | None = None
    check: DeadlineTally | None = None
    filled: int = 0
    fillable: int = 0

    def add_receipts(
        self, count: ReceiptCount, catalogue: Catalogue | None, calendar: WorkingCalendar, today: date
    ) -> None:
        self.outcomes[count.outcome] += count.rows
        if count.outcome == Outcome.REFUSED:
            self.refusals[count.code or ""] += count.rows
        if count.outcome != Outcome.QUARANTINED:
            self._add_check(count, count.checked_on, catalogue, calendar, today)
        indicator = None if catalogue is None else catalogue.indicators.get(count.indicator or "")
        if indicator is not None and indicator.due is not None:
            self.timeliness = _open(self.timeliness, indicator.due)
        if count.outcome == Outcome.ACCEPTED:
            self._add_accepted(count, indicator, calendar)

    def add_quarantined(
        self, count: QuarantineCount, catalogue: Catalogue | None, calendar: WorkingCalendar, today: date
    ) -> None:
        self._add_check(count, count.decided_on, catalogue, calendar, today)

    def _add_check(
        self,
        count: ReceiptCount | QuarantineCount,
        checked_on: date | None,
        catalogue: Catalogue | None,
        calendar: WorkingCalendar,
        today: date,
    ) -> None:
        """Hold rows against the platform's clock: what is not checked is pending until its days are over, then late."""
        if catalogue is None or catalogue.check_due is None:
            return
        self.check = _open(self.check, catalogue.check_due)
        if checked_on == count.received_on:
            verdict: bool | None = True  # by any calendar, published or not
        else:
            verdict = calendar.is_in_time(count.received_on, checked_on or today, catalogue.check_due.working_days)
        if checked_on is None and verdict:
            self.check.pending += count.rows
        else:
            self.check.add(verdict, count.rows)

    def _add_accepted(self, count: ReceiptCount, indicator: Indicator | None, calendar: WorkingCalendar) -> None:
        self.delay.add(calendar, count.occurred_on, count.received_on, count.rows)
        if indicator is None:
            return
        if indicator.due is not None and self.timeliness is not None:
            length, decided_on = indicator.due.working_days, count.occurred_on
            verdict = None if decided_on is None else calendar.is_in_time(decided_on, count.received_on, length)
            self.timeliness.add(verdict, count.rows)
        required = sum(item.required for item in indicator.items.values())
        self.filled += count.items_given - required * count.rows_with_items
        self.fillable += (len(indicator.items) - required) * count.rows_with_items

    def close(self, department: str, indicator: str | None) -> QualityFigures:
        handed_in, accepted = self.outcomes.total(), self.outcomes[Outcome.ACCEPTED]
        refusals = sorted(self.refusals.items(), key=lambda each: (-each[1], each[0]))
        inspected = self.findings.total()
        return QualityFigures(
            department=department,
            indicator=indicator,
            handed_in=handed_in,
            outcomes={outcome: Share(self.outcomes[outcome], handed_in) for outcome in Outcome},
            refusals=tuple((code, Share(rows, handed_in)) for code, rows in refusals),
            timeliness=None if self.timeliness is None else self.timeliness.close(),
            check=None if self.check is None else self.check.close(),
            delay=self.delay.close(),
            completeness=Share(self.filled, self.fillable),
            corrected=Share(self.changes[EventKind.CORRECTED], accepted),
            withdrawn=Share(self.changes[EventKind.WITHDRAWN], accepted),
            differing=Share(inspected - self.findings[Finding.AGREES], inspected),
            without_document=self.findings[Finding.NO_DOCUMENT],
        )


def _open(tally: DeadlineTally | None, deadline: Deadline) -> DeadlineTally:
    """Give the tally, a new one where there is none; it shows the deadline that was in force last."""
    if tally is None:
        return DeadlineTally(deadline)
    tally.deadline = deadline
    return tally


def measure_quality(
    session: Session, span: Span, *, rules: CityRules, calendar: WorkingCalendar, today: date
) -> tuple[QualityFigures, ...]:
    """Measure what was received in a span, by department and indicator in the order of their codes.

    Each row is held against the catalogue of the day of its receipt. Corrections and withdrawals are those known now.
    """
    tallies: dict[tuple[str, str | None], _Tally] = {}

    def find(department: str, indicator: str | None) -> _Tally:
        return tallies.setdefault((department, indicator), _Tally())

    for count in sorted(count_receipts(session, span), key=lambda each: each.received_on):
        tally = find(count.department, count.indicator)
        tally.add_receipts(count, _find_catalogue(rules, count.received_on), calendar, today)
    for waiting in count_quarantined(session, span):
        tally = find(waiting.department, waiting.indicator)
        tally.add_quarantined(waiting, _find_catalogue(rules, waiting.received_on), calendar, today)
    for change in count_changes(session, span, (EventKind.CORRECTED.value, EventKind.WITHDRAWN.value)):
        find(change.department, change.indicator).changes[change.kind] += change.records
    # Of several findings about a record, in one sample or in two, the last one counts.
    latest = {(each.department, each.indicator, each.record_id): each.finding for each in list_inspected(session, span)}
    for (department, indicator, _), finding in latest.items():
        find(department, indicator).findings[finding] += 1
    order = sorted(tallies, key=lambda key: (key[0], key[1] or ""))
    return tuple(tallies[key].close(*key) for key in order)


def _find_catalogue(rules: CityRules, day: date) -> Catalogue | None:
    try:
        return rules.catalogue_on(day)
    except NoRulebookError:
        return None

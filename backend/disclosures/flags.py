"""The flags of a person: a list of honour or a veto that is in force, with what it rests on and its last day."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.scores.facts import read_facts
from backend.web.problems import Refusal
from scenarios.catalogue import ScenarioCatalogue
from scenarios.treaty import Flag, FlagKind, PartyList
from scoring.evaluation import evaluate
from scoring.statement import Reason, Score

_Found = tuple[FlagKind, str, date | None]


def list_flags(
    session: Session,
    subject_id: UUID,
    *,
    lists: Mapping[str, PartyList],
    catalogue: ScenarioCatalogue | None,
    rules: CityRules,
    sealer: Sealer,
    now: datetime,
) -> tuple[Flag, ...]:
    """List the flags of a person today, one for each thing they rest on, in order; none without a score.

    `lists` are those of honour that the treaty knows; which records put somebody on one says `catalogue`. A flag ends
    when the last of the records behind it lapses.
    """
    facts = read_facts(session, subject_id, rules=rules, sealer=sealer, now=now)
    if isinstance(facts, Refusal):
        return ()
    score = evaluate(facts.records, facts.rulebook, as_of=facts.today, known_at=facts.known_at, since=facts.since)
    rests_on = {} if catalogue is None else {code: catalogue.lists[code] for code in lists if code in catalogue.lists}
    found: list[_Found] = [
        (FlagKind.RED_LIST, lists[code].title.zh, lapses_on)
        for code, indicators in rests_on.items()
        for indicator, lapses_on in _list_in_force(score)
        if indicator in indicators
    ]
    vetoes = ((line.grounds.basis if line.grounds else "", line.lapses_on) for line in score.vetoes)
    found.extend((FlagKind.VETO, basis, lapses_on) for basis, lapses_on in vetoes)
    return _join(found)


def _list_in_force(score: Score) -> Iterator[tuple[str, date | None]]:
    """Give the indicator of each record that is in force with the day on which it lapses, as `list_in_force` does."""
    for line in score.lines:
        if line.record is not None:
            yield line.record.indicator, line.lapses_on
    for each in score.uncounted:
        is_in_force = each.lapses_on is None or score.as_of < each.lapses_on
        if each.reason is Reason.SAME_ACT and is_in_force:
            yield each.record.indicator, each.lapses_on


def _join(found: Iterable[_Found]) -> tuple[Flag, ...]:
    ends: dict[tuple[FlagKind, str], list[date | None]] = {}
    for kind, basis, lapses_on in found:
        ends.setdefault((kind, basis), []).append(lapses_on)
    return tuple(Flag(kind, basis, _find_last(days)) for (kind, basis), days in sorted(ends.items()))


def _find_last(days: Iterable[date | None]) -> date | None:
    known = list(days)
    return None if None in known else max(day for day in known if day is not None)

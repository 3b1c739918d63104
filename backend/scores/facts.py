"""What a person's score is computed from, read in one go, or why there is no score."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.people.standing import Status, find_standing
from backend.records.ledger import read_records
from backend.web.problems import ProblemCode, Refusal
from scoring.records import Record, moments_of_news
from scoring.rulebook import Rulebook

REFUSED_AS = {
    Status.NOT_ENROLLED: ProblemCode.NOT_ENROLLED,
    Status.UNDER_AGE: ProblemCode.UNDER_AGE,
    Status.IDENTITY_IN_DOUBT: ProblemCode.IDENTITY_IN_DOUBT,
    Status.CONSENT_WITHDRAWN: ProblemCode.CONSENT_WITHDRAWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The records of an enrolled person with the city's rules; `since` is the day the account was opened.

    `known_at` is the moment up to which the records are known: never before the last of them, see `latest_news`.
    """

    records: tuple[Record, ...]
    rules: CityRules
    since: date
    now: datetime
    known_at: datetime

    @property
    def today(self) -> date:
        """Give the city day of the moment at which the facts were read."""
        return today(self.now)

    @property
    def first_day(self) -> date:
        """Give the first day with a score: that of the opening, or of the first rulebook if that came later."""
        return max(self.since, self.rules.editions[0].effective_on)

    @property
    def rulebook(self) -> Rulebook:
        """Give the rulebook in force today."""
        return self.rules.rulebook_on(self.today)


def find_refusal(status: Status) -> Refusal | None:
    """Say no to whoever has no score, each with his own reason; None for the enrolled."""
    code = REFUSED_AS.get(status)
    return None if code is None else Refusal(code)


def read_facts(
    session: Session, subject_id: UUID, *, rules: CityRules, sealer: Sealer, now: datetime
) -> Facts | Refusal:
    """Read what an enrolled person's score rests on; a Refusal says why there is no score."""
    standing = find_standing(session, subject_id, sealer=sealer, now=now)
    refusal = find_refusal(standing.status)
    if refusal is not None or standing.since is None:
        return refusal or Refusal(ProblemCode.NOT_ENROLLED)
    records = read_records(session, subject_id)
    return Facts(records=records, rules=rules, since=standing.since, now=now, known_at=latest_news(records, now))


def latest_news(records: Iterable[Record], now: datetime) -> datetime:
    """Give the moment up to which records that were just read are known.

    A request takes its moment before it reads, and clocks of several machines differ: what was read may be known a
    little later than `now`. It was acknowledged, so it counts.
    """
    return max([now, *moments_of_news(records)])

"""What was told ends before its time, or is put right: here, in the answer that a repeat gets, and in that city.

A notice to the city is left in the transaction that ends it, and goes out until the city has confirmed it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import format_moment
from backend.disclosures.looks import CORRECTED, NOTHING, ExchangeLook, note_exchange_look
from backend.disclosures.tables import DisclosureEnd, DisclosureRow, list_ended, list_live, put_answer, put_deleted
from backend.disclosures.telling import Content, empty_content
from backend.partners.message_log import erase_answers
from backend.partners.notices import NoticeKind, leave_notice
from backend.partners.partners import find_partner
from scenarios.treaty import Scope

MOST_IN_A_NOTICE = 500  # as many as the protocol has

LEAST_APART = timedelta(milliseconds=1)


def end_resting_on(
    session: Session, subject_id: UUID, consent_ids: Collection[UUID], *, about: UUID, now: datetime
) -> int:
    """End all that was told about a person, who is held, on any of some consents; gives how many."""
    resting = [row for row in list_live(session, subject_id, now) if rests_on(row, consent_ids)]
    end_all(session, [(row, DisclosureEnd.CONSENT) for row in resting], about=about, now=now)
    return len(resting)


def rests_on(row: DisclosureRow, consent_ids: Iterable[UUID]) -> bool:
    """Tell whether any part of what was told rests on one of some consents."""
    return not {str(each) for each in consent_ids}.isdisjoint(row.scenarios["rests_on"].values())


def end_all(
    session: Session, ended: Sequence[tuple[DisclosureRow, DisclosureEnd]], *, about: UUID, now: datetime
) -> None:
    """End what was told about one person, who is held, and leave each city a notice that names all of it.

    Why each ends stands in its row alone: to that city all causes are the same. That nothing is told any more without
    the person having withdrawn it, he reads among the looks.
    """
    rows = [row for row, _ in ended]
    for row, because in ended:
        row.ended_at, row.ended_because = now, because.value
        put_answer(session, row.partner, row.question_id, content=empty_content(Scope(row.scope)), until=None)
        if because is not DisclosureEnd.CONSENT:
            _note(session, row, f"{CORRECTED}_{NOTHING}", now=now)
    session.flush()
    for partner, named_there in groupby(sorted(rows, key=attrgetter("partner")), key=attrgetter("partner")):
        these = list(named_there)
        erase_answers(session, partner, [row.question_id for row in these], now)
        for start in range(0, len(these), MOST_IN_A_NOTICE):
            named = [str(row.question_id) for row in these[start : start + MOST_IN_A_NOTICE]]
            leave_notice(
                session,
                partner=partner,
                kind=NoticeKind.WITHDRAWN,
                about=about,
                subject_id=these[0].subject_id,
                content={"question_ids": named},
                now=now,
            )


def correct(session: Session, row: DisclosureRow, *, content: Content, until: datetime, now: datetime) -> None:
    """Put right what was told about a person who is held: `content` takes its place.

    What is told so the person reads among the looks. That city goes by when corrections were left: each is left after
    the one before, also when the clock was set back in between.
    """
    at = now if row.corrected_at is None else max(now, row.corrected_at + LEAST_APART)
    row.told, row.until, row.corrected_at = content, until, at
    session.flush()
    put_answer(session, row.partner, row.question_id, content=content, until=until)
    erase_answers(session, row.partner, [row.question_id], now)
    told = {"question_id": str(row.question_id), "content": content}
    leave_notice(
        session,
        partner=row.partner,
        kind=NoticeKind.CORRECTED,
        about=row.question_id,
        subject_id=row.subject_id,
        content={**told, "until": format_moment(until)},
        now=at,
    )
    _note(session, row, CORRECTED, now=now)


def _note(session: Session, row: DisclosureRow, told: str, *, now: datetime) -> None:
    partner = find_partner(session, row.partner)
    look = ExchangeLook(
        partner=row.partner,
        title=row.partner if partner is None else partner.title,
        role=row.role,
        acting=row.acting,
        acting_name=row.acting_name,
        told=told,
        scope=row.scope,
        purpose=row.purpose,
        question_id=row.question_id,
        case_no=row.case_no,
        consent_id=row.consent_id,
    )
    note_exchange_look(session, row.subject_id, look, now=now)


def note_deleted(session: Session, partner: str, question_ids: Sequence[UUID], *, now: datetime) -> int:
    """Note that a partner has confirmed that it deleted answers that ended; gives how many were not noted yet.

    A correction may have left, and been logged, after what it corrected had ended: it is erased in the log as well.
    """
    erase_answers(session, partner, list_ended(session, partner, question_ids), now)
    return put_deleted(session, partner, question_ids, now)

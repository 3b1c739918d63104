"""Nobody: a subject of its own that stands in for whoever is not known, so that looking for him takes the same work.

It has no number that anybody has and no account, and nothing entitles it; who looked for a stranger is noted as a look
at it.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, literal, select
from sqlalchemy.orm import Session

from backend.benefits.situation_tables import STAND_IN
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import SubjectKind
from backend.people.standing import IDENTITY_FIELD
from backend.people.tables import SubjectRow
from backend.scores.tables import keep_score
from backend.storage.inserts import insert_into

NOBODY = UUID("00000000-0000-7000-8000-000000000000")


def find_or_add_nobody(
    session: Session, digests: Collection[bytes], *, pseudonyms: Pseudonyms, sealer: Sealer, now: datetime
) -> UUID:
    """Find the subject with an identity number, by its keyed hashes, or `NOBODY`, which is added where it has to be.

    It is one row whoever it is, and one look once the stand-in is there. Raises LookupError where neither is.
    """
    found = _find(session, digests)
    if found is None:
        _add_nobody(session, pseudonyms=pseudonyms, sealer=sealer, now=now)
        found = _find(session, digests)
    if found is None:
        raise LookupError("the stand-in for whoever is not known was added and is not there")
    return found


def _find(session: Session, digests: Collection[bytes]) -> UUID | None:
    """Find the same; None while the stand-in is not there."""
    row = SubjectRow
    somebody = select(row.subject_id).where(row.identity_index.in_(digests)).order_by(row.subject_id).limit(1)
    is_there = exists().where(row.subject_id == NOBODY)
    found = session.execute(
        select(func.coalesce(somebody.scalar_subquery(), literal(NOBODY, row.__table__.c.subject_id.type)), is_there)
    ).one()
    return found[0] if found[1] else None


def _add_nobody(session: Session, *, pseudonyms: Pseudonyms, sealer: Sealer, now: datetime) -> None:
    """Add the stand-in, unless it is there: once in the life of a database."""
    index = pseudonyms.index(str(NOBODY))
    values = {
        "subject_id": NOBODY,
        "kind": SubjectKind.NATURAL_PERSON.value,
        "identity_index": index.digest,
        "identity_key_id": index.key_id,
        "identity_sealed": sealer.seal(str(NOBODY), subject_id=NOBODY, field=IDENTITY_FIELD),
        "name_verified": False,
        "in_doubt": False,
        "facts_version": 0,
        "created_at": now,
    }
    session.execute(insert_into(session, SubjectRow).values(values).on_conflict_do_nothing())
    keep_score(session, NOBODY, STAND_IN, now=now)  # to be read like one; it tells nothing without an enrolment

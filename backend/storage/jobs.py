"""Work that is left for later: written in the transaction of its cause, done by leased workers, parked when it fails.

A worker leases a job for a while and does it in transactions of its own. One that dies leaves a lease that runs out,
and the job is done again by another: whoever does a job must bear that it was done before, wholly or in part. A job
is deleted in the transaction that completes it. One that has failed too often is parked, in nobody's way, until an
operator has looked at it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.identifiers import new_id
from backend.storage.tables import Row

LEASED_FOR = timedelta(seconds=60)
MOST_ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(hours=1)


class JobRow(Row):
    """One piece of work; while a worker holds it, `due_at` is the end of its lease. Nothing in it names a person."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'parked')", name="state"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(None, "state", "due_at"),
    )

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str]
    due_at: Mapped[datetime]
    attempts: Mapped[int]
    lease: Mapped[UUID | None]
    fault: Mapped[str | None]
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as a worker holds it: what to do, the how manieth attempt this is, and the lease that proves the hold."""

    job_id: UUID
    kind: str
    payload: dict[str, Any] = field(repr=False)
    attempts: int
    lease: UUID | None


def leave_job(session: Session, kind: str, payload: dict[str, Any], *, now: datetime) -> UUID:
    """Leave work for a worker, due at once; it exists if and only if this transaction commits."""
    job_id = new_id(now)
    row = JobRow(
        job_id=job_id,
        kind=kind,
        payload=payload,
        state="waiting",
        due_at=now,
        attempts=0,
        lease=None,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return job_id


def take_job(session: Session, kinds: tuple[str, ...], *, now: datetime) -> Job | None:
    """Lease the job that is due longest, of the kinds given; None when none is due. See `park_lost_jobs`, too."""
    due = (
        select(JobRow)
        .where(JobRow.state == "waiting", JobRow.due_at <= now, JobRow.kind.in_(kinds), JobRow.attempts < MOST_ATTEMPTS)
        .order_by(JobRow.due_at, JobRow.job_id)
        .limit(1)
        .with_for_update(skip_locked=True)  # SQLite has no row locks, but one writer at a time
    )
    row = session.scalars(due).one_or_none()
    if row is None:
        return None
    row.attempts += 1
    row.lease = new_id(now)
    row.due_at = now + LEASED_FOR
    session.flush()
    return _show(row)


def park_lost_jobs(session: Session, *, now: datetime) -> list[Job]:
    """Park the jobs whose workers died each time, so that nobody was left to say that they failed; gives them."""
    lost = (
        update(JobRow)
        .where(JobRow.state == "waiting", JobRow.due_at <= now, JobRow.attempts >= MOST_ATTEMPTS)
        .values(state="parked", fault="worker_lost")
        .returning(JobRow)
    )
    return [_show(row) for row in session.scalars(lost).all()]


def prolong_lease(session: Session, job: Job, *, now: datetime) -> bool:
    """Hold a job for longer; False when the lease ran out and another worker has the job: then stop at once."""
    return _change(session, job, due_at=now + LEASED_FOR)


def note_progress(session: Session, job: Job, *, now: datetime) -> bool:
    """Hold a job for longer, in the transaction of a step that was made; False as for `prolong_lease`.

    Who gets ahead has not failed: attempts count anew.
    """
    return _change(session, job, due_at=now + LEASED_FOR, attempts=1)


def complete_job(session: Session, job: Job) -> bool:
    """End a job, in the transaction of its last effect; False when another worker has it: then roll back."""
    done = delete(JobRow).where(JobRow.job_id == job.job_id, JobRow.lease == job.lease).returning(JobRow.job_id)
    return session.scalars(done).one_or_none() is not None


def give_back_job(session: Session, job: Job, *, now: datetime) -> bool:
    """Give back a job that one was told to leave, due at once; this was no attempt. False when another has it."""
    row = _hold(session, job)
    if row is None:
        return False
    row.due_at, row.attempts, row.lease = now, max(0, row.attempts - 1), None
    session.flush()
    return True


def fail_job(session: Session, job: Job, *, fault: str, now: datetime) -> bool:
    """Give a job back to be tried later, or park it after the last attempt; `fault` names what happened, no data.

    Waits double from two seconds up to an hour. True when it was parked; one that another worker has is let be.
    """
    row = _hold(session, job)
    if row is None:
        return False
    row.fault, row.lease = fault, None
    if row.attempts >= MOST_ATTEMPTS:
        row.state = "parked"
    else:
        row.due_at = now + min(FIRST_WAIT * 2 ** (row.attempts - 1), LONGEST_WAIT)
    session.flush()
    return row.state == "parked"


def retry_parked(session: Session, job_id: UUID, *, now: datetime) -> Job | None:
    """Let a parked job be tried anew, and give it; None when it is not parked."""
    again = (
        update(JobRow)
        .where(JobRow.job_id == job_id, JobRow.state == "parked")
        .values(state="waiting", attempts=0, due_at=now)
        .returning(JobRow)
    )
    row = session.scalars(again).one_or_none()
    return None if row is None else _show(row)


def list_parked(session: Session, *, limit: int) -> list[JobRow]:
    """List parked jobs, the oldest first."""
    return list(
        session.scalars(select(JobRow).where(JobRow.state == "parked").order_by(JobRow.created_at).limit(limit))
    )


def _change(session: Session, job: Job, **values: object) -> bool:
    changed = (
        update(JobRow)
        .where(JobRow.job_id == job.job_id, JobRow.lease == job.lease)
        .values(**values)
        .returning(JobRow.job_id)
    )
    return session.scalars(changed).one_or_none() is not None


def _hold(session: Session, job: Job) -> JobRow | None:
    """Find the row of a job that is still leased to its holder, as it stands now."""
    wanted = select(JobRow).where(JobRow.job_id == job.job_id, JobRow.lease == job.lease).with_for_update()
    return session.scalars(wanted, execution_options={"populate_existing": True}).one_or_none()


def _show(row: JobRow) -> Job:
    return Job(job_id=row.job_id, kind=row.kind, payload=row.payload, attempts=row.attempts, lease=row.lease)

"""`shangding work`: does what calls have left for later: reads files, sends events to merchants, notices to cities."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from tempfile import TemporaryFile
from threading import Event, Thread
from types import FrameType, MappingProxyType
from uuid import UUID

import click
import structlog
from sqlalchemy.orm import Session

from backend.cli.database import opened_database
from backend.cli.measuring import make_measuring_desk
from backend.cli.starting import make_courier, make_post, make_reading_desk, opened_context
from backend.cli.sweeping import sweep, sweep_once
from backend.clock import SystemClock
from backend.context import Context
from backend.governance.impacts import MEASURE_IMPACT
from backend.governance.measuring import Fault, attach_fault, measure_draft
from backend.merchants.dispatch import Dispatcher
from backend.population.files_of_day import has_files
from backend.records.file_reading import MovedOnError, read_file
from backend.records.file_tables import READING_FAILED, end_file, reopen_file
from backend.records.files import READ_FILE, copy_content
from backend.settings import Settings, read_settings
from backend.storage.database import StorageUnavailableError
from backend.storage.jobs import (
    LEASED_FOR,
    Job,
    complete_job,
    fail_job,
    give_back_job,
    list_parked,
    note_progress,
    park_lost_jobs,
    prolong_lease,
    retry_parked,
    take_job,
)
from backend.web.faults import describe_fault
from backend.web.logs import configure_logs

IDLE_S = 1.0
BEAT_S = LEASED_FOR.total_seconds() / 4
log = structlog.get_logger("shangding.work")


class StoppedError(Exception):
    """The worker was told to end; what it was doing is given back, to be gone on with by another."""


class LeaseLostError(Exception):
    """The lease ran out and another worker has the job: what was begun is rolled back."""


class Worker:
    """Takes jobs one by one, the one that is due longest first, and does each in transactions of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stopped = False

    def stop(self) -> None:
        """End after the chunk that is being worked on."""
        self._stopped = True

    def run(self, *, until_idle: bool = False) -> None:
        """Work until told to stop, or until nothing is due; a database that is away is waited for."""
        while not self._stopped:
            try:
                found = self.do_one()
            except StorageUnavailableError:
                log.warning("database_away")
                found = False
            if not found and until_idle:
                return
            if not found:
                time.sleep(IDLE_S)

    def do_one(self) -> bool:
        """Do the job that is due longest; False when none is. A job that fails is given back, or parked in the end."""
        with self._context.database.transaction() as session:
            now = self._context.clock.now()
            for lost in park_lost_jobs(session, now=now):
                tell_parked(session, lost, city=self._context.city, now=now)
            job = take_job(session, choose_kinds(self._context.settings), now=now)
        if job is None:
            return False
        try:
            with self._heart_beating(job):
                HANDLERS[job.kind](self._context, job, self._watch(job))
        except (StoppedError, LeaseLostError, MovedOnError) as reason:
            log.info("job_left", kind=job.kind, job_id=str(job.job_id), reason=type(reason).__name__)
            self._give_back(job)
        except StorageUnavailableError:  # no fault of the job; where it cannot even be given back, its lease runs out
            self._give_back(job)
            raise
        except Exception as fault:  # noqa: BLE001 - a job that fails must not take the others down
            said = describe_fault(fault)  # and no stack: the text of an exception may hold personal data
            log.error("job_failed", kind=job.kind, job_id=str(job.job_id), attempt=job.attempts, **said)  # noqa: TRY400
            self._fail(job, type(fault).__name__)
        else:
            log.info("job_done", kind=job.kind, job_id=str(job.job_id))
        return True

    def _watch(self, job: Job) -> Callable[[Session], None]:
        def watch(session: Session) -> None:
            if self._stopped:
                raise StoppedError
            if not note_progress(session, job, now=self._context.clock.now()):
                raise LeaseLostError

        return watch

    @contextmanager
    def _heart_beating(self, job: Job) -> Iterator[None]:
        """Hold the lease from a thread in the background: copying and opening a large file settle nothing for long."""
        ended = Event()

        def beat() -> None:
            while not ended.wait(BEAT_S):
                self.beat(job)

        thread = Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def beat(self, job: Job) -> None:
        """Hold a job for longer; whoever lost it learns that at his next step."""
        with suppress(StorageUnavailableError), self._context.database.transaction() as session:
            prolong_lease(session, job, now=self._context.clock.now())

    def _give_back(self, job: Job) -> None:
        with self._context.database.transaction() as session:
            give_back_job(session, job, now=self._context.clock.now())

    def _fail(self, job: Job, fault: str) -> None:
        with self._context.database.transaction() as session:
            now = self._context.clock.now()
            if fail_job(session, job, fault=fault, now=now):
                tell_parked(session, job, city=self._context.city, now=now)


def do_read_file(context: Context, job: Job, watch: Callable[[Session], None]) -> None:
    """Read a handed-in file to its end; its content is copied from its sealed pieces first."""
    file_id = UUID(job.payload["file_id"])
    with TemporaryFile() as content:
        copy_content(context.database, file_id, content, sealer=context.sealer)
        read_file(make_reading_desk(context), file_id, content, watch=lambda session, _: watch(session))
    with context.database.transaction() as session:
        if not complete_job(session, job):
            raise LeaseLostError


def do_measure_impact(context: Context, job: Job, watch: Callable[[Session], None]) -> None:
    """Measure what a draft of rules would do; the report and the end of the job are one transaction."""

    def settle(session: Session) -> None:
        watch(session)
        if not complete_job(session, job):
            raise LeaseLostError

    measure_draft(make_measuring_desk(context), UUID(job.payload["draft_id"]), settle=settle)


def tell_parked(session: Session, job: Job, *, city: str, now: datetime) -> None:
    """Let whoever waits for a job know that it will not be done by itself any more."""
    if job.kind == READ_FILE:
        end_file(session, UUID(job.payload["file_id"]), now=now, fault_code=READING_FAILED)
    if job.kind == MEASURE_IMPACT:
        attach_fault(session, UUID(job.payload["draft_id"]), Fault.GIVEN_UP, city=city, now=now)


def tell_retried(session: Session, job: Job) -> None:
    """Take back what `tell_parked` said."""
    if job.kind == READ_FILE:
        reopen_file(session, UUID(job.payload["file_id"]))


HANDLERS: Mapping[str, Callable[[Context, Job, Callable[[Session], None]], None]] = MappingProxyType(
    {READ_FILE: do_read_file, MEASURE_IMPACT: do_measure_impact}
)


def choose_kinds(settings: Settings) -> tuple[str, ...]:
    """Choose which jobs this worker takes: those about the files of the city wait for one that has them."""
    return tuple(kind for kind in HANDLERS if kind != MEASURE_IMPACT or has_files(settings.city_files))


@click.group(invoke_without_command=True)
@click.option("--until-idle", is_flag=True, help="End when nothing is due, instead of waiting for more.")
@click.pass_context
def work(command: click.Context, *, until_idle: bool) -> None:
    """Do what calls have left for later; run as many as there is work for. TERM ends it after the running chunk."""
    if command.invoked_subcommand is not None:
        return
    settings = read_settings(os.environ)
    configure_logs(settings.log_level)
    if settings.city_files is not None and not has_files(settings.city_files):
        log.warning("city_files_missing", waiting=MEASURE_IMPACT)
    with opened_context(settings) as context:
        worker, dispatcher, stopped = Worker(context), Dispatcher(make_courier(context)), Event()
        post = make_post(context)

        def stop(_: int, __: FrameType | None) -> None:
            worker.stop()
            stopped.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if until_idle:
            worker.run(until_idle=True)
            while sweep_once(context):
                pass
            dispatcher.run_until_idle()
            while post is not None and post.run_once():
                pass
            return
        # Threads of their own: reading a large file takes minutes.
        beside = [
            Thread(target=dispatcher.run, args=(stopped,), name="dispatch"),
            Thread(target=sweep, args=(context, stopped), name="sweep"),
        ]
        if post is not None:
            beside.append(Thread(target=post.run, args=(stopped,), name="post"))
        for thread in beside:
            thread.start()
        try:
            worker.run()
        finally:
            stopped.set()
            for thread in beside:
                thread.join()


@work.command("parked")
def show_parked() -> None:
    """List jobs that failed too often, and why; they wait for somebody to look."""
    with opened_database() as database, database.reading() as session:
        for row in list_parked(session, limit=1000):
            click.echo(f"{row.job_id}  {row.kind}  {row.attempts} attempts, the last ended with {row.fault}")


@work.command("retry")
@click.argument("job_id", type=click.UUID)
def retry(job_id: UUID) -> None:
    """Let the parked job JOB_ID be tried anew."""
    with opened_database() as database, database.transaction() as session:
        job = retry_parked(session, job_id, now=SystemClock().now())
        if job is not None:
            tell_retried(session, job)
    if job is None:
        raise click.BadParameter(f"there is no parked job {job_id}; see `shangding work parked`")
    click.echo(f"job {job_id} is due again")

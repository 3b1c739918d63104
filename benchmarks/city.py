"""An invented city with kept scores, and requests that its citizens would send, for the benchmarks of the service."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from rich.console import Console
from sqlalchemy import select

from backend.clock import SystemClock
from backend.context import Context, make_context
from backend.demo.seed import seed_city
from backend.demo.workplace import Workplace, open_workplace
from backend.people.sign_in import CITIZEN_SCOPES
from backend.people.tables import EnrolmentRow
from backend.principals import Principal, PrincipalKind
from backend.scores.current import CurrentScore, read_current_score
from backend.storage.migrations import upgrade
from tests.servers import fresh_postgres_database, running_postgres

PATH = "/v1/score"
NO_LIMIT = "1000000/second"
TOKENS_LAST = timedelta(hours=8)
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class City:
    """The settings of a service over the city, and one authenticated score read for each of its enrolled people."""

    variables: dict[str, str] = field(repr=False)
    requests: list[bytes] = field(repr=False)


@contextmanager
def made_city(database: str, *, people: int) -> Iterator[City]:
    """Make a city of `people` on an own `sqlite` or `postgresql`, every score already kept; gone at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="shangding-benchmark-")))
        environ = {"SHANGDING_RATE_LIMIT": NO_LIMIT}
        if database == "postgresql":
            server = stack.enter_context(running_postgres())
            environ["SHANGDING_DATABASE_URL"] = stack.enter_context(fresh_postgres_database(server, "benchmark"))
        now = SystemClock().now()
        place = Workplace(directory=folder, people=people, seed=1, port=8000)
        variables, settings = open_workplace(place, environ, now)
        upgrade(settings.database_url)
        context = make_context(settings)
        stack.callback(context.database.dispose)
        seed_city(context, people=people, seed=1, now=now, console=Console(quiet=True))
        yield City(variables, [_write_request(context, subject_id) for subject_id in _keep_scores(context)])


def _keep_scores(context: Context) -> list[UUID]:
    """Read every score once, so that it is kept; give whose."""
    now = context.clock.now()
    with context.database.reading() as session:
        enrolled = session.scalars(select(EnrolmentRow.subject_id).where(EnrolmentRow.closed_at.is_(None))).all()
    return [
        subject_id
        for subject_id in enrolled
        if isinstance(
            read_current_score(context.database, subject_id, rules=context.rules, sealer=context.sealer, now=now),
            CurrentScore,
        )
    ]


def _write_request(context: Context, subject_id: UUID) -> bytes:
    principal = Principal(kind=PrincipalKind.CITIZEN, id=str(subject_id), scopes=CITIZEN_SCOPES)
    token = context.tokens.issue(principal, TOKENS_LAST, context.clock.now())
    return f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()

"""Whether this process lives, and whether it should be sent requests."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from backend.clock import today
from backend.context import current_context
from backend.principals import PrincipalKind
from backend.storage.database import StorageUnavailableError
from backend.storage.migrations import current_revision
from backend.web import limits
from backend.web.fields import StrictSchema, Text
from backend.web.limits import RateLimiter
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal
from scoring.documents import DocumentError
from scoring.rulebook import NoRulebookError

blueprint = Blueprint("health", __name__, url_prefix="/health", description="Signs of life")


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """The process answers."""

    status: str = "alive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The process can serve; `redis` is `none`, `ok` or `degraded`, and none of them keeps it from serving."""

    status: str = "ready"
    schema_revision: str
    rulebook_version: str
    commit: str
    redis: str


class LivenessSchema(StrictSchema):
    """`Liveness` on the wire."""

    status = Text(maximum=10)


class ReadinessSchema(StrictSchema):
    """`Readiness` on the wire."""

    status = Text(maximum=10)
    schema_revision = Text(maximum=40)
    rulebook_version = Text(maximum=40)
    commit = Text(maximum=64)
    redis = Text(maximum=10)


@blueprint.operation(
    "GET",
    "/live",
    kinds={PrincipalKind.ANYONE},
    summary="Whether the process lives",
    response=LivenessSchema,
    example={"status": "alive"},
    limited=False,
)
def read_liveness() -> Liveness:
    """Answer without touching anything outside the process: a restart mends no database."""
    return Liveness()


@blueprint.operation(
    "GET",
    "/ready",
    kinds={PrincipalKind.ANYONE},
    summary="Whether the process should be sent requests",
    response=ReadinessSchema,
    example={
        "status": "ready",
        "schema_revision": "0003",
        "rulebook_version": "2026.1",
        "commit": "0a1b2c3",
        "redis": "ok",
    },
    problems={ProblemCode.NOT_READY},
    limited=False,
)
def read_readiness(*, now: datetime) -> Readiness | Refusal:
    """Compare the schema of the database with the one this code was written for."""
    context = current_context()
    limiter: RateLimiter = current_app.extensions[limits.EXTENSION]
    try:
        found = current_revision(context.database.engine)
        if found != context.schema_revision:
            return _refuse("schema_behind")
        rulebook = context.rules.rulebook_on(today(now))
    except (SQLAlchemyError, StorageUnavailableError):
        return _refuse("database_unreachable")
    except NoRulebookError:
        return _refuse("no_rulebook_in_force")
    except DocumentError:
        return _refuse("editions_unreadable")
    if not context.editions.is_readable:  # it serves today's rules, and must not come to the day of the others
        return _refuse("editions_unreadable")
    return Readiness(
        schema_revision=found,
        rulebook_version=rulebook.version,
        commit=context.settings.commit,
        redis=limiter.describe_storage(),
    )


def _refuse(reason: str) -> Refusal:
    return Refusal(ProblemCode.NOT_READY, {"reason": reason}, headers={"Retry-After": "5"})

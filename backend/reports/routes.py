"""Figures about what departments hand in, and samples of it for inspection."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.context import current_context
from backend.gateways.working_days import read_published_calendar
from backend.principals import Principal, PrincipalKind
from backend.records.descriptions import describe_record
from backend.records.examples import RECORD
from backend.records.schemas import RecordSchema
from backend.reports import examples
from backend.reports.counts import Span
from backend.reports.descriptions import describe_finding, describe_quality, describe_sample
from backend.reports.periods import find_period_refusal
from backend.reports.quality import measure_quality
from backend.reports.samples import Draw, FoundOut, draw_sample, look_at_member, note_finding, read_sample
from backend.reports.schemas import (
    FindingSchema,
    NewFindingSchema,
    NewSampleSchema,
    QualityQuerySchema,
    QualitySchema,
    SampleSchema,
)
from backend.reports.tables import count_unread_files
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

OPERATOR = {PrincipalKind.OPERATOR}
READ_SAMPLES, WRITE_SAMPLES = "samples:read", "samples:write"
SEED_BYTES = 16

blueprint = Blueprint("reports", __name__, description="The quality of what departments hand in, and its inspection")


@blueprint.operation(
    "GET",
    "/quality",
    kinds={PrincipalKind.OPERATOR, PrincipalKind.DEPARTMENT},
    scope="quality:read",
    summary="Read how good and how timely was what departments handed in; a department reads of itself",
    query=QualityQuerySchema,
    response=QualitySchema,
    example=examples.QUALITY,
    problems={ProblemCode.OTHER_DEPARTMENT, ProblemCode.PERIOD_REFUSED},
)
def get_quality(*, query: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Give the figures by department and indicator over days of receipt, the last of them today at the latest."""
    span = _read_span(query)
    if principal.kind is PrincipalKind.DEPARTMENT:
        if span.department not in {None, principal.id}:
            return Refusal(ProblemCode.OTHER_DEPARTMENT)
        span = replace(span, department=principal.id)
    day = today(now)
    refusal = find_period_refusal(span, last=day)
    if refusal is not None:
        return refusal
    rules = current_context().rules
    figures = measure_quality(session, span, rules=rules, calendar=read_published_calendar(), today=day)
    language = current_notes().language
    unread = count_unread_files(session, department=span.department, since=span.since, before=span.before)
    value = describe_quality(figures, span, rules.catalogue_on(day), language, files_unread=unread)
    return Reply(value=value, headers={"Content-Language": language.value})


@blueprint.operation(
    "POST",
    "/samples",
    kinds=OPERATOR,
    scope=WRITE_SAMPLES,
    summary="Draw records of a department by lot, for inspection",
    body=NewSampleSchema,
    body_example=examples.NEW_SAMPLE,
    status=HTTPStatus.CREATED,
    response=SampleSchema,
    example=examples.SAMPLE,
    problems={ProblemCode.PERIOD_REFUSED, ProblemCode.NOTHING_TO_SAMPLE, ProblemCode.FILES_UNREAD},
    repeats=Repeats.BY_KEY,
)
def add_sample(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Draw a sample that anybody can draw again, and keep it."""
    span = _read_span(body)
    refusal = find_period_refusal(span, last=today(now) - timedelta(days=1))  # a day must be over to be drawn again
    if refusal is not None:
        return refusal
    seed = secrets.token_hex(SEED_BYTES)
    draw = Draw(span=span, size=body["size"], reason=body["reason"], operator=principal.id, seed=seed)
    sample = draw_sample(session, draw, now=now)
    if isinstance(sample, Refusal):
        return sample
    language = current_notes().language
    headers = {"Location": f"/v1/samples/{sample.sample_id}", "Content-Language": language.value}
    return Reply(value=describe_sample(sample, language), headers=headers)


@blueprint.operation(
    "GET",
    "/samples/<uuid:sample_id>",
    kinds=OPERATOR,
    scope=READ_SAMPLES,
    summary="Read a sample, and what was found so far",
    response=SampleSchema,
    example=examples.SAMPLE,
    problems={ProblemCode.SAMPLE_NOT_FOUND},
)
def get_sample(*, sample_id: UUID, session: Session) -> Reply | Refusal:
    """Give the members of a sample in the order of the draw; not what their records say."""
    sample = read_sample(session, sample_id)
    if isinstance(sample, Refusal):
        return sample
    language = current_notes().language
    return Reply(value=describe_sample(sample, language), headers={"Content-Language": language.value})


@blueprint.operation(
    "GET",
    "/samples/<uuid:sample_id>/records/<uuid:record_id>",
    kinds=OPERATOR,
    scope=READ_SAMPLES,
    summary="Look at a record of a sample; the person sees that",
    response=RecordSchema,
    example=RECORD,
    problems={ProblemCode.SAMPLE_NOT_FOUND, ProblemCode.RECORD_NOT_FOUND},
    writes=True,
)
def get_sampled_record(
    *, sample_id: UUID, record_id: UUID, principal: Principal, session: Session, now: datetime
) -> dict[str, object] | Refusal:
    """Give what a record of the sample says; the look is noted before the answer leaves."""
    record = look_at_member(session, sample_id, record_id, principal=principal, now=now)
    return record if isinstance(record, Refusal) else describe_record(record)


@blueprint.operation(
    "POST",
    "/samples/<uuid:sample_id>/findings",
    kinds=OPERATOR,
    scope=WRITE_SAMPLES,
    summary="Note what an inspection found about a record of a sample",
    body=NewFindingSchema,
    body_example=examples.NEW_FINDING,
    status=HTTPStatus.CREATED,
    response=FindingSchema,
    example=examples.FINDING,
    problems={ProblemCode.SAMPLE_NOT_FOUND, ProblemCode.RECORD_NOT_FOUND},
    repeats=Repeats.BY_KEY,
)
def add_finding(
    *, sample_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Note a finding; a later one about the same record takes its place."""
    found = FoundOut(
        record_id=body["record_id"], finding=body["finding"], note=body["note"], found_by=principal.id, found_at=now
    )
    noted = note_finding(session, sample_id, found)
    if isinstance(noted, Refusal):
        return noted
    language = current_notes().language
    return Reply(value=describe_finding(noted, language), headers={"Content-Language": language.value})


def _read_span(given: dict[str, Any]) -> Span:
    return Span(
        first_on=given["from_on"],
        last_on=given["to_on"],
        department=given["department"],
        indicator=given["indicator"],
    )

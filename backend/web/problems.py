"""What can go wrong, as a closed list of stable codes, and the one shape in which it is said (RFC 9457).

A use case that says no returns a `Refusal`: the transaction commits and the answer becomes a problem.
The HTTP edge raises a `Problem`: the transaction, if one is open, rolls back.
Title and detail of a code stand in `messages/*.toml` under `problem.<code>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Self

from backend.web.messages import Language, get_message

PROBLEM_TYPE = "urn:shangding:problem:"
PROBLEM_MEDIA_TYPE = "application/problem+json"


class ProblemCode(StrEnum):
    """Every code that an answer can carry, with its HTTP status. A code is never renamed or used anew."""

    MALFORMED_REQUEST = "malformed_request", 400
    MALFORMED_JSON = "malformed_json", 400
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing", 400
    IDEMPOTENCY_KEY_MALFORMED = "idempotency_key_malformed", 400
    CLERK_MISSING = "clerk_missing", 400
    CLERK_MALFORMED = "clerk_malformed", 400
    TOKEN_MISSING = "token_missing", 401
    TOKEN_INVALID = "token_invalid", 401
    TOKEN_EXPIRED = "token_expired", 401
    TOKEN_REVOKED = "token_revoked", 401
    ASSERTION_REFUSED = "assertion_refused", 401
    TICKET_REFUSED = "ticket_refused", 401
    TICKET_USED = "ticket_used", 401
    CODE_REFUSED = "code_refused", 401
    CODE_USED = "code_used", 401
    LINK_EXPIRED = "link_expired", 401
    REFRESH_REFUSED = "refresh_refused", 401
    SIGNATURE_MISSING = "signature_missing", 401
    SIGNATURE_INCOMPLETE = "signature_incomplete", 401
    SIGNATURE_STALE = "signature_stale", 401
    SIGNATURE_KEY_UNKNOWN = "signature_key_unknown", 401
    SIGNATURE_REFUSED = "signature_refused", 401
    PRINCIPAL_REFUSED = "principal_refused", 403
    SCOPE_MISSING = "scope_missing", 403
    STEP_UP_NEEDED = "step_up_needed", 403
    LINK_REFUSED = "link_refused", 403
    MINI_PROGRAM_BLOCKED = "mini_program_blocked", 403
    UNDER_AGE = "under_age", 403
    IDENTITY_IN_DOUBT = "identity_in_doubt", 403
    CONSENT_WITHDRAWN = "consent_withdrawn", 403
    PURPOSE_REFUSED = "purpose_refused", 403
    DEPARTMENT_REFUSED = "department_refused", 403
    CLERK_REFUSED = "clerk_refused", 403
    SCOPE_REFUSED = "scope_refused", 403
    OTHER_DEPARTMENT = "other_department", 403
    SECOND_PERSON_NEEDED = "second_person_needed", 403
    OTHER_OFFICER_NEEDED = "other_officer_needed", 403
    NOT_FOUND = "not_found", 404
    EXCHANGE_OFF = "exchange_off", 404
    CLIENT_NOT_FOUND = "client_not_found", 404
    TREATY_NOT_FOUND = "treaty_not_found", 404
    CITY_NOT_FOUND = "city_not_found", 404
    VISIT_NOT_FOUND = "visit_not_found", 404
    KEY_NOT_FOUND = "key_not_found", 404
    MERCHANT_NOT_FOUND = "merchant_not_found", 404
    WEBHOOK_NOT_FOUND = "webhook_not_found", 404
    EVENT_NOT_FOUND = "event_not_found", 404
    CONTRACT_NOT_FOUND = "contract_not_found", 404
    SCENARIO_NOT_FOUND = "scenario_not_found", 404
    NOT_SUSPENDED = "not_suspended", 404
    NOT_OFFERED = "not_offered", 404
    NOT_ENROLLED = "not_enrolled", 404
    SESSION_NOT_FOUND = "session_not_found", 404
    BATCH_NOT_FOUND = "batch_not_found", 404
    RECORD_NOT_FOUND = "record_not_found", 404
    QUARANTINE_NOT_FOUND = "quarantine_not_found", 404
    SAMPLE_NOT_FOUND = "sample_not_found", 404
    FIGURES_NOT_FOUND = "figures_not_found", 404
    FILE_NOT_FOUND = "file_not_found", 404
    MAPPING_NOT_FOUND = "mapping_not_found", 404
    PROPOSAL_NOT_FOUND = "proposal_not_found", 404
    COMPLAINT_NOT_FOUND = "complaint_not_found", 404
    PERSON_NOT_FOUND = "person_not_found", 404
    PERSON_UNKNOWN = "person_unknown", 404
    CONSENT_NOT_FOUND = "consent_not_found", 404
    VERIFICATION_NOT_FOUND = "verification_not_found", 404
    ASK_NOT_FOUND = "ask_not_found", 404
    GRANT_NOT_FOUND = "grant_not_found", 404
    CARD_NOT_FOUND = "card_not_found", 404
    STATEMENT_NOT_FOUND = "statement_not_found", 404
    OFFER_NOT_FOUND = "offer_not_found", 404
    RULE_DRAFT_NOT_FOUND = "rule_draft_not_found", 404
    EDITION_NOT_FOUND = "edition_not_found", 404
    SHADOW_NOT_FOUND = "shadow_not_found", 404
    IMPACT_NOT_FOUND = "impact_not_found", 404
    METHOD_NOT_ALLOWED = "method_not_allowed", 405
    REQUEST_RUNNING = "request_running", 409
    TOO_MANY_KEYS = "too_many_keys", 409
    MERCHANT_EXISTS = "merchant_exists", 409
    TOO_MANY_WEBHOOKS = "too_many_webhooks", 409
    CONTRACT_EXISTS = "contract_exists", 409
    ALREADY_ENROLLED = "already_enrolled", 409
    AGREEMENT_OUTDATED = "agreement_outdated", 409
    RECORD_CLOSED = "record_closed", 409
    QUARANTINE_DECIDED = "quarantine_decided", 409
    SUBJECT_IN_DOUBT = "subject_in_doubt", 409
    PROPOSAL_EXISTS = "proposal_exists", 409
    PROPOSAL_CLOSED = "proposal_closed", 409
    PROPOSAL_TOO_EARLY = "proposal_too_early", 409
    OBJECTED_BEFORE = "objected_before", 409
    ORIGINAL_NOT_SEEN = "original_not_seen", 409
    TOO_MANY_DOCUMENTS = "too_many_documents", 409
    COMPLAINT_OPEN = "complaint_open", 409
    COMPLAINT_CLOSED = "complaint_closed", 409
    COMPLAINT_TOO_EARLY = "complaint_too_early", 409
    COMPLAINT_ABOUT_NOTHING = "complaint_about_nothing", 422
    FILE_NO_REUSED = "file_no_reused", 409
    FILE_NOT_READ = "file_not_read", 409
    FILES_UNREAD = "files_unread", 409
    ASK_CLOSED = "ask_closed", 409
    CODE_NEEDED = "code_needed", 409
    BENEFIT_REFUSED = "benefit_refused", 409
    GRANT_NOT_STARTED = "grant_not_started", 409
    GRANT_ALREADY_STARTED = "grant_already_started", 409
    GRANT_ALREADY_COMPLETED = "grant_already_completed", 409
    GRANT_ALREADY_CANCELLED = "grant_already_cancelled", 409
    GRANT_ALREADY_EXPIRED = "grant_already_expired", 409
    GRANT_ALREADY_SETTLED = "grant_already_settled", 409
    GRANT_ALREADY_BROKEN = "grant_already_broken", 409
    GRANT_OVERDUE = "grant_overdue", 409
    GRANT_NOT_OVERDUE = "grant_not_overdue", 409
    FILE_FORGOTTEN = "file_forgotten", 410
    BATCH_NO_REUSED = "batch_no_reused", 409
    TOO_MANY_CARDS = "too_many_cards", 409
    DAY_NOT_OVER = "day_not_over", 409
    TREATY_NOT_IN_FORCE = "treaty_not_in_force", 409
    NOTHING_TO_TELL = "nothing_to_tell", 409
    HOME_CITY_REFUSED = "home_city_refused", 409
    TREATY_SUSPENDED_BY_PARTNER = "treaty_suspended_by_partner", 409
    PARTNER_ENDED = "partner_ended", 409
    NOT_ALL_ENDED = "not_all_ended", 409
    DRAFT_CLOSED = "draft_closed", 409
    DRAFT_REVISED = "draft_revised", 409
    DRAFT_NOT_ANNOUNCED = "draft_not_announced", 409
    DRAFT_NOT_CHECKED = "draft_not_checked", 409
    DRAFT_NOT_SOUND = "draft_not_sound", 409
    CHECK_OUTDATED = "check_outdated", 409
    IMPACT_MISSING = "impact_missing", 409
    IMPACT_OF_OTHER_DRAFT = "impact_of_other_draft", 409
    IMPACT_OF_OTHER_RULES = "impact_of_other_rules", 409
    IMPACT_OF_OTHER_DAY = "impact_of_other_day", 409
    EDITION_DAY_TOO_NEAR = "edition_day_too_near", 409
    EDITION_DAY_TAKEN = "edition_day_taken", 409
    NOTICE_TOO_SHORT = "notice_too_short", 409
    EDITION_BEGUN = "edition_begun", 409
    EDITION_NEEDED = "edition_needed", 409
    BODY_TOO_LARGE = "body_too_large", 413
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", 415
    INVALID_REQUEST = "invalid_request", 422
    CLIENT_REFUSED = "client_refused", 422
    KEY_REFUSED = "key_refused", 422
    MERCHANT_REFUSED = "merchant_refused", 422
    WEBHOOK_REFUSED = "webhook_refused", 422
    CONTRACT_REFUSED = "contract_refused", 422
    MAPPING_REFUSED = "mapping_refused", 422
    CORRECTION_REFUSED = "correction_refused", 422
    RELEASE_REFUSED = "release_refused", 422
    PROPOSAL_REFUSED = "proposal_refused", 422
    DOCUMENT_DAY_REFUSED = "document_day_refused", 422
    ORIGINAL_DIFFERS = "original_differs", 422
    AMOUNT_ABOVE_HOLD = "amount_above_hold", 422
    AMOUNT_NOT_LOWER = "amount_not_lower", 422
    CONSENT_MISSING = "consent_missing", 422
    DAY_OUT_OF_RANGE = "day_out_of_range", 422
    PERIOD_REFUSED = "period_refused", 422
    MONTH_NOT_OVER = "month_not_over", 422
    NOTHING_TO_SAMPLE = "nothing_to_sample", 422
    SUPPOSITION_REFUSED = "supposition_refused", 422
    ORDER_NO_REUSED = "order_no_reused", 422
    AMOUNT_REFUSED = "amount_refused", 422
    WINDOW_REFUSED = "window_refused", 422
    CLOCK_REFUSED = "clock_refused", 422
    CARD_NEEDS_GRANT = "card_needs_grant", 422
    NOTICE_REUSED = "notice_reused", 422
    NOTICE_FROM_AHEAD = "notice_from_ahead", 422
    NOT_IN_TREATY = "not_in_treaty", 422
    SCORE_CARD_REFUSED = "score_card_refused", 422
    QUESTION_REFUSED = "question_refused", 422
    QUESTION_REUSED = "question_reused", 422
    PERSON_UNREADABLE = "person_unreadable", 422
    DOCUMENTS_REFUSED = "documents_refused", 422
    ROLLBACK_REFUSED = "rollback_refused", 422
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", 422
    TOO_MANY_REQUESTS = "too_many_requests", 429
    TOO_MANY_ATTEMPTS = "too_many_attempts", 429
    TOO_MANY_MISSES = "too_many_misses", 429
    TOO_MANY_QUESTIONS = "too_many_questions", 429
    INTERNAL_FAULT = "internal_fault", 500
    UNAVAILABLE = "unavailable", 503
    NOT_READY = "not_ready", 503
    HOME_CITY_UNREACHABLE = "home_city_unreachable", 503

    status: HTTPStatus

    def __new__(cls, code: str, status: int) -> Self:
        """Member `code`, carrying its HTTP `status`."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.status = HTTPStatus(status)
        return member


class Place(StrEnum):
    """The part of a request that a fault was found in."""

    BODY = "body"
    QUERY = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a request: where (a JSON pointer into `place`), and a code under `validation.`."""

    place: Place
    pointer: str
    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no, with its reason. `values` fill the placeholders of the detail; `faults` list what to mend."""

    code: ProblemCode
    values: Mapping[str, object] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Problem(Exception):  # noqa: N818 - RFC 9457's word; it is an answer, not an error in our code
    """A refusal raised at the HTTP edge, before or instead of a use case."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code.value)
        self.refusal = refusal


def describe_refusal(refusal: Refusal, *, language: Language, instance: str) -> dict[str, object]:
    """The members of the problem document; `instance` is the request id under which our log knows it."""
    code = refusal.code
    document: dict[str, object] = {
        "type": f"{PROBLEM_TYPE}{code}",
        "title": get_message(f"problem.{code}.title", language),
        "status": code.status.value,
        "detail": get_message(f"problem.{code}.detail", language, **refusal.values),
        "code": code.value,
        "instance": instance,
    }
    if refusal.faults:
        document["errors"] = [_describe_fault(fault, language) for fault in refusal.faults]
    return document


def _describe_fault(fault: Fault, language: Language) -> dict[str, str]:
    return {
        "in": fault.place.value,
        "pointer": fault.pointer,
        "code": fault.code,
        "message": get_message(f"validation.{fault.code}", language, **fault.values),
    }

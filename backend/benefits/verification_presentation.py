"""From answers to what merchants read, in their language. Every answer without a benefit has the same members."""

from typing import Any

from backend.benefits.answers import Answer, Given, Verification
from backend.benefits.wording import word_given
from backend.merchants.wording import choose
from backend.web.messages import Language, get_message
from scenarios.catalogue import Scenario


def present_verification(verification: Verification, language: Language) -> dict[str, Any]:
    """Shape a verification; the ordinary offer comes with every answer but `granted`."""
    scenario, reason, given = verification.scenario, verification.reason, verification.given
    is_granted = verification.answer is Answer.GRANTED
    return {
        "verification_id": verification.verification_id,
        "order_no": verification.order_no,
        "via": verification.via,
        "scenario": verification.scenario_code,
        "answer": verification.answer,
        "reason": None if reason is None else {"code": reason, "text": get_message(f"reason.{reason}", language)},
        "grant_id": verification.grant_id,
        "benefit": None if given is None else _present_given(given, scenario, language),
        "otherwise": None if is_granted or scenario is None else choose(scenario.otherwise, language),
        "asked_at": verification.asked_at,
        "expires_at": verification.expires_at,
        "answered_at": verification.answered_at,
    }


def _present_given(given: Given, scenario: Scenario | None, language: Language) -> dict[str, Any]:
    return {
        "kind": given.kind,
        "text": "" if scenario is None else _word(given, scenario, language),
        "amount_fen": given.amount_fen,
        "charged_percent": given.charged_percent,
        "free_minutes": given.free_minutes,
        "lasting_days": given.lasting_days,
        "reserved_until": given.reserved_until,
        "ends_at": given.ends_at,
    }


def _word(given: Given, scenario: Scenario, language: Language) -> str:
    return word_given(
        scenario.benefit,
        language,
        amount_fen=given.amount_fen,
        charged_percent=given.charged_percent,
        free_minutes=given.free_minutes,
    )

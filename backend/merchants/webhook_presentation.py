"""How an endpoint is shown to its merchant: how it stands, and in a sentence what that means."""

from dataclasses import asdict
from typing import Any

from backend.merchants.endpoints import Endpoint
from backend.merchants.webhook_tables import Verdict
from backend.web.messages import Language, get_message


def present_endpoint(endpoint: Endpoint, language: Language) -> dict[str, Any]:
    """Add whether events go there, and what to do about it."""
    gets_events = endpoint.passed_at is not None and endpoint.paused_at is None
    advice = get_message(f"webhook.{_find_advice(endpoint)}", language)
    return {**asdict(endpoint), "gets_events": gets_events, "advice": advice}


def _find_advice(endpoint: Endpoint) -> str:
    if endpoint.verdict is Verdict.DOES_NOT_VERIFY:  # the graver of two faults
        return endpoint.verdict
    if endpoint.paused_at is not None:
        return "paused"
    return (
        "failing" if endpoint.failing_since is not None and endpoint.verdict is Verdict.VERIFIES else endpoint.verdict
    )

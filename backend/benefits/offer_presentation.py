"""From offers, consents and asks to what citizens read, in their language."""

from collections.abc import Iterable
from typing import Any

from backend.benefits.applications import Application
from backend.benefits.asks import AskedOfMe
from backend.benefits.code_images import CodeImage
from backend.benefits.code_notices import CodeNotice
from backend.benefits.codes import OneTimeCode
from backend.benefits.consents import BenefitConsent
from backend.benefits.judging import Cause
from backend.benefits.offers import PersonalOffer, PersonalOffers
from backend.benefits.wording import Explainer, word_offered
from backend.grants.grant import Grant
from backend.merchants.contracts import Offering, complete_benefit
from backend.merchants.wording import choose
from backend.web.messages import Language, get_message
from scenarios.catalogue import Benefit, Scenario


def present_offers(found: PersonalOffers, language: Language) -> dict[str, Any]:
    """Shape all offers for a person."""
    explainer = Explainer(catalogue=found.catalogue, rulebook=found.rulebook, language=language)
    level, gain = None if found.is_visitor else found.person.level or "", found.next_gain
    return {
        "catalogue_version": found.catalogue.version,
        "level": level,
        "level_name": None if level is None else explainer.name_level(level),
        "paused_until": found.paused_until,
        "items": [_present_offer(offer, explainer) for offer in found.offers],
        "next_level": None
        if gain is None
        else {"level": gain.level, "name": explainer.name_level(gain.level), "scenarios": gain.scenarios},
    }


def present_missing(causes: Iterable[Cause], scenario: Scenario, explainer: Explainer) -> list[dict[str, str]]:
    """Say what is missing or used up, each in code and words."""
    return [{"code": cause.value, "text": explainer.explain(cause, scenario)} for cause in causes]


def present_code(
    code: OneTimeCode, image: CodeImage | None, notices: Iterable[CodeNotice], language: Language
) -> dict[str, Any]:
    """Shape a code that was just made, with its picture, and with why it may not work."""
    return {
        "code": code.code,
        "scenario": code.scenario,
        "merchant": code.merchant,
        "expires_at": code.expires_at,
        "image": image,
        "notices": [
            {"code": notice.value, "text": get_message(f"code_notice.{notice}", language)} for notice in notices
        ],
    }


def present_consent(consent: BenefitConsent, language: Language) -> dict[str, Any]:
    """Shape a consent with all that PIPL Art. 23 wants told: recipient, purpose, what is told, until when."""
    return {
        "consent_id": consent.consent_id,
        "merchant": consent.merchant,
        "merchant_name": consent.merchant_name,
        "purpose": get_message("consent.purpose", language),
        "told": get_message("consent.told", language),
        "scenario": consent.scenario,
        "once": consent.once,
        "given_at": consent.given_at,
        "expires_at": consent.expires_at,
        "withdrawn_at": consent.withdrawn_at,
    }


def present_application(application: Application, grant: Grant) -> dict[str, Any]:
    """Shape what was reserved."""
    return {
        "grant_id": grant.grant_id,
        "order_no": grant.order_no,
        "merchant": grant.merchant,
        "merchant_name": application.offer.contract.merchant_name,
        "scenario": grant.scenario,
        "state": grant.state,
        "held_fen": grant.held_fen,
        "reserved_until": grant.due_at,
    }


def present_ask(asked: AskedOfMe, explainer: Explainer | None, language: Language) -> dict[str, Any]:
    """Shape a question about the person who reads it; without an `explainer` a reason stands as its code."""
    scenario, because = asked.scenario, asked.because
    title = asked.scenario_code if scenario is None else choose(scenario.title, language)
    why = None
    if because is not None:
        known = explainer is not None and scenario is not None
        why = {"code": because.value, "text": because.value}
        if known and explainer is not None and scenario is not None:
            why["text"] = explainer.explain(because, scenario)
    return {
        "verification_id": asked.verification_id,
        "merchant": asked.merchant,
        "merchant_name": asked.merchant_name,
        "scenario": asked.scenario_code,
        "title": title,
        "amount_fen": asked.amount_fen,
        "told": get_message("consent.told_ask", language, title=title),
        "asked_at": asked.asked_at,
        "expires_at": asked.expires_at,
        "is_open": asked.is_open,
        "answer": asked.answer,
        "because": why,
        "confirmed_at": asked.confirmed_at,
        "declined_at": asked.declined_at,
        "grant_id": asked.grant_id,
    }


def _present_offer(offer: PersonalOffer, explainer: Explainer) -> dict[str, Any]:
    scenario, language = offer.scenario, explainer.language
    benefit = scenario.benefit
    return {
        "scenario": scenario.code,
        "title": choose(scenario.title, language),
        "state": offer.state,
        "state_text": get_message(f"offer.state.{offer.state}", language),
        "missing": present_missing((*offer.missing, *offer.lacking), scenario, explainer),
        "kind": benefit.kind,
        "benefit": choose(benefit.description, language),
        "limit_fen": benefit.limit_fen,
        "charged_percent": benefit.charged_percent,
        "free_minutes": benefit.free_minutes,
        "lasting_days": benefit.lasting_days,
        "otherwise": choose(scenario.otherwise, language),
        "basis": scenario.basis,
        "merchants": [_present_place(each, benefit, language) for each in offer.merchants],
        "has_more_merchants": offer.has_more,
    }


def _present_place(offering: Offering, benefit: Benefit, language: Language) -> dict[str, str | int | None]:
    name = offering.name_en if language is Language.ENGLISH and offering.name_en else offering.name
    completed = complete_benefit(benefit, offering.figures)
    return {
        "merchant": offering.merchant,
        "name": name,
        "region": offering.region,
        "benefit": word_offered(benefit, completed, language),
        "limit_fen": completed.limit_fen,
        "charged_percent": completed.charged_percent,
        "free_minutes": completed.free_minutes,
    }

"""From what the use cases give to what the wire forms dump, in the reader's language."""

from typing import Any

from backend.merchants.contracts import Offering, complete_benefit
from backend.merchants.own_view import OwnContract, OwnView
from backend.web.messages import Language
from scenarios.catalogue import Wording


def present_own_view(view: OwnView, language: Language) -> dict[str, Any]:
    """Shape what a merchant sees of itself."""
    return {
        "merchant": view.merchant,
        "name": _choose_name(view.name, view.name_en, language),
        "suspension": view.suspension,
        "contracts": [_present_contract(each, language) for each in view.contracts],
    }


def present_offering(offering: Offering, language: Language) -> dict[str, Any]:
    """Shape a merchant that offers a scenario."""
    name = _choose_name(offering.name, offering.name_en, language)
    return {"merchant": offering.merchant, "name": name, "region": offering.region}


def _present_contract(own: OwnContract, language: Language) -> dict[str, Any]:
    contract = own.contract
    return {
        "contract_id": contract.contract_id,
        "scenario": contract.scenario,
        "region": contract.region,
        "starts_on": contract.starts_on,
        "ends_on": contract.ends_on,
        "ended_at": contract.ended_at,
        "state": own.state,
        "scenario_suspension": own.suspension,
        "terms": _present_terms(own, language),
    }


def _present_terms(own: OwnContract, language: Language) -> dict[str, Any] | None:
    """Shape the terms of a scenario with this contract's figures; whom it is for is no matter of the merchant."""
    if own.scenario is None:
        return None
    benefit = complete_benefit(own.scenario.benefit, own.contract.figures)
    return {
        "title": _choose(own.scenario.title, language),
        "kind": benefit.kind,
        "benefit": _choose(benefit.description, language),
        "otherwise": _choose(own.scenario.otherwise, language),
        "limit_fen": benefit.limit_fen,
        "charged_percent": benefit.charged_percent,
        "free_minutes": benefit.free_minutes,
        "reserved_minutes": benefit.reserved_minutes if benefit.is_held else None,
        "lasting_days": benefit.lasting_days if benefit.is_held else None,
        "merchant_day": own.scenario.quotas.merchant_day,
    }


def _choose(wording: Wording, language: Language) -> str:
    return wording.en if language is Language.ENGLISH else wording.zh


def _choose_name(name: str, name_en: str | None, language: Language) -> str:
    return name_en or name if language is Language.ENGLISH else name

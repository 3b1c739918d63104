"""A score card that a visitor carries: signed at home for this city alone, and read here without asking anybody.

What it says holds as long as the card can be presented, and never beyond the data life of the treaty since it was made:
of what it says after that the home city keeps no track. What it entitles to follows from the level by the treaty, and
only where its owner had it made for benefits.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import format_moment
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.score_cards import SCORE_CARD_TYPE
from backend.gateways.sealed_messages import SealedMessageError
from backend.gateways.signed_claims import Expected, TokenError, read_claims, read_issuer, read_key_id
from backend.partners.city_keys import find_signing_keys
from backend.partners.open_cities import find_open_city
from backend.partners.partners import find_partner
from backend.partners.sealed_persons import open_person
from backend.visits.answer_reading import Asked, Said, UnusableAnswerError, read_content
from scenarios.treaty import Party, Scope, Standing, Treaty, TreatyPurpose
from scenarios.treaty_telling import list_entitled

LONGEST_LIFE = timedelta(days=1)
_CLAIMS = frozenset({"iss", "aud", "sub", "jti", "iat", "exp", "treaty", "purpose", "scope", "content", "person"})
_SCOPES = (Scope.LEVEL.value, Scope.SCORE.value)
_PURPOSES = tuple(each.value for each in TreatyPurpose)


class ScoreCardError(Exception):
    """A score card is not taken; nothing of it is repeated."""


class ScoreCard(NamedTuple):
    """What a card says that was found genuine: which one it is, by which treaty, when it was made, and what it tells.

    `said.entitled` are the scenarios of this city to which it entitles: none unless it was made for benefits.
    """

    card_id: UUID
    home_city: str
    treaty: Treaty
    purpose: TreatyPurpose
    scope: Scope
    made_at: datetime
    said: Said


def read_score_card(
    session: Session, text: str, *, city: str, id_number: str, keys: ExchangeKeys, now: datetime, machine_now: datetime
) -> ScoreCard:
    """Read a card that the owner of an identity number presents in `city`; raises ScoreCardError.

    `machine_now` is what is compared with the clock of the city that signed.
    """
    try:
        claims = _prove(session, text, city=city, now=machine_now)
        card_id, made_at = UUID(claims["jti"]), datetime.fromtimestamp(claims["iat"], UTC)
        _check_owner(claims, card_id, id_number, keys, now=machine_now)
    except (TokenError, SealedMessageError, ValueError):
        raise ScoreCardError from None
    agreed = find_open_city(session, claims["iss"], now=now)
    if agreed is None or claims["treaty"] != _name(agreed.treaty):
        raise ScoreCardError
    treaty, purpose, scope = agreed.treaty, TreatyPurpose(claims["purpose"]), Scope(claims["scope"])
    if scope not in treaty.scopes or purpose not in treaty.purposes or str(card_id) != claims["jti"]:
        raise ScoreCardError
    asked = Asked(question_id=card_id, home=agreed.partner.code, host=city, treaty=treaty, scope=scope, scenarios=())
    until = min(made_at + treaty.data_life, datetime.fromtimestamp(claims["exp"], UTC))
    try:
        told = read_content(claims["content"], format_moment(until), asked)
    except UnusableAnswerError:
        raise ScoreCardError from None
    rights = _list_rights(asked, told.content) if purpose is TreatyPurpose.BENEFIT else ()
    said = Said(content=told.content, until=until, entitled=dict.fromkeys(rights, until))
    return ScoreCard(card_id, agreed.partner.code, treaty, purpose, scope, made_at, said)


def _prove(session: Session, text: str, *, city: str, now: datetime) -> Mapping[str, Any]:
    """Give what a card claims, if a key of the very partner from whom it says it is has signed it.

    Another partner may have a key by the same name. Raises TokenError, ScoreCardError.
    """
    read_key_id(text, kind=SCORE_CARD_TYPE)
    partner = find_partner(session, read_issuer(text))
    if partner is None or partner.is_ended:
        raise ScoreCardError
    expected = Expected(kind=SCORE_CARD_TYPE, issuer=partner.code, audience=f"city:{city}")
    claims = read_claims(text, find_signing_keys(session, partner.code), expected, now)
    life = claims["exp"] - claims["iat"]
    if (
        set(claims) - {"nbf"} == _CLAIMS
        and claims["scope"] in _SCOPES
        and claims["purpose"] in _PURPOSES
        and 0 < life <= LONGEST_LIFE.total_seconds()
    ):
        return claims
    raise ScoreCardError


def _check_owner(
    claims: Mapping[str, Any], card_id: UUID, id_number: str, keys: ExchangeKeys, *, now: datetime
) -> None:
    """See that a card was made for whoever presents it; raises SealedMessageError, ScoreCardError."""
    if not isinstance(claims["person"], str):
        raise ScoreCardError
    owner = open_person(claims["person"], keys, question_id=card_id, sender=claims["iss"], now=now)
    if not hmac.compare_digest(owner.encode(), id_number.encode()):
        raise ScoreCardError


def _name(treaty: Treaty) -> dict[str, str]:
    return {"id": treaty.id, "version": treaty.version, "digest": treaty.digest}


def _list_rights(asked: Asked, content: Mapping[str, Any]) -> tuple[str, ...]:
    """List the scenarios of this city to which a level, or the level behind points, entitles by the treaty."""
    treaty = asked.treaty
    wanted = treaty.list_scenarios(home=asked.home, host=asked.host)
    standing = _find_standing(asked, content)
    return list_entitled(treaty, home=asked.home, host=asked.host, standing=standing, wanted=wanted)


def _find_standing(asked: Asked, content: Mapping[str, Any]) -> Standing:
    party = asked.treaty.party(asked.home)
    if asked.scope is Scope.LEVEL:
        code = content["level"]["code"]
        return Standing(level=code) if party.levels else Standing(lists=frozenset({code}))
    score = content["score"]
    by_points = next((level for level, least, most in party.list_bands() if least <= score["points"] <= most), None)
    if by_points is None:
        return Standing()
    # Where a veto keeps the level below what the points would give, the equivalent tells.
    highest = min(by_points.tier, _find_tier(asked.treaty.party(asked.host), score["equivalent"]) or by_points.tier)
    return Standing(level=next((level.code for level in party.levels if level.tier <= highest), None))


def _find_tier(party: Party, points: int | None) -> int | None:
    if points is None:
        return None
    return next((level.tier for level, least, most in party.list_bands() if least <= points <= most), None)

"""Score cards: what a person carries to another city himself, signed by the home city, read there without asking it."""

from collections.abc import Mapping
from datetime import UTC, datetime

import jwt

from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.signed_claims import ALGORITHM
from backend.gateways.tokens import Signed

SCORE_CARD_TYPE = "score-card+jwt"


def sign_score_card(
    claims: Mapping[str, object], *, keys: ExchangeKeys, home: str, now: datetime, until: datetime
) -> Signed:
    """Sign a card of the city `home` (JWS, ES256). It ends at `until`, or sooner with its key.

    `iss`, `iat`, `nbf` and `exp` are set here. Raises KeySetError when there is no key that signs.
    """
    signer = keys.find_signer(now)
    issued_at, expires_at = int(now.timestamp()), int(min(until, signer.read_until).timestamp())
    given = {**claims, "iss": home, "iat": issued_at, "nbf": issued_at, "exp": expires_at}
    text = jwt.encode(given, signer.key, ALGORITHM, headers={"typ": SCORE_CARD_TYPE, "kid": signer.key_id})
    return Signed(text, datetime.fromtimestamp(expires_at, UTC))

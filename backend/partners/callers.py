"""The cities that call us: known by the keys they publish, and answered with signatures of ours."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from backend.context import Context
from backend.gateways.city_calls import CONTENT_TYPE, MessageTag, sign_answer, verify_call
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.message_signatures import SignableRequest, SignatureFault, SignatureRefusedError
from backend.gateways.sending import Send, make_sender
from backend.partners.city_keys import find_signing_keys, learn_keys
from backend.partners.partners import Partner, find_partner
from backend.principals import Principal, PrincipalKind
from backend.web.problems import Problem, ProblemCode, Refusal
from backend.web.signed_calls import SignedCall

BELIEVED_FOR = timedelta(seconds=3)
MOST_KNOWN = 1000


class _Known(NamedTuple):
    """What we know of a caller: its partner, if it is one, and the keys that prove it."""

    partner: Partner | None
    keys: Mapping[str, EllipticCurvePublicKey]
    since: datetime


class CityCallers:
    """Who signs calls to us. What the database says of a city is believed for three seconds.

    That a nonce does not come twice is not looked at here, but by the use case, in the transaction of what the call
    does (`partners.nonces.use_nonce`): a nonce of a call that failed is not used up.
    """

    def __init__(self, context: Context, *, send: Send | None = None) -> None:
        self._database = context.database
        self._keys = context.exchange_keys
        self._send = send or make_sender(context.settings.exchange_targets)
        self._lock = Lock()
        self._known: dict[str, _Known] = {}

    def identify(self, city: str, call: SignableRequest, *, tag: str, now: datetime) -> SignedCall | SignatureFault:
        """Tell which city signed a call for `tag`, or what is wrong with it.

        An unknown key of a partner makes us fetch its keys anew, once in 15 seconds at most. Raises Problem
        (`exchange_off`) where this city has no keys, and so takes no part.
        """
        self._find_keys()
        known = self._find(city, now)
        found = _verify(city, call, known, tag, now)
        if found is not SignatureFault.UNKNOWN_KEY or known.partner is None or known.partner.is_ended:
            return found
        learn_keys(self._database, known.partner, now=now, send=self._send)
        return _verify(city, call, self._find(city, now, anew=True), tag, now)  # another process may have learnt them

    def sign(
        self, call: SignedCall, *, status: int, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> dict[str, str]:
        """Sign an answer to a call with the key of this moment; gives its headers, those of the signature too."""
        answer = sign_answer(
            call.request,
            tag=MessageTag(call.tag),
            status=status,
            body=body,
            keys=self._find_keys(),
            now=now,
            content_type=headers.get("Content-Type", CONTENT_TYPE),
        )
        return dict(answer.headers)

    def _find_keys(self) -> ExchangeKeys:
        if self._keys is None:
            raise Problem(Refusal(ProblemCode.EXCHANGE_OFF))
        return self._keys

    def _find(self, city: str, now: datetime, *, anew: bool = False) -> _Known:
        with self._lock:
            known = self._known.get(city)
        # The distance counts: a clock that was set back must not keep old keys until it catches up.
        if known is not None and not anew and abs(now - known.since) < BELIEVED_FOR:
            return known
        with self._database.reading() as session:
            partner = find_partner(session, city)
            keys = find_signing_keys(session, city) if partner is not None and not partner.is_ended else {}
        known = _Known(partner, keys, now)
        with self._lock:
            if len(self._known) >= MOST_KNOWN:  # of cities that are none
                self._known.clear()
            self._known[city] = known
        return known


def _verify(city: str, call: SignableRequest, known: _Known, tag: str, now: datetime) -> SignedCall | SignatureFault:
    try:
        verified = verify_call(call, partner=known.keys, tag=MessageTag(tag), now=now)
    except SignatureRefusedError as refused:
        return refused.fault
    principal = Principal(kind=PrincipalKind.PARTNER_CITY, id=city, scopes=frozenset())
    return SignedCall(principal=principal, request=call, tag=tag, verified=verified)

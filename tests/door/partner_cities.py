"""Other cities before the door: a partner with a treaty, one without, one that was ended; and calls signed as theirs.

A call says who signs it (`Signer`), and is signed as it leaves: whatever a test has made of its body is genuine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import count
from typing import NamedTuple

from flask import Flask
from typing_extensions import override

from backend.context import Context
from backend.gateways.city_calls import CALL_COVERED, CITY_HEADER
from backend.gateways.http_calls import HttpAnswer
from backend.gateways.message_signatures import SignableRequest, Verified, sign_message
from backend.gateways.sending import OutgoingCall
from backend.gateways.token_keys import TokenKey
from backend.partners.callers import CityCallers
from backend.partners.city_keys import store_keys
from backend.partners.partners import end_partner, register_partner
from backend.principals import Principal, PrincipalKind
from backend.storage.database import Database
from backend.visits.home_cities import make_home_cities
from backend.visits.routes import HOME_CITIES
from backend.web.signed_calls import EXTENSION, SignedCall
from tests.backend.partners.cities import NOON, OURS, THEIRS, TREATY_TEXT, Pair, Town
from tests.backend.visits.home import Home

_nonces = count(1)


class Signer(NamedTuple):
    """Who signs a call as it leaves: the city that it says it comes from, and the key."""

    city: str
    key: TokenKey


@dataclass(frozen=True)
class Cities:
    """Our city and its partner with their treaty, a partner without one, and one with which everything has ended."""

    pair: Pair = field(default_factory=Pair)
    other: Town = field(default_factory=lambda: Town("nanjing", "https://credit.nanjing.example"))
    ended: Town = field(default_factory=lambda: Town("wuhan", "https://credit.wuhan.example"))

    @property
    def partner(self) -> Signer:
        """The partner as it signs its calls."""
        return make_signer(self.pair.them)

    def meet(self, database: Database) -> None:
        """Register the partners with their keys, and the treaty."""
        with database.transaction() as session:
            self.pair.meet(session)
            self.pair.agree(session)
            for town in (self.other, self.ended):
                register_partner(session, town.code, title="某市", url=town.url, city=OURS, by="zhao", now=NOON)
                store_keys(session, town.code, town.write_jwks(), now=NOON)
            end_partner(session, self.ended.code, by="zhao", because="合作终止", now=NOON)

    def stand_before(self, app: Flask, context: Context) -> None:
        """Let the application find the partner, which entitles nobody, instead of the network."""
        home = Home(pair=self.pair, text=TREATY_TEXT, now=context.clock.now)
        app.extensions[EXTENSION] = CityCallers(context, send=self.send)
        app.extensions[HOME_CITIES] = make_home_cities(context, send=home.send)

    def send(self, call: OutgoingCall) -> HttpAnswer:
        """Answer whoever fetches the keys of one of the partners."""
        town = next(each for each in (self.pair.them, self.other, self.ended) if call.url.startswith(each.url))
        return HttpAnswer(200, town.write_jwks().encode())

    def list_impostors(self) -> Mapping[str, tuple[Signer, str]]:
        """Cities that must not get in, and the code of the problem that each must get."""
        partner, stranger = self.partner, make_signer(Town("nowhere", "https://nowhere.example"))
        forged = Signer(THEIRS, TokenKey(partner.key.key_id, stranger.key.key))
        return {
            "signed by a city that nobody knows": (stranger, "signature_key_unknown"),
            "signed by a partner that was ended": (make_signer(self.ended), "signature_key_unknown"),
            "signed by this city itself": (make_signer(self.pair.us), "signature_key_unknown"),
            "signed by a stranger as the partner": (stranger._replace(city=THEIRS), "signature_key_unknown"),
            "signed by another partner as this one": (
                make_signer(self.other)._replace(city=THEIRS),
                "signature_key_unknown",
            ),
            "signed by the partner as another one": (partner._replace(city=self.other.code), "signature_key_unknown"),
            "signed by a stranger with the id of the partner's key": (forged, "signature_refused"),
        }


class BelievingCallers(CityCallers):
    """The planted defect: whoever names a city is that city, and whatever he says is new."""

    @override
    def identify(self, city: str, call: SignableRequest, *, tag: str, now: datetime) -> SignedCall:
        verified = Verified("any", f"nonce-of-believers-{next(_nonces):012}", now)
        principal = Principal(kind=PrincipalKind.PARTNER_CITY, id=city, scopes=frozenset())
        return SignedCall(principal=principal, request=call, tag=tag, verified=verified)


@cache
def make_cities() -> Cities:
    """The cities, with the same keys at every door."""
    return Cities()


def make_signer(town: Town) -> Signer:
    """A city as it signs its calls."""
    return Signer(town.code, town.keys.find_signer(NOON))


def sign_headers(message: SignableRequest, signer: Signer, *, tag: str, now: datetime) -> dict[str, str]:
    """The headers of a request under a genuine signature over all that it has; what it lacks is not covered."""
    headers = {CITY_HEADER: signer.city, **message.headers}
    present = {name.lower() for name, value in headers.items() if value}
    return sign_message(
        SignableRequest(method=message.method, url=message.url, headers=headers, body=message.body),
        signer=signer.key,
        tag=tag,
        nonce=f"nonce-of-the-door-{next(_nonces):012}",
        covered=tuple(name for name in CALL_COVERED if name in present),
        now=now,
    )

"""The public keys of another city: fetched from its own address, and read with suspicion.

They prove what the city says, and to one of them is sealed what only it may read. That an address is the city's own is
for the treaty to say; that the keys come from that address, for TLS.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from backend.gateways.http_calls import CallFailedError, CallFault
from backend.gateways.key_sets import KeySetUnreachableError
from backend.gateways.public_keys import KeyRefusedError, PublicKey, read_jwk
from backend.gateways.sealed_messages import SEALING_ALGORITHM
from backend.gateways.sending import OutgoingCall, Send
from backend.gateways.signed_claims import ALGORITHM, KeySetError, read_entries

LARGEST_CHARACTERS = 16384
MOST_KEYS = 32
_ALGORITHMS: Mapping[str, str] = {"sig": ALGORITHM, "enc": SEALING_ALGORITHM}
_FAULTS: Mapping[CallFault, str] = {
    CallFault.NO_ADDRESS: "its name has no address",
    CallFault.ADDRESS_REFUSED: "it is not https at a public address, and no other may be called",
    CallFault.NOT_REACHED: "nobody answers there",
    CallFault.NOT_TRUSTED: "its certificate is not trusted",
    CallFault.TOO_SLOW: "it takes too long to answer",
    CallFault.UNUSABLE: "what it answers is not HTTP or too large",
}
_KEY_ID = re.compile(r"[!-~]{1,64}", re.ASCII)


class PartnerSealingKey(NamedTuple):
    """The key that messages to a city are sealed to."""

    key_id: str
    key: EllipticCurvePublicKey


class PartnerKeys(NamedTuple):
    """The keys of a city: those that prove its messages, by id, and the one to seal to, if it gives any."""

    signing: Mapping[str, EllipticCurvePublicKey]
    sealing: PartnerSealingKey | None


def fetch_partner_keys(url: str, *, deadline_seconds: float, send: Send) -> str:
    """Fetch the text of a city's JWK set, which nobody has looked at yet; raises KeySetUnreachableError."""
    try:
        answer = send(OutgoingCall(url=url, method="GET", deadline_seconds=deadline_seconds))
    except CallFailedError as failed:
        raise KeySetUnreachableError(f"the keys of a city cannot be fetched: {_FAULTS[failed.fault]}") from None
    if answer.status != HTTPStatus.OK:
        raise KeySetUnreachableError(f"the keys of a city are answered with status {answer.status}, not 200")
    try:
        return answer.content.decode()
    except UnicodeDecodeError:
        raise KeySetUnreachableError("the keys of a city are not in UTF-8") from None


def read_partner_keys(text: str) -> PartnerKeys:
    """Read a city's JWK set (JSON): keys on P-256 that say whether they sign or seal; of several to seal to, the first.

    Keys of other kinds are passed over, since a city may have them for others. One of these kinds that is private, weak
    or no point of the curve, serves two ends or shares its id, makes the whole set a KeySetError.
    """
    if len(text) > LARGEST_CHARACTERS:
        raise KeySetError(f"the key set has more than {LARGEST_CHARACTERS} characters")
    entries = [entry for entry in read_entries(text) if _is_of_exchange(entry)]
    if len(entries) > MOST_KEYS:
        raise KeySetError(f"the key set has {len(entries)} keys; {MOST_KEYS} are the most")
    signing: dict[str, EllipticCurvePublicKey] = {}
    sealing: dict[str, EllipticCurvePublicKey] = {}
    seen: set[str] = set()
    for entry in entries:
        key_id, key = _read_key_id(entry), _read_key(entry)
        if {key_id, key.key_id} & seen:
            raise KeySetError(f"key {key_id} has the id of another one, or is another one")
        seen |= {key_id, key.key_id}
        (signing if entry["use"] == "sig" else sealing)[key_id] = key.load()
    if not signing:
        raise KeySetError("the key set has no key of use sig on P-256")
    return PartnerKeys(signing, next((PartnerSealingKey(*item) for item in sealing.items()), None))


def _is_of_exchange(entry: Mapping[str, Any]) -> bool:
    if entry.get("kty") != "EC" or entry.get("crv") != "P-256":
        return False
    use = entry.get("use")
    return isinstance(use, str) and use in _ALGORITHMS and entry.get("alg", _ALGORITHMS[use]) == _ALGORITHMS[use]


def _read_key_id(entry: Mapping[str, Any]) -> str:
    key_id = entry.get("kid")
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        raise KeySetError("a key of the set has no kid of 1 to 64 visible ASCII characters")
    return key_id


def _read_key(entry: Mapping[str, Any]) -> PublicKey:
    """Read a key by the rules for keys of others; what it is for was looked at before."""
    try:
        return read_jwk({name: value for name, value in entry.items() if name not in {"use", "alg"}})
    except KeyRefusedError as refused:
        raise KeySetError(f"key {entry['kid']} is refused: {refused.flaw}") from None

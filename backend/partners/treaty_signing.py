"""What a city looks at before it signs a treaty, and the signatures of both: detached JWS over its bytes."""

from collections.abc import Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from backend.gateways.detached_signatures import DetachedSignatureError, sign_detached, verify_detached
from backend.gateways.token_keys import TokenKey
from scenarios.treaty import Party
from scoring.rulebook import Rulebook

TREATY_KIND = "treaty+jws"


class Signatures(NamedTuple):
    """The signatures of both cities over the text of a treaty."""

    ours: str
    theirs: str


def sign_treaty(text: str, signer: TokenKey) -> str:
    """Sign the bytes (UTF-8) of a treaty."""
    return sign_detached(text.encode(), kind=TREATY_KIND, signer=signer)


def find_signature_fault(text: str, signature: str, keys: Mapping[str, EllipticCurvePublicKey]) -> str | None:
    """Find what is wrong with a signature over a treaty, which one of `keys` must have made; None when nothing is."""
    try:
        verify_detached(signature, text.encode(), kind=TREATY_KIND, keys=keys)
    except DetachedSignatureError as refused:
        return str(refused)
    return None


def list_level_faults(party: Party, rulebook: Rulebook | None) -> list[str]:
    """List where the levels that a treaty gives our city differ from its rulebook; none for a city without levels."""
    if rulebook is None or not party.levels:
        return []
    ours = {level.code: rulebook.floor if level.at_least is None else level.at_least for level in rulebook.levels}
    given = {level.code: level.at_least for level in party.levels}
    faults = [f"level {code} is not in the rulebook {rulebook.version}" for code in given if code not in ours]
    faults += [f"level {code} of the rulebook {rulebook.version} is missing" for code in ours if code not in given]
    if not party.has_scale:
        return faults
    if (party.floor, party.ceiling) != (rulebook.floor, rulebook.ceiling):
        scale = f"{rulebook.floor} to {rulebook.ceiling}"
        faults.append(f"our scale is given as {party.floor} to {party.ceiling}; by the rulebook it is {scale}")
    return faults + [
        f"level {code} begins at {given[code]}; by the rulebook it begins at {at_least}"
        for code, at_least in ours.items()
        if code in given and given[code] != at_least
    ]

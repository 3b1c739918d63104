"""The states of keys by time, in words, and their fingerprints: lines none of which shows a secret."""

from collections.abc import Sequence
from datetime import datetime

from backend.gateways.exchange_keys import ExchangeKey, SealingKey, choose_sealing
from backend.gateways.public_keys import write_fingerprint
from backend.gateways.token_keys import NEVER, TokenKey, choose_signer, list_readable


def describe_token_key(key: TokenKey, held: Sequence[TokenKey], now: datetime) -> str:
    """Describe a key that signs, signed or will sign, among all that are held."""
    if key not in list_readable(held, now):
        return f"  {key.key_id}  ended {_write(key.read_until)}, goes at the next rotation"
    ends = f", read until {_write(key.read_until)}" if key.read_until < NEVER else ""
    if key.signs_from > now:
        return f"  {key.key_id}  signs from {_write(key.signs_from)}{ends}"
    return f"  {key.key_id}  {'signs' if key == choose_signer(held, now) else 'read'}{ends}"


def describe_sealing_key(key: SealingKey, held: Sequence[SealingKey], now: datetime) -> str:
    """Describe a key that others seal to, did or will, among all that are held."""
    if now >= key.opened_until:
        return f"  {key.key_id}  ended {_write(key.opened_until)}, goes at the next rotation"
    ends = f", opens until {_write(key.opened_until)}" if key.opened_until < NEVER else ""
    if key.sealed_from > now:
        return f"  {key.key_id}  sealed to from {_write(key.sealed_from)}{ends}"
    return f"  {key.key_id}  {'sealed to' if key in choose_sealing(held, now) else 'opens'}{ends}"


def describe_fingerprint(key: ExchangeKey) -> str:
    """Give the fingerprint of a key's public half, as it is compared by telephone."""
    return f"      fingerprint {write_fingerprint(key.describe())}"


def _write(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"

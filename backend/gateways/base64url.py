"""base64url without padding, as signatures and tokens have it (RFC 7515, section 2), in its one spelling."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def encode_base64url(content: bytes) -> str:
    """Write bytes as base64url."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Read base64url; a ValueError for what is none, and for a second spelling of the same bytes."""
    found = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode_base64url(found) != text:
        raise ValueError("it is not base64url in its one spelling")
    return found

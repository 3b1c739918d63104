"""Status lists (draft-ietf-oauth-status-list-21): one bit for each card, so that one can end before its time.

The bits are packed from the least significant one of each byte, compressed with zlib and written in base64url
(section 4.1). 0 is valid, 1 is not (section 7.1).
"""

import zlib
from collections.abc import Iterable

from backend.gateways.base64url import encode_base64url

BITS = 65_536
LIST_TYPE = "statuslist+jwt"
LIST_MEDIA_TYPE = "application/statuslist+jwt"
_BEST = 9


def pack_bits(places: Iterable[int], *, size: int = BITS) -> str:
    """Pack a list of `size` bits (a multiple of 8), those at `places` set; an IndexError for a place outside."""
    packed = bytearray(size // 8)
    for place in places:
        if not 0 <= place < size:
            raise IndexError(f"a list of {size} bits has no place {place}")
        packed[place >> 3] |= 1 << (place & 7)
    return encode_base64url(zlib.compress(bytes(packed), _BEST))

import zlib
from base64 import urlsafe_b64decode

import pytest

from backend.gateways.status_lists import BITS, pack_bits


def test_the_example_of_the_draft() -> None:
    assert pack_bits([0, 3, 4, 5, 7, 8, 9, 13, 15], size=16) == "eNrbuRgAAhcBXQ"


def test_every_list_has_the_same_size_and_nothing_stands_outside() -> None:
    packed = pack_bits([0, BITS - 1])
    bits = zlib.decompress(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    assert (len(bits), bits[0], bits[-1], sum(bits)) == (BITS // 8, 1, 128, 129)
    with pytest.raises(IndexError):
        pack_bits([BITS])

"""Two hundred invented people whose names, numbers and phones must turn up nowhere, and the search for them."""

import base64
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from random import Random

from backend.demo.people import make_people
from tests.backend.city import ADULT_BORN_ON, Person

HOW_MANY, SEED = 200, 30
PREFIX = 8  # bytes that the search looks at first, as one number
RARE = 0x3400  # CJK Extension A: no text of ours has its characters, so a name with one is nobody else's
HASHES = ("md5", "sha1", "sha256", "sm3", "sha512")


@dataclass(frozen=True)
class Canary:
    """Somebody who is not there, and every spelling in which he could be recognised."""

    person: Person
    phone: str = field(repr=False)


def make_canaries(count: int = HOW_MANY, *, seed: int = SEED) -> list[Canary]:
    """Adults of the demo's generator, with names that no text of ours can hold by chance, and phones."""
    random = Random(seed)  # noqa: S311 - chance for stories, not for secrets
    adults = (
        each
        for each in make_people(2 * count, seed=seed, day=date(2026, 11, 22))
        if each.born_on.year <= ADULT_BORN_ON.year
    )
    return [
        Canary(
            Person(f"{each.name}{chr(RARE + number) * 2}", each.id_number),
            f"1{random.choice('3589')}{random.randrange(10**9):09}",
        )
        for number, each in enumerate(islice(adults, count))
    ]


def spell(text: str) -> Iterator[tuple[str, bytes]]:
    """Every spelling of a number in which it is still there: clear, encoded, turned around, hashed without a key."""
    clear = text.encode()
    spellings = {
        "in clear": clear,
        "in small letters": text.lower().encode(),
        "reversed": clear[::-1],
        "in UTF-16": text.encode("utf-16-le"),
        "full-width": "".join(chr(ord(each) + 0xFEE0) for each in text).encode(),
        "with dots": "·".join(text).encode(),
        "in hex": clear.hex().encode(),
        "in hex capitals": clear.hex().upper().encode(),
    }
    yield from spellings.items()
    for shift in range(3):  # base64 depends on where in the text the number stands
        encoded = base64.b64encode(b"\0" * shift + clear)
        yield "in base64", encoded[-(-shift * 8 // 6) : len(encoded) - (4 if (shift + len(clear)) % 3 else 0)]
    for name in HASHES:
        for what, secret in (("", clear), (" of small letters", text.lower().encode())):
            digest = hashlib.new(name, secret, usedforsecurity=False).digest()
            yield f"as {name}{what}", digest
            yield f"as {name}{what} in hex", digest.hex().encode()
            yield f"as {name}{what} in hex capitals", digest.hex().upper().encode()
            yield f"as {name}{what} in base64", base64.b64encode(digest).rstrip(b"=")
            yield f"as {name}{what} in base64url", base64.urlsafe_b64encode(digest).rstrip(b"=")


def spell_name(name: str) -> Iterator[tuple[str, bytes]]:
    """A name in the encodings in which it could be written down."""
    yield "in clear", name.encode()
    yield "escaped", json.dumps(name)[1:-1].encode()
    yield "in UTF-16", name.encode("utf-16-le")
    yield "in GB18030", name.encode("gb18030")
    yield "in percents", "".join(f"%{each:02X}" for each in name.encode()).encode()


class Search:
    """Looks for all spellings of all canaries in one pass over a text."""

    def __init__(self, canaries: list[Canary]) -> None:
        self._by_prefix: dict[int, list[tuple[str, bytes]]] = {}
        for number, canary in enumerate(canaries):
            for what, text, spellings in (
                ("the number", canary.person.id_number, spell(canary.person.id_number)),
                ("the phone", canary.phone, spell(canary.phone)),
                ("the name", canary.person.name, spell_name(canary.person.name)),
            ):
                del text
                for how, spelling in spellings:
                    assert len(spelling) >= PREFIX, (what, how)
                    prefix = int.from_bytes(spelling[:PREFIX], sys.byteorder)
                    self._by_prefix.setdefault(prefix, []).append((f"{what} of {number} {how}", spelling))

    def find(self, place: str, content: bytes) -> Iterator[str]:
        """One sentence for each spelling that is found in `content`."""
        found = set()
        for shift in range(min(PREFIX, len(content))):
            end = len(content) - (len(content) - shift) % PREFIX
            prefixes = memoryview(content)[shift:end].cast("Q")
            if self._by_prefix.keys().isdisjoint(prefixes):  # many times as fast as looking at one after the other
                continue
            for at, prefix in zip(range(shift, end, PREFIX), prefixes, strict=True):
                for what, spelling in self._by_prefix.get(prefix, ()):
                    if content.startswith(spelling, at):
                        found.add(f"{place} holds {what}")
        yield from sorted(found)

    def find_in_all(self, places: Mapping[str, bytes]) -> Iterator[str]:
        """The same over several places."""
        for place, content in places.items():
            yield from self.find(place, content)

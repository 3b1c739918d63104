"""The verifier of bundles: needs the public keys of the two cities, and nothing else of ours: no database, no settings.

It looks at the form first: each line in its one spelling, the chain without a gap, our signature over the whole. Only
of a bundle whose form is sound are the signatures of treaties and messages counted again. What it says is the line and
what is wrong there.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from backend.gateways.detached_signatures import DetachedSignatureError, verify_detached
from backend.partners.bundle_lines import BEGINNING, BUNDLE_KIND, chain
from backend.partners.bundle_reading import (
    Closing,
    Head,
    LinkedMessage,
    MalformedLineError,
    TreatyText,
    read_closing,
    read_head,
    read_line,
    read_linked_message,
)
from backend.partners.message_proofs import find_message_faults
from backend.partners.treaty_signing import find_signature_fault

KeysByCity = Mapping[str, Mapping[str, EllipticCurvePublicKey]]


class BundleFault(NamedTuple):
    """What is wrong with a line; the first line is 1."""

    line: int
    what: str


class BundleReport(NamedTuple):
    """What was found: how many messages and treaties a bundle has, and everything that is wrong with it.

    `erased` messages are proved by their signatures and digests alone: what they said is not there any more.
    """

    city: str
    partner: str
    messages: int
    erased: int
    treaties: int
    faults: tuple[BundleFault, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


class _Form(NamedTuple):
    head: Head
    messages: tuple[LinkedMessage, ...]
    closing: Closing
    digest: bytes


class _FormError(Exception):
    """The form of a bundle is broken at a line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.fault = BundleFault(line, what)


def check_bundle(lines: Iterable[bytes], keys: KeysByCity) -> BundleReport:
    """Check a bundle, given as lines with their ends; `keys` are those of both cities by id, of the past too."""
    try:
        form = _read_form(lines)
    except _FormError as broken:
        return BundleReport("", "", 0, 0, 0, (broken.fault,))
    head = form.head
    faults = [*_check_closing(form, keys)]
    faults += _check_treaties(head, keys)
    if not faults:
        faults += [BundleFault(number, what) for number, what in find_message_faults(head, form.messages, keys)]
    erased = sum(each.message.body is None for each in form.messages)
    return BundleReport(head.city, head.partner, len(form.messages), erased, len(head.treaties), tuple(faults))


def _read_form(lines: Iterable[bytes]) -> _Form:
    digest, head, messages, closing, held, number = sha256(), None, list[LinkedMessage](), None, None, 0
    for number, line in enumerate(lines, start=1):
        if closing is not None:
            raise _FormError(number, "stands behind the closing line; nothing may")
        try:
            document = read_line(line)
            if head is None:
                head = read_head(document)
                held = bytes.fromhex(head.previous)
            elif "closing" in document:
                closing = read_closing(document)
                continue  # what closes is not closed itself
            else:
                linked = read_linked_message(document)
                held = _check_link(head, linked, held or BEGINNING, number)
                messages.append(linked)
        except MalformedLineError as malformed:
            raise _FormError(number, str(malformed)) from None
        digest.update(line)
    if head is None or closing is None:
        raise _FormError(number + 1, "is missing; a bundle has a first line, messages and a closing line")
    _check_extent(head, len(messages), number)
    return _Form(head, tuple(messages), closing, digest.digest())


def _check_link(head: Head, linked: LinkedMessage, held: bytes, number: int) -> bytes:
    expected = head.from_no + number - 2
    if linked.log_no != expected:
        raise _FormError(number, f"has number {linked.log_no} of the log; {expected} would be right")
    if linked.previous != held.hex():
        raise _FormError(number, "does not hang on the message before it: its `previous` is not that one's digest")
    digest = chain(held, linked.document)
    if linked.digest != digest.hex():
        raise _FormError(number, "is not what was chained: the message's digest differs")
    return digest


def _check_extent(head: Head, messages: int, last_line: int) -> None:
    if messages != max(0, head.to_no - head.from_no + 1):
        raise _FormError(last_line, f"comes after {messages} messages; the first line says {head.from_no}-{head.to_no}")
    if head.from_no == 1 and head.previous != BEGINNING.hex():
        raise _FormError(1, "begins the log with a digest before it; 32 zero bytes would be right")


def _check_closing(form: _Form, keys: KeysByCity) -> Iterator[BundleFault]:
    number = len(form.messages) + 2
    try:
        verify_detached(form.closing.signature, form.digest, kind=BUNDLE_KIND, keys=keys.get(form.head.city, {}))
    except DetachedSignatureError as refused:
        yield BundleFault(number, f"the closing signature of {form.head.city!r} over all lines is refused: {refused}")


def _check_treaties(head: Head, keys: KeysByCity) -> Iterator[BundleFault]:
    for treaty in head.treaties:
        yield from (BundleFault(1, what) for what in _find_treaty_faults(head, treaty, keys))


def _find_treaty_faults(head: Head, treaty: TreatyText, keys: KeysByCity) -> Iterator[str]:
    name = f"treaty {treaty.id} {treaty.version}"
    if sha256(treaty.text.encode()).hexdigest() != treaty.digest:
        yield f"{name}: its digest is not that of its text"
    for city, signature in ((head.city, treaty.our_signature), (head.partner, treaty.their_signature)):
        fault = find_signature_fault(treaty.text, signature, keys.get(city, {}))
        if fault is not None:
            yield f"{name}: the signature of {city} is refused: {fault}"

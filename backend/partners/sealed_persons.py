"""Whom a question or a card is about: the identity number, sealed to the one city that may read it."""

from datetime import datetime
from uuid import UUID

from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.partner_keys import PartnerSealingKey
from backend.gateways.sealed_messages import SealedMessageError, SealedMessageFault, seal_for

_MEMBERS = frozenset({"id_number", "question_id", "from"})


def seal_person(id_number: str, sealing: PartnerSealingKey, *, question_id: UUID, sender: str) -> str:
    """Seal an identity number to the city whose key `sealing` is, for one question or card of the city `sender`."""
    person = {"id_number": id_number, "question_id": str(question_id), "from": sender}
    return seal_for(person, key_id=sealing.key_id, key=sealing.key)


def open_person(text: str, keys: ExchangeKeys, *, question_id: UUID, sender: str, now: datetime) -> str:
    """Open whom a question or a card is about, and give the identity number; raises SealedMessageError.

    What was sealed for another question or by another city is refused (`bad_content`): somebody sends on what he cannot
    read.
    """
    person = keys.open(text, now)
    if set(person) != _MEMBERS or (person["question_id"], person["from"]) != (str(question_id), sender):
        raise SealedMessageError(SealedMessageFault.BAD_CONTENT)
    return person["id_number"]

"""Identity numbers: the resident id of a natural person, the unified social credit code of an organisation. Pure.

The region in a number is not checked: region codes change, and with them lists of codes refuse real people.
No fault repeats anything of the number it is about.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, StrEnum

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

EARLIEST_BIRTH = date(1900, 1, 1)
LATEST_BIRTH = date(2099, 12, 31)  # of a number found in a text, where no clock is at hand
LENGTH = 18
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
# Region (6 digits), day of birth (8), sequence (3), check character (GB 11643-1999).
_RESIDENT_ID = re.compile(r"[0-9]{6}([0-9]{4})([0-9]{2})([0-9]{2})[0-9]{3}[0-9X]")
_CODE = re.compile(r"[0-9A-Z]{18}")
# Looked for ahead, so that a number is also found that begins within another one.
# Up to eight characters that are no digits may stand between two digits: blanks, signs, 年月日, letters.
_EMBEDDED = re.compile(r"(?=((?:[0-9][^0-9XxХх×]{0,8}){17}[0-9XxХх×]))")
_BETWEEN = re.compile(r"[^0-9]")


class SubjectKind(StrEnum):
    """The kinds of subjects that records are about."""

    NATURAL_PERSON = "natural_person"
    ENTERPRISE = "enterprise"
    SOLE_TRADER = "sole_trader"
    SOCIAL_ORGANISATION = "social_organisation"
    PUBLIC_INSTITUTION = "public_institution"
    GOVERNMENT_BODY = "government_body"


class IdentityFault(Enum):
    """What is wrong with an identity number; the value is a stable code."""

    FULL_WIDTH = "full_width"
    WRONG_LENGTH = "wrong_length"
    WRONG_CHARACTER = "wrong_character"
    NO_SUCH_BIRTH_DATE = "no_such_birth_date"
    BORN_BEFORE_1900 = "born_before_1900"
    BORN_IN_FUTURE = "born_in_future"
    WRONG_CHECK_CHARACTER = "wrong_check_character"
    OF_A_PERSON = "of_a_person"

    @property
    def code(self) -> str:
        """The stable code, for receipts and answers."""
        return self.value


@dataclass(frozen=True, slots=True)
class ResidentId:
    """A resident id in its one spelling (18 ASCII characters, a capital X), and the day of birth in it."""

    number: str = field(repr=False)
    born_on: date = field(repr=False)


def read_resident_id(text: str, *, today: date) -> ResidentId | IdentityFault:
    """Read a resident id (GB 11643-1999); a small `x` is read as `X`, and nothing else is put right."""
    number = _read_characters(text)
    if isinstance(number, IdentityFault):
        return number
    match = _RESIDENT_ID.fullmatch(number)
    if match is None:
        return IdentityFault.WRONG_CHARACTER
    born_on = _read_birth(*(int(part) for part in match.groups()), today=today)
    if isinstance(born_on, IdentityFault):
        return born_on
    if number[-1] != find_check_character(number[:-1]):
        return IdentityFault.WRONG_CHECK_CHARACTER
    return ResidentId(number, born_on)


def happened_before_birth(identity_number: str, day: date) -> bool:
    """Tell whether a day lies before the birth that a resident id tells; never for the number of an organisation."""
    resident = read_resident_id(identity_number, today=LATEST_BIRTH)
    return isinstance(resident, ResidentId) and day < resident.born_on


def holds_resident_id(text: str) -> bool:
    """Tell whether a text holds a resident id, alone or among other things.

    It is found in digits of any script, and with up to eight other characters after any of its digits. It must
    pass every check of `read_resident_id`, so that hardly any other number is taken for one; a credit code is none.
    """
    plain = "".join(_plain_digit(character) for character in unicodedata.normalize("NFKC", text))
    for match in _EMBEDDED.finditer(plain):
        found = match.group(1)
        number = _BETWEEN.sub("", found) if found[-1].isdigit() else _BETWEEN.sub("", found) + "X"
        if isinstance(read_resident_id(number, today=LATEST_BIRTH), ResidentId):
            return True
    return False


def _plain_digit(character: str) -> str:
    """Give the ASCII digit for a digit of any script, 〇 to 九 included; any other character as it is."""
    chinese = "〇一二三四五六七八九".find(character)
    value = chinese if chinese >= 0 else unicodedata.digit(character, -1)
    return str(value) if value >= 0 else character


def find_check_character(first_seventeen: str) -> str:
    """Compute the last character of a resident id from its 17 digits (ISO 7064, MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_seventeen, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def read_uscc(text: str) -> str | IdentityFault:
    """Read a unified social credit code (GB 32100-2015); small letters are read as capitals."""
    number = _read_characters(text)
    if isinstance(number, IdentityFault):
        return number
    if _CODE.fullmatch(number) is None:
        return IdentityFault.WRONG_CHARACTER
    try:
        return uscc.validate(number)
    except InvalidChecksum:
        return IdentityFault.WRONG_CHECK_CHARACTER
    except ValidationError:
        return IdentityFault.WRONG_CHARACTER


def read_identity(kind: str, text: str, *, today: date) -> str | IdentityFault:
    """Read the identity number that a subject of `kind` has, in its one spelling; an unknown kind is a ValueError.

    Of resident ids one in 31 has the form of a credit code as well. It is a person's all the same, and taken for an
    organisation's it would keep its owner from an account.
    """
    found = read_resident_id(text, today=today)
    if SubjectKind(kind) is not SubjectKind.NATURAL_PERSON:
        return IdentityFault.OF_A_PERSON if isinstance(found, ResidentId) else read_uscc(text)
    return found if isinstance(found, IdentityFault) else found.number


def _read_birth(year: int, month: int, day: int, *, today: date) -> date | IdentityFault:
    try:
        born_on = date(year, month, day)
    except ValueError:
        return IdentityFault.NO_SUCH_BIRTH_DATE
    if born_on < EARLIEST_BIRTH:
        return IdentityFault.BORN_BEFORE_1900
    return IdentityFault.BORN_IN_FUTURE if born_on > today else born_on


def _read_characters(text: str) -> str | IdentityFault:
    if any("\uff01" <= character <= "\uff5e" for character in text):
        return IdentityFault.FULL_WIDTH
    if len(text) != LENGTH:
        return IdentityFault.WRONG_LENGTH
    return text.upper() if text.isascii() else IdentityFault.WRONG_CHARACTER

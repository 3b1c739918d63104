"""Identity numbers: those on the ids of natural persons, the unified social credit code of an organisation. Pure.

Of 18 characters, built and checked alike (GB 11643-1999: day of birth at 7 to 14, check character MOD 11-2), are the
citizen's number, that of residence permits of people of Hong Kong (810000), Macau (820000) and Taiwan (830000; State
Council, residence permit measures of 2018), and since 2023 that of foreigners' permanent residence ids, which begins
with 9 (National Immigration Administration, rules of the 2023 edition). Until then those had 3 letters and 12 digits,
and old ones stay valid: letters of the country, 4 digits of the place, 6 of the day of birth, 2 more. No source says
how the last of these is computed, so nothing but the form and the day is checked there.

The region in a number is not checked: region codes change, and with them lists of codes refuse real people.
No fault repeats anything of the number it is about.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, StrEnum
from operator import mul

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

EARLIEST_BIRTH = date(1900, 1, 1)
LATEST_BIRTH = date(2099, 12, 31)  # of a number found in a text, where no clock is at hand
LENGTH, OLD_FOREIGN_LENGTH = 18, 15
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_WEIGHTS_OF_ZERO = ord("0") * sum(_WEIGHTS)
_CHECK_CHARACTERS = "10X98765432"
# Region (6 digits), day of birth (8), sequence (3), check character (GB 11643-1999).
_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]")
_OLD_FOREIGN_ID = re.compile(r"[A-Z]{3}[0-9]{12}")
_CODE = re.compile(r"[0-9A-Z]{18}")
# Looked for ahead, so that a number is also found that begins within another one.
# Up to eight characters that are no digits may stand between two digits: blanks, signs, 年月日, letters.
_EMBEDDED = re.compile(r"(?=((?:[0-9][^0-9XxХх×]{0,8}){17}[0-9XxХх×]))")
_BETWEEN = re.compile(r"[^0-9]")
# In a text the old foreign form is looked for with a province in its place of issue, or every key such as
# `XZC202603010012` would be one.
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])"
_EMBEDDED_OLD = re.compile(r"(?<![A-Z])[A-Z]{3}(?:[^0-9A-Z]{0,2}[0-9]){12}(?![0-9])")
_OLD_IN_TEXT = re.compile(rf"[A-Z]{{3}}{_PROVINCE}[0-9]{{10}}")
_FEWEST_DIGITS = 12
_NO_SIGN = re.compile(r"[^0-9A-Z]")
# Texts in which a character is a digit only if it is one of these.
_COMMON = re.compile(r"[ -~\u3001\u3002\u3008-\u3011\u3014\u3015\u4e00-\u9fff（），：；·—]*")
_CHINESE_DIGITS = str.maketrans("〇一二三四五六七八九", "0123456789")


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
    """The number of a person's id in its one spelling (ASCII, capitals), and the day of birth in it.

    The old foreign form leaves the century open: `born_on` is then the later day that can be, `or_born_on` the earlier.
    """

    number: str = field(repr=False)
    born_on: date = field(repr=False)
    or_born_on: date | None = field(default=None, repr=False)

    @property
    def earliest_birth(self) -> date:
        """The earliest day on which the person can have been born."""
        return self.or_born_on or self.born_on


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity number in its one spelling; for a person the earliest day on which he can have been born."""

    number: str = field(repr=False)
    earliest_birth: date | None = field(default=None, repr=False)


def read_resident_id(text: str, *, today: date) -> ResidentId | IdentityFault:
    """Read the number of a person's id; small letters are read as capitals, and nothing else is put right."""
    number = _read_characters(text)
    if isinstance(number, IdentityFault):
        return number
    if len(number) == OLD_FOREIGN_LENGTH:
        return _read_old_foreign_id(number, today)
    if _RESIDENT_ID.fullmatch(number) is None:
        return IdentityFault.WRONG_CHARACTER
    born_on = _read_birth(number[6:14], today=today)
    if isinstance(born_on, IdentityFault):
        return born_on
    if number[-1] != find_check_character(number[:-1]):
        return IdentityFault.WRONG_CHECK_CHARACTER
    return ResidentId(number, born_on)


def _read_old_foreign_id(number: str, today: date) -> ResidentId | IdentityFault:
    if _OLD_FOREIGN_ID.fullmatch(number) is None:
        return IdentityFault.WRONG_CHARACTER
    found = (_read_birth(century + number[7:13], today=today) for century in ("20", "19"))
    days = [day for day in found if isinstance(day, date)]
    return ResidentId(number, *days) if days else IdentityFault.NO_SUCH_BIRTH_DATE


def happened_before_birth(identity_number: str, day: date) -> bool:
    """Tell whether a day lies before any birth that a person's number tells; never for that of an organisation."""
    resident = read_resident_id(identity_number, today=LATEST_BIRTH)
    return isinstance(resident, ResidentId) and day < resident.earliest_birth


def holds_resident_id(text: str) -> bool:
    """Tell whether a text holds the number of a person's id, alone or among other things.

    It is found in digits of any script, and with up to eight other characters after any of its digits (the old foreign
    form: up to two before). It must pass every check of `read_resident_id`, so that hardly any other number is taken
    for one; a credit code is none.
    """
    if _COMMON.fullmatch(text) is not None:
        if len(text) < OLD_FOREIGN_LENGTH:
            return False
        plain = text.translate(_CHINESE_DIGITS)
    else:
        plain = "".join(_plain_digit(character) for character in unicodedata.normalize("NFKC", text))
    digits = len(plain) if plain.isdecimal() else len(_BETWEEN.sub("", plain))
    return digits >= _FEWEST_DIGITS and (
        (digits >= LENGTH - 1 and _holds_long_number(plain)) or _holds_old_foreign_id(plain.upper())
    )


def _holds_long_number(plain: str) -> bool:
    for match in _EMBEDDED.finditer(plain):
        found = match.group(1)
        number = _BETWEEN.sub("", found) if found[-1].isdigit() else _BETWEEN.sub("", found) + "X"
        if isinstance(read_resident_id(number, today=LATEST_BIRTH), ResidentId):
            return True
    return False


def _holds_old_foreign_id(plain: str) -> bool:
    for match in _EMBEDDED_OLD.finditer(plain):
        number = _NO_SIGN.sub("", match.group())
        if _OLD_IN_TEXT.fullmatch(number) and isinstance(_read_old_foreign_id(number, LATEST_BIRTH), ResidentId):
            return True
    return False


def _plain_digit(character: str) -> str:
    """Give the ASCII digit for a digit of any script, 〇 to 九 included; any other character as it is."""
    chinese = "〇一二三四五六七八九".find(character)
    value = chinese if chinese >= 0 else unicodedata.digit(character, -1)
    return str(value) if value >= 0 else character


def find_check_character(first_seventeen: str) -> str:
    """Compute the last character of a resident id from its 17 digits (ISO 7064, MOD 11-2)."""
    total = sum(map(mul, first_seventeen.encode("ascii"), _WEIGHTS)) - _WEIGHTS_OF_ZERO
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
    """Read the identity number that a subject of `kind` has, in its one spelling; an unknown kind is a ValueError."""
    found = read_identity_with_birth(kind, text, today=today)
    return found if isinstance(found, IdentityFault) else found.number


def read_identity_with_birth(kind: str, text: str, *, today: date) -> Identity | IdentityFault:
    """Read the identity number that a subject of `kind` has, and the day of birth that it tells.

    Of resident ids one in 31 has the form of a credit code as well. It is a person's all the same, and taken for an
    organisation's it would keep its owner from an account.
    """
    found = read_resident_id(text, today=today)
    if SubjectKind(kind) is SubjectKind.NATURAL_PERSON:
        return found if isinstance(found, IdentityFault) else Identity(found.number, found.earliest_birth)
    if isinstance(found, ResidentId):
        return IdentityFault.OF_A_PERSON
    code = read_uscc(text)
    return code if isinstance(code, IdentityFault) else Identity(code)


def _read_birth(digits: str, *, today: date) -> date | IdentityFault:
    """Read a day of eight ASCII digits."""
    try:
        born_on = date.fromisoformat(digits)
    except ValueError:
        return IdentityFault.NO_SUCH_BIRTH_DATE
    if born_on < EARLIEST_BIRTH:
        return IdentityFault.BORN_BEFORE_1900
    return IdentityFault.BORN_IN_FUTURE if born_on > today else born_on


def _read_characters(text: str) -> str | IdentityFault:
    if not text.isascii() and any("\uff01" <= character <= "\uff5e" for character in text):
        return IdentityFault.FULL_WIDTH
    # Fifteen digits were a citizen's number until 1999; only the old foreign form begins with letters.
    if len(text) != LENGTH and not (len(text) == OLD_FOREIGN_LENGTH and text[0].isalpha()):
        return IdentityFault.WRONG_LENGTH
    return text.upper() if text.isascii() else IdentityFault.WRONG_CHARACTER

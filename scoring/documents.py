"""Reading a TOML document into values: typed, strict, and with every fault reported at once."""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import NamedTuple, cast

from scoring.days import FIRST_DAY, LAST_DAY


class _Form(NamedTuple):
    """How a code may be written, and the same in words."""

    pattern: re.Pattern[str]
    letters: str


_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs"})
_CODE = _Form(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}"),
    "of A to Z, a to z, digits, points, underscores and hyphens, beginning with a letter or a digit",
)
_COLUMN = _Form(re.compile(r"[a-z][a-z0-9_]{0,59}"), "small letters, digits and underscores, beginning with a letter")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,39}")
MOST_MONTHS = 1200
# No city pays out more fen, or counts more of anything; whatever is added up and multiplied stays within 64 bits.
MOST_INTEGER = 10**12
# Bands of ten points are listed, and drawn.
MOST_POINTS = 10_000
_SHOWN = 10**20
# The parser of TOML takes a time that grows with the square of the parts of a key.
_MOST_DOTS = 200
MOST_ENTRIES = 5000  # of any list; the largest city collects 1,180 indicators
# The nearest of a thousand names takes milliseconds to find: it is told of the first faults alone.
MOST_GUESSED, LONGEST_GUESSED = 50, 60


class DocumentError(ValueError):
    """A document is refused. `faults` holds one sentence each: where, what is wrong, what would be right."""

    def __init__(self, name: str, faults: list[str]) -> None:
        """Keep the faults; the message lists them all, one a line."""
        super().__init__(f"{name} is refused:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.faults = tuple(faults)


def parse(text: str, name: str) -> dict[str, object]:
    """Parse a TOML document; what is not TOML is a DocumentError, and so is a line with dots beyond all sense."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MOST_DOTS:
            raise DocumentError(name, [f"line {number} has more than {_MOST_DOTS} dots; break it into several"])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DocumentError(name, [f"is not TOML: {error}"]) from error


class Table:
    """One table of a document. Each reader names its key once; `finish` reports the keys that nobody asked for."""

    def __init__(self, values: Mapping[str, object], path: str, faults: list[str]) -> None:
        """Take the parsed values, the path to show in faults, and the list that collects them."""
        self._values = values
        self._asked: set[str] = set()
        self.path = path
        self.faults = faults

    def fault(self, key: str, wrong: str) -> None:
        """Note a fault at a key of this table."""
        self.faults.append(f"{self.path}.{key}: {wrong}")

    def unknown(self, key: str, name: str, known: Collection[str], what: str) -> None:
        """Note as a fault that a name is none of those known, with the one that it is nearest to."""
        nearest = []
        if len(self.faults) < MOST_GUESSED and len(name) <= LONGEST_GUESSED:
            nearest = get_close_matches(name, sorted(known), n=1)
        self.fault(key, f"{name!r} is no {what}" + (f"; did you mean {nearest[0]}?" if nearest else ""))

    def has(self, key: str) -> bool:
        """Tell whether the key is present."""
        return key in self._values

    @property
    def names(self) -> tuple[str, ...]:
        """Give the keys in the order of the document."""
        return tuple(self._values)

    def text(self, key: str, default: str | None = None) -> str:
        """Read a non-empty text; without a default a missing one is a fault."""
        value = self._take(key, str, default, "a text")
        if value == "" and default is None and self.has(key):
            self.fault(key, "is empty; a text is needed")
        return "" if value is None else self._check_text(key, cast("str", value))

    def code(self, key: str, default: str | None = None) -> str:
        """Read the code or id of something; it has no quote in it, and no blank."""
        return self._check_code(key, self.text(key, default), _CODE)

    def codes(self, key: str) -> tuple[str, ...]:
        """Read a list of codes; absent means empty."""
        return tuple(self._check_code(key, code, _CODE) for code in self.texts(key))

    def column(self, key: str) -> str:
        """Read a code that names a column wherever everybody is computed at once."""
        return self._check_code(key, self.text(key), _COLUMN)

    def version(self, key: str) -> str:
        """Read the version of an edition; it is shown in lists, and named in messages and by other documents."""
        version = self.text(key)
        if version and not _VERSION.fullmatch(version):
            self.fault(
                key,
                f"{version!r} is not a version; use up to 40 letters (A to Z, a to z), digits, points and hyphens,"
                " beginning with a letter or a digit, such as 2026.1",
            )
        return version

    def integer(self, key: str, default: int | None = None) -> int:
        """Read a whole number, of no more than `MOST_INTEGER` either way."""
        return self._whole(key, default, MOST_INTEGER)

    def points(self, key: str) -> int:
        """Read points, of no more than `MOST_POINTS` either way."""
        return self._whole(key, None, MOST_POINTS)

    def _whole(self, key: str, default: int | None, most: int) -> int:
        value = cast("int", self._take(key, int, default, "a whole number") or 0)
        if abs(value) > most:
            self.fault(key, f"{value if abs(value) < _SHOWN else 'a number'} is out of reach; give {-most} to {most}")
            return 0
        return value

    def optional_integer(self, key: str) -> int | None:
        """Read a whole number that may be absent."""
        return self.integer(key) if self.has(key) else None

    def flag(self, key: str, *, default: bool) -> bool:
        """Read true or false."""
        return cast("bool", self._take(key, bool, default, "true or false"))

    def day(self, key: str, default: date | None = None) -> date:
        """Read a day, written without quotes: 2026-01-31; one of those of which scores are computed."""
        value = self._take(key, date, default, "a day such as 2026-01-31, without quotes")
        if value is None:
            return FIRST_DAY
        day = cast("date", value)
        if self.has(key) and not FIRST_DAY <= day <= LAST_DAY:
            self.fault(key, f"{day} is out of reach; give a day from {FIRST_DAY} to {LAST_DAY}")
        return day

    def optional_day(self, key: str) -> date | None:
        """Read a day that may be absent."""
        return self.day(key) if self.has(key) else None

    def one_of(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """Read a text out of a closed list."""
        value = self.text(key, default)
        if value in allowed:
            return value
        if self.has(key):
            self.fault(key, f"{value!r} is not one of {', '.join(allowed)}")
        return allowed[0]

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts; absent means empty."""
        return tuple(self._check_text(key, cast("str", item)) for item in self._items(key, str, "texts"))

    def integers(self, key: str) -> tuple[int, ...]:
        """Read a list of whole numbers; absent means empty."""
        numbers = tuple(cast("int", item) for item in self._items(key, int, "whole numbers"))
        if any(abs(number) > MOST_INTEGER for number in numbers):
            self.fault(key, f"holds a number that is out of reach; give {-MOST_INTEGER} to {MOST_INTEGER}")
            return ()
        return numbers

    def table(self, key: str) -> "Table":
        """Read a table; absent means an empty one."""
        value = self._take(key, dict, {}, "a table")
        return Table(cast("Mapping[str, object]", value), f"{self.path}.{key}", self.faults)

    def tables(self, key: str, label: str = "", *, most: int = MOST_ENTRIES) -> list["Table"]:
        """Read a list of at most so many tables; the value under `label` (an id, a code) is shown in their paths."""
        found = []
        for index, item in enumerate(self._items(key, dict, "tables", most)):
            values = cast("Mapping[str, object]", item)
            shown = values.get(label, index)
            found.append(Table(values, f"{self.path}.{key}[{shown}]", self.faults))
        return found

    def raw(self, key: str) -> object:
        """Take the value as parsed, None when absent; the caller checks it."""
        self._asked.add(key)
        return self._values.get(key)

    def finish(self) -> None:
        """Report every key that no reader asked for: a misspelt key must not be silently ignored."""
        for key in self._values.keys() - self._asked:
            self.fault(key, "is not a key of this table; remove it or correct its name")

    def _check_text(self, key: str, text: str) -> str:
        """Refuse what nobody sees and an escape can put into a text: controls, and marks that turn its direction."""
        hidden = next((sign for sign in text if unicodedata.category(sign) in _HIDDEN and sign not in "\n\t"), None)
        if hidden is not None:
            self.fault(key, f"holds the hidden character U+{ord(hidden):04X}; take it out")
        return text

    def _check_code(self, key: str, code: str, form: _Form) -> str:
        if code and not form.pattern.fullmatch(code):
            self.fault(key, f"{code!r} is not a code; use up to 60 {form.letters}")
        return code

    def _take(self, key: str, kind: type, default: object, wanted: str) -> object:
        self._asked.add(key)
        if key not in self._values:
            if default is None:
                self.fault(key, f"is missing; {wanted} is needed")
            return default
        value = self._values[key]
        if not _is_exactly(value, kind):
            self.fault(key, f"{value!r} is not {wanted}")
            return default
        return value

    def _items(self, key: str, kind: type, wanted: str, most: int = MOST_ENTRIES) -> list[object]:
        values = cast("list[object]", self._take(key, list, [], f"a list of {wanted}"))
        if len(values) > most:
            self.fault(key, f"has {len(values)} entries; {most} are the most")
            values = []
        good = [value for value in values if _is_exactly(value, kind)]
        if len(good) != len(values):
            self.fault(key, f"holds something else than {wanted}")
        return good


def _is_exactly(value: object, kind: type) -> bool:
    """Hold bool apart from int, and a moment apart from a day: Python counts each as the other."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, (bool, datetime)))

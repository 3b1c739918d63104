"""Reading a mapping's document strictly: each reader gives a value of its type, and notes what was none. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from backend.gateways.sheets.heading import fold_title
from backend.people.identity_numbers import holds_resident_id
from backend.records.screening import blur_pointer
from backend.web.problems import Fault, Place

MAX_TEXT: Final = 200
MAX_KEY: Final = 40  # characters of a key that are repeated in a pointer


class DocumentFaults:
    """Collects what is wrong, each with its place in the document."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, pointer: str, code: str, **values: object) -> None:
        """Note a fault."""
        self.found.append(Fault(place=Place.BODY, pointer=pointer, code=code, values=values))

    def add_unknown(self, keys: Iterable[str], allowed: frozenset[str], pointer: str) -> None:
        """Note every key that is not allowed."""
        for key in sorted(set(keys) - allowed):
            self.add(f"{pointer}/{key[:MAX_KEY]}", "unknown")

    def read_text(self, value: object, pointer: str) -> str:
        """Read a text that says something; an empty one stands for a fault."""
        if not isinstance(value, str):
            self.add(pointer, "not_a_text")
        elif len(value) > MAX_TEXT:
            self.add(pointer, "too_long", maximum=MAX_TEXT)
        elif not fold_title(value):
            self.add(pointer, "says_nothing")
        else:
            return value
        return ""

    def read_list(self, value: object, pointer: str, maximum: int) -> list[object]:
        """Read a list; an empty one stands for a fault."""
        if not isinstance(value, list):
            self.add(pointer, "not_a_list")
        elif len(value) > maximum:
            self.add(pointer, "too_many", maximum=maximum)
        else:
            return value
        return []

    def read_texts(self, value: object, pointer: str, maximum: int) -> tuple[str, ...]:
        """Read a list of texts."""
        items = self.read_list(value, pointer, maximum)
        return tuple(self.read_text(item, f"{pointer}/{index}") for index, item in enumerate(items))

    def read_object(self, value: object, pointer: str, maximum: int) -> dict[str, object]:
        """Read an object; an empty one stands for a fault."""
        if not isinstance(value, dict):
            self.add(pointer, "not_an_object")
        elif len(value) > maximum:
            self.add(pointer, "too_many", maximum=maximum)
        else:
            return value
        return {}

    def read_choice(self, value: object, allowed: Iterable[str], pointer: str) -> str | None:
        """Read one of a few texts; None stands for a fault."""
        choices = sorted(allowed)
        if isinstance(value, str) and value in choices:
            return value
        self.add(pointer, "not_a_choice", choices=", ".join(choices))
        return None


def find_identity_numbers(document: Mapping[str, object]) -> list[Fault]:
    """Point at every key and text of a document that holds a resident id, without repeating any of it."""
    return [
        Fault(place=Place.BODY, pointer=blur_pointer(pointer), code="holds_identity_number")
        for pointer, text in _list_texts(document, "")
        if holds_resident_id(text)
    ]


def _list_texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield pointer, str(key)
            yield from _list_texts(inner, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _list_texts(inner, f"{pointer}/{index}")

"""Texts that people read, in Chinese and English, kept in `messages/*.toml` and found by code."""

import string
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib import resources

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header


class Language(StrEnum):
    """The languages we speak; the first is the one we speak unasked."""

    CHINESE = "zh-CN"
    ENGLISH = "en"


class MessageError(LookupError):
    """A code has no text, or its text asks for a value that was not given."""


def choose_language(accept_language: str | None) -> Language:
    """The language that an `Accept-Language` header asks for; Chinese when it asks for none of ours."""
    if not accept_language:
        return Language.CHINESE
    wanted = parse_accept_header(accept_language, LanguageAccept)
    for tag, quality in wanted:
        if not quality:
            continue
        if tag.lower().startswith("zh"):
            return Language.CHINESE
        if tag.lower().startswith("en"):
            return Language.ENGLISH
    return Language.CHINESE


def get_message(code: str, language: Language, **values: object) -> str:
    """The text filed under a dotted `code` (`problem.not_found.title`), its `{placeholders}` filled from `values`.

    An amount `held_fen` is there as `held_yuan` too: people read yuan, and 分 would be points to them.
    Raises `MessageError` for an unknown code or a missing value: a sentence with a hole is a fault of ours.
    """
    try:
        return read_messages(language)[code].format(**values, **_list_yuan(values))
    except KeyError as error:
        raise MessageError(f"{language} has no text {code!r}, or it lacks the value {error}") from None


def has_message(code: str) -> bool:
    """Whether a text is filed under `code`; both languages hold the same codes."""
    return code in read_messages(Language.CHINESE)


@cache
def read_messages(language: Language) -> Mapping[str, str]:
    """Every text of one language, by dotted code."""
    source = resources.files("backend.web") / "messages" / f"{language}.toml"
    return dict(_flatten(tomllib.loads(source.read_text(encoding="utf-8"))))


def read_placeholders(text: str) -> frozenset[str]:
    """The names of the values that a text asks for."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def write_yuan(fen: int) -> str:
    """Write an amount as people read it, in yuan: 5000 fen are `50.00`."""
    return f"{fen // 100}.{fen % 100:02}"


def _list_yuan(values: Mapping[str, object]) -> dict[str, str]:
    amounts = {name: value for name, value in values.items() if name.endswith("_fen") and isinstance(value, int)}
    return {f"{name.removesuffix('_fen')}_yuan": write_yuan(fen) for name, fen in amounts.items()}


def _flatten(table: Mapping[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        code = f"{path}{key}"
        if isinstance(value, dict):
            yield from _flatten(value, f"{code}.")
        else:
            yield code, str(value)

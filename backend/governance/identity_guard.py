"""Numbers of identity cards in the documents of a draft, which are kept for good and read by everybody.

One guard for both ways in: the API and the prompt.
"""

import re
import tomllib

from backend.people.identity_numbers import holds_resident_id

# A number is looked for in what somebody writes as one thing: a comment, a text, a bare key or value. Digits of
# different ones belong to nobody: ids, days and points that stand side by side can make a good number by chance.
# What is no TOML falls into such pieces, too: every character but signs and blanks is in one.
_PIECE = re.compile(
    r'''
      """(?:[^\\]|\\.|\\\Z)*?(?:"{3,5}|\Z)
    | \'\'\'.*?(?:'{3,5}|\Z)
    | "(?:[^"\\\n]|\\[^\n])*"?
    | '[^'\n]*'?
    | \#[^\n]*
    | [^\s"'\#=,\[\]{}]+(?:[^\S\n]+[^\s"'\#=,\[\]{}]+)*
    ''',
    re.VERBOSE | re.DOTALL,
)


def find_identity_number(document: str) -> int | None:
    """Give the line, from 1, on which a TOML document holds the number of a person's id; None where it holds none.

    It is found as `holds_resident_id` finds it, in any one comment, text (as it is written or as its escapes are read,
    and over its lines), key or value.
    """
    for match in _PIECE.finditer(document):
        piece = match.group()
        if _holds(piece):
            first = document.count("\n", 0, match.start()) + 1
            return first + next((no for no, line in enumerate(piece.split("\n")) if _holds(line)), 0)
    return None


def _holds(piece: str) -> bool:
    return holds_resident_id(piece) or ("\\" in piece and holds_resident_id(_read_text(piece)))


def _read_text(piece: str) -> str:
    """Give what a text says; nothing where it is none."""
    try:
        return str(tomllib.loads(f"text = {piece}")["text"])
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return ""

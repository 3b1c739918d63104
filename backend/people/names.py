"""Names as they are compared: one person's name is written in more than one way. Pure."""

import unicodedata

# The dots between the parts of a name in another language; each input method has its own (after NFKC).
_DOTS = frozenset("\u00b7\u0387\u2022\u2027\u2219\u22c5\u25cf\u30fb.")


def fold_name(name: str) -> str:
    """Give the form in which a name is compared: NFKC, without blanks, dots and invisible characters.

    It may be empty, which means that the name says nothing.
    """
    if name.isalpha() and unicodedata.is_normalized("NFKC", name):  # nearly every name: only letters, plainly written
        return name
    folded = unicodedata.normalize("NFKC", name)
    return "".join(character for character in folded if not _is_passed_over(character))


def _is_passed_over(character: str) -> bool:
    return character in _DOTS or character.isspace() or unicodedata.category(character) in {"Cc", "Cf"}

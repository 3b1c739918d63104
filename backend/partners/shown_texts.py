"""Texts of another city that people are shown: a name, and nothing that makes a screen or a reader do something."""

import re
import unicodedata

LONGEST_SHOWN = 200
# What is not seen, turns a line around, or is no character: Cc, Cf, Cs, Co and Cn, and the separators of lines.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Screens make links of such texts by themselves, also of full-width ones.
_LINK = re.compile(r"://|\bwww\.|[a-z0-9-]\.(?:com|cn|net|org|cc|top|xyz|vip|info|io)(?![a-z0-9])")


def is_plain_text(text: str) -> bool:
    """Tell whether a text can be shown to people as it is: 1 to 200 seen characters, none at the edge blank, no link.

    The protocol has it so for what one city reports of uses to another; the host writes a code where a name is not so.
    """
    if not 0 < len(text) <= LONGEST_SHOWN or text != text.strip() or not unicodedata.is_normalized("NFC", text):
        return False
    if any(unicodedata.category(character) in _UNSEEN for character in text):
        return False
    return _LINK.search(unicodedata.normalize("NFKC", text).casefold()) is None


def show_name(name: str | None, code: str) -> str:
    """Give what something is called as another city shows it: by its code, where its name would be refused."""
    return name if name is not None and is_plain_text(name) else code

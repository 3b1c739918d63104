"""Names that look alike are one name: else one person, registered twice, would be two where two are needed. Pure.

After the skeletons of Unicode Technical Standard #39 (section 4). Its data has thousands of pairs; kept here are those
of the letters and figures that keyboards have, since officers are named by people at this prompt.
"""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

# Small letters of Cyrillic, Greek, Armenian and phonetic script, and figures, beside what they look like.
_LOOKS_LIKE = (
    ("а\u0251α", "a"),
    ("вβ", "b"),
    ("сϲ", "c"),
    ("ԁ", "d"),
    ("еє", "e"),
    ("\u0261ց", "g"),
    ("һнհ", "h"),
    ("іιı1lӏ|", "i"),
    ("јϳ", "j"),
    ("кκ", "k"),
    ("мμ", "m"),
    ("пη", "n"),
    ("оοօσ0", "o"),
    ("рρ", "p"),
    ("ԛ", "q"),
    ("г", "r"),
    ("ѕ5", "s"),
    ("тτ", "t"),
    ("υս", "u"),
    ("ѵν", "v"),
    ("ԝω", "w"),
    ("хχ", "x"),
    ("уγү", "y"),
    ("ᴢ2", "z"),
)
_LETTERS: Mapping[int, str] = MappingProxyType(
    str.maketrans({look: letter for looks, letter in _LOOKS_LIKE for look in looks})
)
_PAIRS = (("rn", "m"), ("vv", "w"))


def find_skeleton(name: str) -> str:
    """Give what names that look alike have in common; it is for comparing, never for showing.

    Width, case, accents, blanks, separators and what cannot be seen make no difference, nor does the script of a
    letter. It may be empty, which means that the name says nothing.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = "".join(each for each in plain if unicodedata.category(each)[0] in "LN" or each == "|")
    skeleton = letters.translate(_LETTERS)
    for pair, letter in _PAIRS:
        skeleton = skeleton.replace(pair, letter)
    return skeleton

"""Whether a text that everybody is told says anything: a blank one would lift the notice all the same."""

import unicodedata

# Letters by their category, and nothing to see: the fillers of Hangul.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
LEAST_URGENCY = 10
# Characters at least and at most, over HTTP and at the prompt.
DECISION_LENGTHS, URGENCY_LENGTHS = (1, 100), (20, 500)


def says_something(text: str, *, least: int = 1) -> bool:
    """Tell whether a text has so many letters and digits at least, and no sign that nobody sees."""
    seen = [each for each in text if each not in _FILLERS and unicodedata.category(each)[0] in "LN"]
    return len(seen) >= least and not any(unicodedata.category(each) == "Cf" for each in text)

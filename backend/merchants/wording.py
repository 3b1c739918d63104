"""Sentences of scenarios in the language of their reader."""

from backend.web.messages import Language
from scenarios.catalogue import Wording


def choose(wording: Wording, language: Language) -> str:
    """Choose the sentence in the reader's language."""
    return wording.en if language is Language.ENGLISH else wording.zh

from datetime import date
from pathlib import Path

import pytest

from backend.gateways.rulebook_files import list_cities, read_city, read_rules
from scoring.documents import DocumentError
from scoring.rulebook import NoRulebookError


def test_cities_are_read_with_all_their_editions() -> None:
    assert list_cities() == ("hangzhou", "nanjing", "wendeng", "zhengzhou")
    rules = read_city("zhengzhou")
    assert rules.rulebook_on(date(2026, 1, 1)).version == "2026.1"
    assert rules.catalogue_on(date(2026, 11, 22)).city == "zhengzhou"


def test_before_the_first_edition_nothing_is_in_force() -> None:
    with pytest.raises(NoRulebookError):
        read_city("zhengzhou").rulebook_on(date(2025, 12, 31))


def test_a_folder_without_editions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="needs at least one edition"):
        read_rules(tmp_path)

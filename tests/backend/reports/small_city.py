"""A small city counted by hand: so many people in so many cells, kept for a day as a nightly run keeps them."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime

from backend.gateways.rulebook_files import CityRules
from backend.reports.counting import keep_figures
from backend.reports.figure_tables import Cell, FigureKind
from backend.storage.database import Database

# Level and first points of the band, people: 25 + 310 + 18 + 40 + 7 = 400.
SMALL_CITY = {"excellent:130": 25, "good:100": 310, "good:110": 18, "slight_breach:80": 40, "poor:20": 7}


def make_cells(scores: Mapping[str, int] = SMALL_CITY, dimensions: Mapping[str, int] | None = None) -> Counter[Cell]:
    """The exact cells of a city, by level and band, and by dimension and band."""
    cells = Counter({Cell(FigureKind.SCORE, name): people for name, people in scores.items()})
    cells.update({Cell(FigureKind.DIMENSION, name): people for name, people in (dimensions or {}).items()})
    return cells


def keep_count(
    database: Database, rules: CityRules, *, day: date, now: datetime, cells: Counter[Cell] | None = None
) -> bool:
    """Keep the count of a day, of the small city unless told otherwise."""
    counted = make_cells() if cells is None else cells
    return keep_figures(database, [counted], day=day, rulebook=rules.rulebook_on(day), known_at=now, now=now)

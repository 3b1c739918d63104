"""What the scenarios of a city refer to: its levels, its scale and the indicators on which lists may rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from scoring.catalogue import Nature


class Listed(NamedTuple):
    """An indicator as far as a list needs it; `suspends` says that the rulebook suspends incentives for it."""

    name: str
    nature: Nature
    rule_class: str
    suspends: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CityFrame:
    """The frame of one city; floor and ceiling are None where the scale is not known."""

    levels: tuple[str, ...]
    floor: int | None
    ceiling: int | None
    indicators: Mapping[str, Listed]
    figures_published: bool

"""What differs between two editions of a city's scenarios: bounds, lists and scenarios, figure by figure."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from scenarios.catalogue import Benefit, Bounds, Condition, Quotas, Scenario, ScenarioCatalogue, Wording
from scoring.amendments import AmendmentKind, Figure, list_differences


class Part(StrEnum):
    """A part of an edition, in the order in which differences are listed."""

    BOUNDS = "bounds"
    LIST = "list"
    SCENARIO = "scenario"


class ScenarioAmendment(NamedTuple):
    """One part that differs; the figures are those that do, or all where it was added or removed."""

    part: Part
    kind: AmendmentKind
    code: str
    title: Wording
    figures: tuple[Figure, ...]


class _Described(NamedTuple):
    title: Wording
    figures: Mapping[tuple[str, str], str]


BOUNDS_TITLE = Wording(zh="每人同时可享的限度", en="What one person may have at once")


def list_scenario_amendments(old: ScenarioCatalogue, new: ScenarioCatalogue) -> tuple[ScenarioAmendment, ...]:
    """List what differs from an old to a new edition, in the order of `Part`, then of the documents.

    Titles are those of the new edition, or of the old one for what was removed. Equal editions give nothing, whatever
    version and day they have.
    """
    return tuple(
        ScenarioAmendment(part, each.kind, each.id, each.shown.title, each.figures)
        for part in Part
        for each in list_differences(_DESCRIBE[part](old), _DESCRIBE[part](new))
    )


def _describe_bounds(edition: ScenarioCatalogue) -> dict[str, _Described]:
    return {"bounds": _Described(BOUNDS_TITLE, _list_figures(edition.bounds))}


def _describe_lists(edition: ScenarioCatalogue) -> dict[str, _Described]:
    return {
        code: _Described(
            edition.list_titles.get(code, Wording(zh=code, en=code)), {("indicators", ""): " ".join(sorted(indicators))}
        )
        for code, indicators in edition.lists.items()
    }


def _describe_scenarios(edition: ScenarioCatalogue) -> dict[str, _Described]:
    return {code: _Described(each.title, _list_figures(each)) for code, each in edition.scenarios.items()}


def _list_figures(part: Scenario | Bounds) -> dict[tuple[str, str], str]:
    return {(name, ""): text for name, text in _flatten(part).items()}


def _flatten(part: Scenario | Condition | Benefit | Quotas | Bounds, prefix: str = "") -> dict[str, str]:
    """Write every figure of a part as text by its name, such as `benefit.limit_fen`; what is not there is left out."""
    figures: dict[str, str] = {}
    for field in fields(part):
        name, value = f"{prefix}{field.name}", getattr(part, field.name)
        if isinstance(value, Condition | Benefit | Quotas):
            figures |= _flatten(value, f"{name}.")
        elif isinstance(value, Wording):
            figures |= {name: value.zh, f"{name}_en": value.en}
        elif value is not None and value != () and name != "code":
            figures[name] = _write(value)
    return {name: text for name, text in figures.items() if text}


def _write(value: object) -> str:
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


_DESCRIBE: Mapping[Part, Callable[[ScenarioCatalogue], dict[str, _Described]]] = MappingProxyType(
    {Part.BOUNDS: _describe_bounds, Part.LIST: _describe_lists, Part.SCENARIO: _describe_scenarios}
)

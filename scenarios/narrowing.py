"""Which scenarios a new edition makes narrower, in what no count of people tells.

Who meets a condition is counted where a change is measured. What is given, how often, where, until when and beside what
is not: there, everything that is not plainly as good as before counts as narrower, an amount that a contract names
instead of the edition, or the other way round, too.
"""

from collections.abc import Iterator

from scenarios.catalogue import Benefit, Quotas, Scenario, ScenarioCatalogue, covers_region

BOUNDS = "bounds"


def list_narrowed(old: ScenarioCatalogue, new: ScenarioCatalogue) -> tuple[str, ...]:
    """List the codes of the scenarios of `old` that `new` narrows or drops, and `bounds` where it lowers any."""
    return tuple(_find_narrowed(old, new))


def _find_narrowed(old: ScenarioCatalogue, new: ScenarioCatalogue) -> Iterator[str]:
    before, after = old.bounds, new.bounds
    kept = (
        after.open_grants >= before.open_grants,
        after.overdue_grants >= before.overdue_grants,
        after.held_fen >= before.held_fen,
    )
    if not all(kept):
        yield BOUNDS
    for code, scenario in old.scenarios.items():
        if scenario.ends_on is not None and scenario.ends_on <= new.effective_on:
            continue  # it would be over by then in any case
        if code not in new.scenarios or not _is_as_good(scenario, new.scenarios[code]):
            yield code


def _is_as_good(old: Scenario, new: Scenario) -> bool:
    regions = old.condition.regions, new.condition.regions
    return (
        new.starts_on <= old.starts_on
        and (new.ends_on is None or (old.ends_on is not None and old.ends_on <= new.ends_on))
        and new.excludes <= old.excludes
        and _gives_as_much(old.benefit, new.benefit)
        and _gives_as_often(old.quotas, new.quotas)
        and (not regions[1] or bool(regions[0] and all(_is_covered(each, regions[1]) for each in regions[0])))
    )


def _is_covered(region: str, regions: tuple[str, ...]) -> bool:
    return any(covers_region(whole, region) for whole in regions)


def _gives_as_much(old: Benefit, new: Benefit) -> bool:
    return (
        (old.kind, old.figure_by_contract) == (new.kind, new.figure_by_contract)
        and _is_at_least(new.limit_fen, old.limit_fen)
        and _is_at_least(old.charged_percent, new.charged_percent)
        and _is_at_least(new.free_minutes, old.free_minutes)
        and new.reserved_minutes >= old.reserved_minutes
        and new.lasting_days >= old.lasting_days
        and new.overdue_days <= old.overdue_days  # who is overdue is barred elsewhere for as long
    )


def _is_at_least(figure: int | None, least: int | None) -> bool:
    """Tell whether a figure is as large; one that is not there is like no other."""
    return figure == least or (figure is not None and least is not None and figure >= least)


def _gives_as_often(old: Quotas, new: Quotas) -> bool:
    pairs = (
        (old.citizen_day, new.citizen_day),
        (old.citizen_total, new.citizen_total),
        (old.merchant_day, new.merchant_day),
        (old.scenario_day, new.scenario_day),
        (old.scenario_total, new.scenario_total),
    )
    return all(after is None or (before is not None and before <= after) for before, after in pairs)

"""`measure_impact`: both rulebooks over all people of the city, group of parts by group of parts."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from backend.impact.assembling import (
    make_benefits,
    make_dimensions,
    make_groupings,
    make_levels,
    make_moves,
    make_totals,
)
from backend.impact.benefits import Offer, list_offers
from backend.impact.figures import Edition, Impact
from backend.impact.groups import band_changes, band_points
from backend.impact.rule_effects import list_touched_rules, make_rules
from backend.impact.samples import Crowd, draw_samples
from backend.impact.tallying import Change, Tally, tally_part
from backend.impact.telling import LEAST_GROUP
from backend.population.city_files import CityFiles, CityFilesError
from backend.population.engine import Engine, group_parts, open_engine
from backend.population.files_of_day import check_files
from backend.population.records_of import read_records
from scenarios.catalogue import ScenarioCatalogue
from scenarios.narrowing import list_narrowed
from scoring.amendments import list_amendments
from scoring.catalogue import Catalogue
from scoring.rulebook import Rulebook

BOOKS = ("old", "new")  # what the tables of a part are called by


class ImpactError(ValueError):
    """What was asked cannot be measured; the message says what would be right."""


class Counted(NamedTuple):
    """What was counted of all people, exactly: it stays in the process."""

    change: Change
    offers: tuple[Offer, ...]
    tally: Tally
    rules: tuple[Counter[str], Counter[str]]


def measure_impact(
    files: CityFiles,
    old: Rulebook,
    new: Rulebook,
    *,
    old_benefits: ScenarioCatalogue | None,
    new_benefits: ScenarioCatalogue | None,
    as_of: date,
    progress: Callable[[int, int], None] | None = None,
    with_samples: bool = True,
) -> Impact:
    """Measure what a change of rulebook, of scenarios or of both does to all scored people on a city day.

    Everything that the files hold is known. `progress` is told how many of how many steps are done; `with_samples`
    false leaves the sample people out. ImpactError where rulebooks, scenarios and files are not of one city, or
    scenarios know other levels.
    """
    _check(files, (old, new), (old_benefits, new_benefits))
    seed = sha256(f"{files.digest} {old.digest} {new.digest} {as_of.isoformat()}".encode()).hexdigest()[:16]
    change = Change(old=old, new=new, old_benefits=old_benefits, new_benefits=new_benefits, as_of=as_of, seed=seed)
    counted = count_people(files, change, progress)
    return report_impact(files, counted, with_samples=with_samples)


def count_people(files: CityFiles, change: Change, progress: Callable[[int, int], None] | None = None) -> Counted:
    """Score everybody by both rulebooks, and count what a report is made of."""
    counted = Counted(change, list_offers(change.old_benefits, change.new_benefits), Tally(), (Counter(), Counter()))
    with open_engine(files, merge_catalogues(change.old.catalogue, change.new.catalogue)) as engine:
        _count(engine, counted, progress)
    return counted


def _check(
    files: CityFiles,
    books: tuple[Rulebook, Rulebook],
    catalogues: tuple[ScenarioCatalogue | None, ScenarioCatalogue | None],
) -> None:
    try:
        check_files(files, city=books[0].city)
    except CityFilesError as fault:
        raise ImpactError(str(fault)) from None
    for book, catalogue in zip(books, catalogues, strict=True):
        if book.city != files.city:
            raise ImpactError(f"the files are of {files.city}, the rulebook {book.version} is of {book.city}")
        if catalogue is None:
            continue
        if catalogue.city != files.city:
            raise ImpactError(f"the files are of {files.city}, the scenarios {catalogue.version} of {catalogue.city}")
        missing = sorted({level.code for level in book.levels} - set(catalogue.levels))
        if missing:
            raise ImpactError(
                f"the scenarios {catalogue.version} do not know the levels {', '.join(missing)} of the rulebook"
                f" {book.version}: give scenarios that are made for it"
            )


def merge_catalogues(old: Catalogue, new: Catalogue) -> Catalogue:
    """Put two catalogues together for reading: all indicators of both, with the items of both."""
    indicators = dict(old.indicators)
    for code, indicator in new.indicators.items():
        items = {**(indicators[code].items if code in indicators else {}), **indicator.items}
        indicators[code] = replace(indicator, items=items)
    return replace(new, indicators=indicators)


def _count(engine: Engine, counted: Counted, progress: Callable[[int, int], None] | None) -> None:
    change = counted.change
    books = change.old, change.new
    scorings = [engine.prepare(name, book, change.as_of) for name, book in zip(BOOKS, books, strict=True)]
    scores = [scoring.compile_scores() for scoring in scorings]
    touched = list_touched_rules(change)
    counts = [scoring.compile_rules(touched) for scoring in scorings] if touched else []
    groups = group_parts(engine.files)
    for done, parts in enumerate(groups, start=1):
        engine.look_at(*parts)
        for name, scoring, query in zip(BOOKS, scorings, scores, strict=True):
            scoring.begin()
            engine.connection.execute(f"create or replace temp table {name}_scores as {query}")
        tally_part(engine.connection, change, counted.offers, counted.tally)
        for people, query in zip(counted.rules, counts, strict=False):
            figures = f"select rule_id, people from ({query})"  # noqa: S608 - compiled from a rulebook
            people.update(dict(engine.connection.execute(figures).fetchall()))
        if progress is not None:
            progress(done, len(groups))


def report_impact(
    files: CityFiles, counted: Counted, *, least_group: int = LEAST_GROUP, with_samples: bool = True
) -> Impact:
    """Make the figures of the report as they may be told, and draw the samples unless they are to be left out."""
    change, offers, tally, rules = counted
    least, dimensions = least_group, make_dimensions(change, tally, least_group)
    told = Impact(
        city=files.city,
        as_of=change.as_of,
        known_at=files.known_at,
        files_digest=files.digest,
        least_group=least,
        seed=change.seed,
        with_samples=with_samples,
        old=_name_rulebook(change.old),
        new=_name_rulebook(change.new),
        old_benefits=_name_scenarios(change.old_benefits),
        new_benefits=_name_scenarios(change.new_benefits),
        totals=make_totals(change, tally, dimensions, least),
        levels=make_levels(change, tally, least),
        moves=make_moves(change, tally, least),
        points=band_points((tally.before, tally.after), (change.old, change.new), least),
        changes=band_changes(tally.gains, least),
        dimensions=dimensions,
        groupings=make_groupings(change, tally, least),
        benefits=make_benefits(offers, tally, least),
        narrowed=_list_narrowed(change),
        amendments=list_amendments(change.old, change.new),
        rules=make_rules(change, tally, rules, least),
        samples=(),
    )
    if not with_samples:
        return told
    crowd = Crowd.of(told, _list_common(rules, least))
    return replace(
        told, samples=draw_samples(tally.candidates, crowd, change, lambda number: read_records(files, number))
    )


def _list_narrowed(change: Change) -> tuple[str, ...]:
    if change.old_benefits is None:
        return ()
    if change.new_benefits is None:
        return tuple(change.old_benefits.scenarios)
    return list_narrowed(change.old_benefits, change.new_benefits)


def _list_common(rules: tuple[Counter[str], Counter[str]], least: int) -> frozenset[str]:
    """List the rules that count for enough people by each rulebook by which they count for anybody."""
    counted = [(rule_id, people) for each in rules for rule_id, people in each.items() if people]
    return frozenset(rule_id for rule_id, _ in counted) - {rule_id for rule_id, people in counted if people < least}


def _name_rulebook(book: Rulebook) -> Edition:
    return Edition(
        city=book.city,
        version=book.version,
        effective_on=book.effective_on,
        digest=book.digest,
        title=book.title,
        title_en=book.title_en,
    )


def _name_scenarios(catalogue: ScenarioCatalogue | None) -> Edition | None:
    return (
        None
        if catalogue is None
        else Edition(
            city=catalogue.city,
            version=catalogue.version,
            effective_on=catalogue.effective_on,
            digest=catalogue.digest,
            title=catalogue.title.zh,
            title_en=catalogue.title.en,
        )
    )

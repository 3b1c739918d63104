"""The report as one page of HTML: text, tables and pictures, nothing to fetch."""

from importlib import resources

from jinja2 import DictLoader, Environment, StrictUndefined

from backend.clock import format_moment
from backend.impact.amendment_wording import word_amendment
from backend.impact.figures import Impact, Trait
from backend.impact.groups import CHANCE_PERCENT, LEFT_OUT_PERCENT, STANDS_OUT_PERCENT
from backend.impact.plots import draw_pictures
from backend.impact.telling import find_grain
from backend.impact.wording import (
    AGAINST,
    BENEFITS,
    DISCLOSURE,
    KEPT_BACK,
    NO_SAMPLES,
    SAMPLE_KINDS,
    TRAITS,
    list_mean_parts,
    list_narrowed_titles,
    name_change_band,
    name_row,
    word_drawing,
    word_mean_telling,
    word_telling,
    write_amounts,
    write_change,
    write_holders,
    write_mean,
    write_mean_change,
    write_number,
    write_ratio,
    write_ratios,
    write_share,
    write_yuan,
)
from scoring.amendments import Amendment
from scoring.rulebook_parts import Part

_PAGE = "page.html"


def write_page(impact: Impact) -> str:
    """Write the report; NoFontError when no Chinese font is there to draw its pictures with."""
    environment = Environment(
        loader=DictLoader({_PAGE: (resources.files("backend.impact") / _PAGE).read_text("utf-8")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": write_number,
        "change": write_change,
        "ratio": write_ratio,
        "yuan": write_yuan,
        "mean": write_mean,
    }
    return environment.get_template(_PAGE).render(
        impact=impact,
        totals=impact.totals,
        pictures=draw_pictures(impact),
        known_at=format_moment(impact.known_at),
        limit=write_ratio(STANDS_OUT_PERCENT),
        least_ratio=write_ratio(LEFT_OUT_PERCENT),
        chance=CHANCE_PERCENT,
        kept_back=KEPT_BACK,
        grain=find_grain(impact.least_group),
        telling=word_telling(impact.least_group),
        mean_telling=word_mean_telling(impact.totals.mean_step_hundredths),
        drawing=word_drawing(impact.least_group),
        mean_parts=list_mean_parts(impact),
        disclosure=DISCLOSURE,
        no_samples=NO_SAMPLES,
        against=AGAINST,
        amendments=list_weighty(impact),
        words_only=count_words_only(impact),
        benefits=BENEFITS,
        traits=TRAITS,
        sample_kinds=SAMPLE_KINDS,
        hit=list_hit(impact),
        left_out=list_left_out(impact),
        ratios=write_ratios,
        share=write_share,
        mean_change=write_mean_change,
        amounts=write_amounts,
        narrowed=list_narrowed_titles(impact),
        holders=write_holders,
        name_change_band=name_change_band,
        name_row=name_row,
        word_amendment=word_amendment,
    )


def list_weighty(impact: Impact) -> tuple[Amendment, ...]:
    """List the amendments that can change a score or a level."""
    return tuple(each for each in impact.amendments if each.touches_scores)


def count_words_only(impact: Impact) -> int:
    """Count the amendments of words alone, but for the edition's own, which always has another version."""
    return sum(not each.touches_scores and each.part is not Part.EDITION for each in impact.amendments)


def list_hit(impact: Impact) -> tuple[tuple[Trait, str], ...]:
    """List the groups that lose so much more often than all people that somebody should look at them."""
    return tuple(
        (trait, name_row(trait, row))
        for trait, row in impact.list_rows()
        if row.falls_stand_out or row.level_falls_stand_out
    )


def list_left_out(impact: Impact) -> tuple[tuple[Trait, str], ...]:
    """List the groups that gain so much more seldom than all people that somebody should look at them."""
    return tuple((trait, name_row(trait, row)) for trait, row in impact.list_rows() if row.left_out)

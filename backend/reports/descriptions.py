"""Figures and samples as plain trees, in the shape of the wire forms, with the words that people read."""

from backend.reports.counts import Span
from backend.reports.figures import Punctuality, Share
from backend.reports.quality import QualityFigures
from backend.reports.samples import FoundOut, Sample
from backend.web.messages import Language, get_message, has_message
from scoring.catalogue import Catalogue


def describe_quality(
    figures: tuple[QualityFigures, ...], span: Span, catalogue: Catalogue, language: Language, *, files_unread: int
) -> dict[str, object]:
    """Give the figures of a span, departments and indicators named as in `catalogue`, and what they do not hold yet."""
    return {
        "from_on": span.first_on,
        "to_on": span.last_on,
        "files_unread": files_unread,
        "items": [_describe_figures(each, catalogue, language) for each in figures],
    }


def _describe_figures(figures: QualityFigures, catalogue: Catalogue, language: Language) -> dict[str, object]:
    return {
        "department": figures.department,
        "department_name": name_department(figures.department, catalogue, language),
        "indicator": figures.indicator,
        "indicator_name": name_indicator(figures.indicator, catalogue, language),
        "handed_in": figures.handed_in,
        "outcomes": [
            {
                "outcome": outcome,
                "text": get_message(f"outcome.{outcome}", language),
                "share": describe_share(share),
            }
            for outcome, share in figures.outcomes.items()
        ],
        "refusals": [
            {"code": code, "text": name_reason(code, language), "share": describe_share(share)}
            for code, share in figures.refusals
        ],
        "timeliness": _describe_punctuality(figures.timeliness),
        "check": _describe_punctuality(figures.check),
        "delay": figures.delay,
        "completeness": describe_share(figures.completeness),
        "corrected": describe_share(figures.corrected),
        "withdrawn": describe_share(figures.withdrawn),
        "inspection": {
            "differing": describe_share(figures.differing),
            "without_document": figures.without_document,
        },
    }


def describe_share(share: Share) -> dict[str, object]:
    """Give a share with its rate, which is null where there is nothing to have a share of."""
    return {"part": share.part, "whole": share.whole, "permille": share.permille}


def _describe_punctuality(punctuality: Punctuality | None) -> dict[str, object] | None:
    if punctuality is None:
        return None
    return {
        "working_days": punctuality.deadline.working_days,
        "basis": punctuality.deadline.basis,
        "in_time": describe_share(punctuality.in_time),
        "pending": punctuality.pending,
        "not_judged": punctuality.not_judged,
    }


def name_department(code: str, catalogue: Catalogue, language: Language) -> str:
    """Give what a department is called; its code where the catalogue does not name it any more."""
    department = catalogue.departments.get(code)
    if department is None:
        return code
    return department.name if language is Language.CHINESE else department.name_en


def name_indicator(code: str | None, catalogue: Catalogue, language: Language) -> str:
    """Give what an indicator is called; its code where the catalogue does not name it any more."""
    if code is None:
        return get_message("quality.no_indicator", language)
    indicator = catalogue.indicators.get(code)
    if indicator is None:
        return code
    return indicator.name if language is Language.CHINESE else indicator.name_en


def name_reason(code: str, language: Language) -> str:
    """Give the sentence for a reason of refusal; its code where there is none."""
    return get_message(f"receipt.{code}", language) if has_message(f"receipt.{code}") else code


def describe_sample(sample: Sample, language: Language) -> dict[str, object]:
    """Give a sample with its members and what was found about them."""
    return {
        "sample_id": sample.sample_id,
        "department": sample.department,
        "indicator": sample.indicator,
        "from_on": sample.first_on,
        "to_on": sample.last_on,
        "size": sample.size,
        "population": sample.population,
        "seed": sample.seed,
        "reason": sample.reason,
        "drawn_by": sample.drawn_by,
        "drawn_at": sample.drawn_at,
        "members": [
            {
                "member_no": member.member_no,
                "record_id": member.record_id,
                "indicator": member.indicator,
                "found": None if member.found is None else describe_finding(member.found, language),
            }
            for member in sample.members
        ],
    }


def describe_finding(found: FoundOut, language: Language) -> dict[str, object]:
    """Give what was found about a record, in code and words."""
    return {
        "record_id": found.record_id,
        "finding": found.finding,
        "text": get_message(f"finding.{found.finding}", language),
        "note": found.note,
        "found_by": found.found_by,
        "found_at": found.found_at,
    }

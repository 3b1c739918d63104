"""Measuring by the engine that goes over everybody; only what measures loads it."""

from backend.governance.measuring import Comparison, NotComparableError
from backend.impact.figures import Impact
from backend.impact.measuring import ImpactError, measure_impact
from backend.population.city_files import CityFiles


def measure_report(files: CityFiles, comparison: Comparison) -> Impact:
    """Compare two editions over everybody in the files; raises CityFilesError or NotComparableError."""
    try:
        return measure_impact(
            files,
            comparison.old,
            comparison.new,
            old_benefits=comparison.old_benefits,
            new_benefits=comparison.new_benefits,
            as_of=comparison.as_of,
        )
    except ImpactError as fault:
        raise NotComparableError(str(fault)) from fault

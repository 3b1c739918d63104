"""What measuring the impact of a draft needs; apart from what else starts, as it loads what counts and draws."""

from backend.context import Context
from backend.governance.impact_reports import measure_report
from backend.governance.measuring import Comparison, MeasuringDesk
from backend.impact.figures import Impact
from backend.population.city_files import CityFiles
from backend.population.origin import check_origin


def make_measuring_desk(context: Context) -> MeasuringDesk:
    """Put together what measuring drafts of rules needs."""

    def measure(files: CityFiles, comparison: Comparison) -> Impact:
        check_origin(files, context.database)
        return measure_report(files, comparison)

    return MeasuringDesk(
        database=context.database,
        clock=context.clock,
        city=context.city,
        folder=context.settings.city_files,
        measure=measure,
    )

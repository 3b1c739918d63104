"""What measuring the impact of a draft needs; apart from what else starts, as it loads what counts and draws."""

from backend.context import Context
from backend.governance.impact_reports import measure_report
from backend.governance.measuring import MeasuringDesk


def make_measuring_desk(context: Context) -> MeasuringDesk:
    """Put together what measuring drafts of rules needs."""
    return MeasuringDesk(
        database=context.database,
        clock=context.clock,
        city=context.city,
        folder=context.settings.city_files,
        measure=measure_report,
    )

"""The end of an export: what became known of subjects in its steps is settled to one file of them in each part."""

from datetime import datetime

import numpy as np
import pyarrow as pa

from backend.population.city_files import CityFiles, CityWriter, FileStep, Kind
from backend.population.columns import read_rows, sort_rows, write_rows
from backend.population.marking import mark_records


def settle_subjects(writer: CityWriter) -> None:
    """Give each part one file of subjects, after an export that was killed; the files stay incomplete."""
    if any(len(writer.files.list_entries(Kind.SUBJECTS, part)) > 1 for part in range(writer.files.parts)):
        with writer.step() as step:
            _settle(writer.files, step)
            step.keep(is_complete=False)


def complete_files(writer: CityWriter, *, known_at: datetime) -> None:
    """Say that all that was known at a moment is in the files.

    Each part gets one file of subjects, and its marked records.
    """
    with writer.step() as step:
        _settle(writer.files, step)
        mark_records(writer.files, step)
        step.keep(known_at=known_at, is_complete=True)


def _settle(files: CityFiles, step: FileStep) -> None:
    for part in range(files.parts):
        if len(files.list_entries(Kind.SUBJECTS, part)) > 1:
            step.drop(Kind.SUBJECTS, part)
            write_rows(Kind.SUBJECTS, step.add(Kind.SUBJECTS, part), [read_subjects(files, part)])


def read_subjects(files: CityFiles, part: int) -> pa.Table:
    """Read the subjects of a part as they were said last, in order: a later file outranks an earlier one."""
    paths = files.list_files(Kind.SUBJECTS, part)
    table = read_rows(Kind.SUBJECTS, paths)
    if len(paths) > 1:
        # Of equal numbers np.unique gives the first: so look from the end.
        last = np.unique(table["subject_no"].to_numpy()[::-1], return_index=True)[1]
        table = table.take(pa.array(np.sort(table.num_rows - 1 - last)))
    return sort_rows(Kind.SUBJECTS, table)

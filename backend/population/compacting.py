"""Many small files of a part become one, sorted, with the same rows: whoever reads them opens one instead of many."""

from collections.abc import Callable
from pathlib import Path

from backend.population.city_files import CityFilesError, CityWriter, Kind, writing_files
from backend.population.columns import read_rows, sort_rows, write_rows
from backend.population.marking import is_marked, mark_records


def compact_files(folder: Path, *, at_least: int = 2, watch: Callable[[int, int], None] | None = None) -> int:
    """Make one file of those of a kind and part, where there are `at_least` so many; gives how many have become fewer.

    Each part is a step of its own: one that is killed leaves the others as they are. `watch` is told after each how
    many of how many are done. What is written is read back and compared before it counts. Raises CityFilesError where
    somebody else writes, or where the rows would be others than before.
    """
    with writing_files(folder) as writer:
        files = writer.files
        places: list[tuple[Kind, int | None]] = [(Kind.CONTENTS, None)]
        places += [(kind, part) for part in range(files.parts) for kind in (Kind.RECORDS, Kind.EVENTS)]
        many = [place for place in places if len(files.list_entries(*place)) >= max(at_least, 2)]
        for done, place in enumerate(many, start=1):
            _compact(writer, *place)
            if watch is not None:
                watch(done, len(many))
        if files.is_complete and not all(is_marked(writer.files, part) for part in range(files.parts)):
            with writer.step() as step:
                mark_records(writer.files, step)
                step.keep(is_complete=True)
    return len(many)


def _compact(writer: CityWriter, kind: Kind, part: int | None) -> None:
    files = writer.files
    before = sort_rows(kind, read_rows(kind, files.list_files(kind, part)))
    with writer.step() as step:
        step.drop(kind, part)
        path = step.add(kind, part)
        write_rows(kind, path, [before])
        after = read_rows(kind, [path])
        if before.num_rows != files.count_rows(kind, part) or not before.equals(after):
            raise CityFilesError(f"{path} would hold other rows than the files it is made of; nothing was changed")
        step.keep(is_complete=files.is_complete)

"""The tree keeps its own rules."""

import os
from collections.abc import Iterable
from pathlib import PurePosixPath

from tests.tidy import checks
from tests.tidy.tree import ROOT, SOURCE, python_modules, text_files, tree_files

# Folders of tests that look at the whole house and so mirror no room of it.
_WHOLE_HOUSE = frozenset({"tests", "tests/door", "tests/tidy"})


def _must_be_empty(findings: Iterable[str]) -> None:
    found = list(findings)
    assert not found, "\n" + "\n".join(found)


def _existing() -> frozenset[str]:
    files = [PurePosixPath(path.relative_to(ROOT).as_posix()) for path in tree_files()]
    return frozenset(str(place) for file in files for place in (file, *file.parents))


def test_the_source_commits_in_one_place() -> None:
    _must_be_empty(checks.find_commits(python_modules(*SOURCE)))


def test_only_the_clock_reads_the_clock() -> None:
    _must_be_empty(checks.find_clock_reads(python_modules(*SOURCE)))


def test_files_are_named_after_what_they_hold() -> None:
    _must_be_empty(checks.find_banned_names(_existing()))


def test_imports_stand_at_the_top() -> None:
    _must_be_empty(checks.find_hidden_imports(python_modules(*SOURCE, "tests")))


def test_only_the_command_line_prints() -> None:
    _must_be_empty(checks.find_prints(python_modules(*SOURCE)))


def test_the_cores_reach_nothing_outside() -> None:
    _must_be_empty(checks.find_impure_builtins(python_modules("scoring", "scenarios")))


def test_public_functions_are_documented() -> None:
    _must_be_empty(checks.find_undocumented(python_modules("backend", "scoring", "scenarios")))


def test_modules_and_functions_stay_short() -> None:
    # A migration is a list of statements, written once and never revisited.
    _must_be_empty(checks.find_long_code(python_modules("backend", "scoring", "scenarios")))


def test_use_cases_do_not_know_http() -> None:
    _must_be_empty(checks.find_web_in_use_cases(python_modules("backend")))


def test_use_cases_stand_on_tables() -> None:
    _must_be_empty(checks.find_tables_that_look_up(python_modules("backend")))


def test_nothing_tells_where_the_tree_was_made() -> None:
    _must_be_empty(checks.find_machine_traces(text_files()))


def test_links_between_documents_lead_somewhere() -> None:
    _must_be_empty(checks.find_broken_links(text_files(), _existing()))


def test_test_folders_mirror_the_source() -> None:
    folders = {os.path.dirname(module.path) for module in python_modules("tests")}  # noqa: PTH120 - text, not a file
    _must_be_empty(checks.find_stray_test_folders(sorted(folders - _WHOLE_HOUSE), _existing()))

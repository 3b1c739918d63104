"""Each check finds the fault planted for it, and leaves sound code alone."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.tidy import checks
from tests.tidy.tree import Module

Check = Callable[[Iterable[Module]], Iterator[str]]

_COMMIT = Module(checks.COMMIT_HOME, "def end(session):\n    session.commit()\n")
_LONG_FUNCTION = "def long():\n" + "    pass\n" * checks.FUNCTION_LINES


def _find_links(modules: Iterable[Module]) -> Iterator[str]:
    return checks.find_broken_links(modules, frozenset({"docs", "docs/a.md", "README.md"}))


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [
        (checks.find_clock_reads, "backend/x.py", "import datetime\nnow = datetime.datetime.now()\n"),
        (checks.find_clock_reads, "backend/x.py", "from datetime import datetime\nnow = datetime.utcnow()\n"),
        (checks.find_clock_reads, "backend/x.py", "from datetime import date\nread = date.today\n"),
        (checks.find_clock_reads, "scoring/x.py", "import time\nnow = time.time()\n"),
        (checks.find_clock_reads, "scoring/x.py", "from time import time\n"),
        (checks.find_hidden_imports, "backend/x.py", "def late():\n    import json\n    return json\n"),
        (
            checks.find_hidden_imports,
            "backend/x.py",
            "class A:\n    def late(self):\n        from os import path\n",
        ),
        (checks.find_prints, "backend/people/x.py", "print('hello')\n"),
        (checks.find_impure_builtins, "scoring/x.py", "text = open('rules.toml').read()\n"),
        (checks.find_undocumented, "backend/x.py", "def enrol():\n    return 1\n"),
        (
            checks.find_undocumented,
            "backend/x.py",
            "class A:\n    '''A.'''\n    def enrol(self):\n        return 1\n",
        ),
        (checks.find_long_code, "backend/x.py", "x = 1\n" * (checks.MODULE_LINES + 1)),
        (checks.find_long_code, "backend/x.py", _LONG_FUNCTION),
        (checks.find_web_in_use_cases, "backend/people/enrol.py", "from flask import g\n"),
        (checks.find_web_in_use_cases, "backend/people/tables.py", "import marshmallow.fields\n"),
        (
            checks.find_tables_that_look_up,
            "backend/people/tables.py",
            "from backend.people import enrolment\n",
        ),
        (checks.find_tables_that_look_up, "backend/people/tables.py", "import backend.people.enrolment\n"),
        (checks.find_machine_traces, "README.md", "see https://pypi." + "org/project/x\n"),
        (checks.find_machine_traces, "Makefile", "PYTHON = /ro" + "ot/bin/python\n"),
        (checks.find_machine_traces, "a.toml", 'path = "/ho' + 'me/somebody/x"\n'),
        (_find_links, "docs/a.md", "[b](b.md)\n"),
        (_find_links, "README.md", "[a](a.md#part)\n"),
    ],
)
def test_a_planted_fault_is_found_once(check: Check, path: str, text: str) -> None:
    (finding,) = check([Module(path, text)])
    assert finding.startswith(path)


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [
        (checks.find_clock_reads, checks.CLOCK_HOME, "from datetime import datetime\nnow = datetime.now()\n"),
        (checks.find_clock_reads, "backend/x.py", "import time\nstarted = time.monotonic()\n"),
        (checks.find_hidden_imports, "backend/x.py", "import json\n"),
        (checks.find_prints, "backend/cli/x.py", "print('hello')\n"),
        (checks.find_impure_builtins, "scoring/x.py", "x = door.open()\n"),
        (checks.find_undocumented, "backend/x.py", "def _enrol():\n    return 1\n"),
        (checks.find_undocumented, "backend/x.py", "def enrol():\n    '''Enrol.'''\n"),
        (
            checks.find_undocumented,
            "backend/x.py",
            "class A:\n    @override\n    def enrol(self):\n        pass\n",
        ),
        (checks.find_long_code, "backend/x.py", "x = 1\n" * checks.MODULE_LINES),
        (checks.find_web_in_use_cases, "backend/people/routes.py", "import flask\n"),
        (checks.find_web_in_use_cases, "backend/web/api.py", "import flask\n"),
        (checks.find_web_in_use_cases, "backend/app.py", "import flask\n"),
        (checks.find_tables_that_look_up, "backend/people/tables.py", "from backend.storage import types\n"),
        (
            checks.find_tables_that_look_up,
            "backend/people/enrolment.py",
            "from backend.people import tables\n",
        ),
        (checks.find_machine_traces, "a.md", "POST /v1/wo" + "rk/orders, see example.org/ho" + "me/x\n"),
        (_find_links, "docs/a.md", "[r](../README.md) [d](/docs) [x](https://example.org) [h](#here)\n"),
        (_find_links, "README.md", "```\n[no](link.md)\n```\n"),
    ],
)
def test_sound_code_is_left_alone(check: Check, path: str, text: str) -> None:
    assert list(check([Module(path, text)])) == []


def test_one_commit_in_its_home_is_right() -> None:
    assert list(checks.find_commits([_COMMIT])) == []


def test_a_second_commit_elsewhere_is_found() -> None:
    (finding,) = checks.find_commits([_COMMIT, Module("backend/people/x.py", "session.commit()\n")])
    assert finding.startswith("backend/people/x.py:1")


@pytest.mark.parametrize("text", ["", _COMMIT.text * 2])
def test_the_home_of_the_commit_holds_exactly_one(text: str) -> None:
    (finding,) = checks.find_commits([Module(checks.COMMIT_HOME, text)])
    assert "exactly one" in finding


@pytest.mark.parametrize("path", ["backend/utils.py", "backend/common/x.py", "docs/misc.md"])
def test_a_name_that_says_nothing_is_found(path: str) -> None:
    (finding,) = checks.find_banned_names([path, "backend/people/basement.py"])
    assert finding.startswith(path)


def test_a_test_folder_without_source_is_found() -> None:
    (finding,) = checks.find_stray_test_folders(["tests/scoring", "tests/nowhere"], frozenset({"scoring"}))
    assert finding.startswith("tests/nowhere")

"""The documents tell the truth about names: settings, codes, operations and commands that they mention exist."""

import re
from functools import cache
from pathlib import Path

import click
import pytest
import yaml

from backend.cli import commands
from backend.settings import EXPECTED
from backend.web.messages import Language, read_messages
from backend.web.problems import ProblemCode
from tests.tidy.tree import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
OPERATION = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[a-z0-9/{}_.-]+)")
COMMAND = re.compile(r"(?:`|bin/)shangding ([a-z][a-z ]*)")


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@cache
def list_operations() -> frozenset[str]:
    paths = yaml.load(read("openapi.yaml"), Loader=yaml.CSafeLoader)["paths"]
    return frozenset(f"{method.upper()} {path}" for path, methods in paths.items() for method in methods)


def find_strange_operations(text: str, operations: frozenset[str]) -> list[str]:
    found = [f"{method} {path.rstrip('.')}" for method, path in OPERATION.findall(text)]
    return [each for each in found if each not in operations]


def find_strange_commands(text: str) -> list[str]:
    strange = []
    for words in COMMAND.findall(text):
        command: click.Command = commands
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            found = command.commands.get(word)
            if found is None:
                strange.append(words)
                break
            command = found
    return strange


def test_every_setting_is_explained_and_no_other() -> None:
    told = set(re.findall(r"^\| `(SHANGDING_\w+)`", read("docs/for-operators.md"), re.MULTILINE))
    assert told == set(EXPECTED)


def test_every_reason_of_a_refusal_is_explained_to_departments() -> None:
    codes = {code.removeprefix("receipt.") for code in read_messages(Language.ENGLISH) if code.startswith("receipt.")}
    told = set(re.findall(r"`(\w+)`", read("docs/for-departments.md")))
    assert codes - told == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_operations_and_commands_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    assert find_strange_operations(text, list_operations()) == []
    assert find_strange_commands(text) == []


def test_a_strange_operation_or_command_is_found() -> None:
    assert find_strange_operations("call `GET /v1/gossip`.", list_operations()) == ["GET /v1/gossip"]
    assert find_strange_commands("run `shangding rulebook burn zhengzhou`") == ["rulebook burn zhengzhou"]
    assert find_strange_commands("run `shangding rulebook check zhengzhou`") == []


def test_every_problem_is_named_by_an_operation() -> None:
    spec = read("openapi.yaml")
    unnamed = [code for code in ProblemCode if f"{code}:" not in spec]
    of_sandbox = {ProblemCode.CLOCK_REFUSED, ProblemCode.PERSON_NOT_FOUND, ProblemCode.PERSON_UNKNOWN}
    answers_a_method_that_no_operation_declares = {ProblemCode.METHOD_NOT_ALLOWED}
    assert set(unnamed) == answers_a_method_that_no_operation_declares | of_sandbox

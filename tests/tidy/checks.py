"""Rules of this tree that no off-the-shelf linter knows; each gives one sentence for each fault it finds.

A check takes modules and gives findings, so that `test_tree` can give it the tree and `test_checks` a
planted fault.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tests.tidy.tree import Module

COMMIT_HOME = "backend/storage/database.py"
CLOCK_HOME = "backend/clock.py"
MODULE_LINES, FUNCTION_LINES = 300, 60

_BANNED_NAMES = frozenset({"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"})
_CLOCK_READS = frozenset(
    {
        ("date", "today"),
        ("datetime", "now"),
        ("datetime", "today"),
        ("datetime", "utcnow"),
        ("time", "gmtime"),
        ("time", "localtime"),
        ("time", "time"),
        ("time", "time_ns"),
    }
)
_TALKING = ("backend/cli", "backend/demo")
_IMPURE_BUILTINS = frozenset({"__import__", "breakpoint", "eval", "exec", "input", "open"})
_WEB_LIBRARIES = frozenset({"flask", "flask_smorest", "marshmallow", "webargs", "werkzeug"})
_SHELL = frozenset({"cli", "demo", "gateways", "storage", "web"})
_WEB_MODULES = frozenset({"routes", "schemas"})
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# Written in halves, or this file would be its own first finding.
_HOSTS = ("pypi." + "org", "pythonhosted." + "org", "registry." + "npmjs." + "org", "crates." + "io")
_PLACES = re.compile(r"(?<![\w.$}~/-])/(?:" + "|".join(("ho" + "me", "ro" + "ot", "wo" + "rk", "Us" + "ers")) + r")/")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def find_commits(modules: Iterable[Module]) -> Iterator[str]:
    """A transaction ends in one place, so there is exactly one call of `.commit`."""
    places = [
        f"{module.path}:{node.lineno}"
        for module in modules
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    for place in places:
        if not place.startswith(f"{COMMIT_HOME}:"):
            yield f"{place}: commits; only {COMMIT_HOME} does, through Database.transaction"
    if sum(place.startswith(f"{COMMIT_HOME}:") for place in places) != 1:
        yield f"{COMMIT_HOME}: must hold exactly one call of .commit"


def find_clock_reads(modules: Iterable[Module]) -> Iterator[str]:
    """Time enters through the context's clock; nothing else asks the machine what day it is."""
    for module in modules:
        if module.path == CLOCK_HOME:
            continue
        for node in ast.walk(module.syntax):
            if _reads_clock(node):
                yield f"{module.path}:{_line(node)}: reads the clock; take `now` as a value from {CLOCK_HOME}"


def _reads_clock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return any((node.module, alias.name) in _CLOCK_READS for alias in node.names)
    if isinstance(node, ast.Attribute):
        owner = node.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        return (name, node.attr) in _CLOCK_READS
    return False


def find_banned_names(paths: Iterable[str]) -> Iterator[str]:
    """A file is named after what it holds."""
    for path in paths:
        named = PurePosixPath(path)
        for part in _BANNED_NAMES.intersection([*named.parts[:-1], named.stem]):
            yield f"{path}: `{part}` says nothing; name it after what it holds"


def find_hidden_imports(modules: Iterable[Module]) -> Iterator[str]:
    """An import inside a function hides a dependency from the boundary check."""
    for module in modules:
        for function in _functions(module.syntax):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"{module.path}:{node.lineno}: imports inside {function.name}; import at the top"


def find_prints(modules: Iterable[Module]) -> Iterator[str]:
    """A service speaks through its log; only the command line and the demo talk to a terminal."""
    for module in modules:
        if module.path.startswith(_TALKING):
            continue
        for line in _calls_of(module, frozenset({"print"})):
            yield f"{module.path}:{line}: prints; use the log"


def find_impure_builtins(modules: Iterable[Module]) -> Iterator[str]:
    """The cores take values and give values; import-linter watches their imports, this the builtins."""
    for module in modules:
        for line in _calls_of(module, _IMPURE_BUILTINS):
            yield f"{module.path}:{line}: reaches outside; a core takes values and gives values"


def find_undocumented(modules: Iterable[Module]) -> Iterator[str]:
    """Every public function, and every public method of a public class, says what it does."""
    for module in modules:
        for node in module.syntax.body:
            public = [node, *node.body] if isinstance(node, ast.ClassDef) and node.name[0] != "_" else [node]
            for item in public:
                if isinstance(item, _Function) and _is_public(item) and not ast.get_docstring(item):
                    yield f"{module.path}:{item.lineno}: {item.name} has no docstring"


def _is_public(function: _Function) -> bool:
    """Tell whether readers meet this function here first: an override is explained where it is declared."""
    overrides = any(getattr(mark, "id", "") == "override" for mark in function.decorator_list)
    return function.name[0] != "_" and not overrides


def find_long_code(modules: Iterable[Module]) -> Iterator[str]:
    """What does not fit on a few screens is two things."""
    for module in modules:
        lines = len(module.text.splitlines())
        if lines > MODULE_LINES:
            yield f"{module.path}: {lines} lines, more than {MODULE_LINES}; split it by subject"
        for function in _functions(module.syntax):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > FUNCTION_LINES:
                place = f"{module.path}:{function.lineno}"
                yield f"{place}: {function.name} has {length} lines, more than {FUNCTION_LINES}"


def find_web_in_use_cases(modules: Iterable[Module]) -> Iterator[str]:
    """In a room, HTTP ends at `routes` and `schemas`; use cases and tables do not know it."""
    for module in modules:
        match PurePosixPath(module.path).parts:
            case ("backend", room, *_, _) if room not in _SHELL and module.stem not in _WEB_MODULES:
                for line, name in _imports(module.syntax):
                    if name.partition(".")[0] in _WEB_LIBRARIES:
                        yield f"{module.path}:{line}: imports {name}; only routes and schemas speak HTTP"


def find_tables_that_look_up(modules: Iterable[Module]) -> Iterator[str]:
    """In a room, use cases stand on tables, so `tables` imports nothing else of its room."""
    for module in modules:
        match PurePosixPath(module.path).parts:
            case ("backend", room, "tables.py") if room not in _SHELL:
                for line, name in _imports(module.syntax):
                    if name == f"backend.{room}" or name.startswith(f"backend.{room}."):
                        yield f"{module.path}:{line}: imports {name}; use cases stand on tables"


def find_machine_traces(files: Iterable[Module]) -> Iterator[str]:
    """The tree runs anywhere, so it names no package registry and no directory of one machine."""
    for file in files:
        for number, line in enumerate(file.text.splitlines(), 1):
            hosts = [host for host in _HOSTS if host in line]
            places = [match.group() for match in _PLACES.finditer(line)]
            for trace in hosts + places:
                yield f"{file.path}:{number}: names {trace}; the tree must not depend on where it was made"


def find_broken_links(files: Iterable[Module], existing: frozenset[str]) -> Iterator[str]:
    """Each relative link of a Markdown file leads to one of the `existing` files or folders."""
    for file in files:
        if not file.path.endswith(".md"):
            continue
        for target in _LINK.findall(_FENCE.sub("", file.text)):
            path = target.partition("#")[0]
            if not path or re.match(r"[a-z][a-z0-9+.-]*:", path):
                continue
            if _resolve(file.path, path) not in existing:
                yield f"{file.path}: links to {target}, which is not there"


def find_stray_test_folders(folders: Iterable[str], existing: frozenset[str]) -> Iterator[str]:
    """Tests stand where the code they test stands; `folders` are those below tests/ that hold tests."""
    for folder in folders:
        mirrored = folder.removeprefix("tests/")
        if mirrored not in existing:
            yield f"{folder}: mirrors no folder of the source; {mirrored} is not there"


def _resolve(home: str, target: str) -> str:
    parts = [] if target.startswith("/") else list(PurePosixPath(home).parts[:-1])
    for part in PurePosixPath(target.lstrip("/")).parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or "."


def _functions(syntax: ast.AST) -> Iterator[_Function]:
    return (node for node in ast.walk(syntax) if isinstance(node, _Function))


def _calls_of(module: Module, names: frozenset[str]) -> Iterator[int]:
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node.lineno


def _imports(syntax: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(syntax):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))

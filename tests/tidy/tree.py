"""The source tree as text, for the checks of this folder."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ("backend", "scoring", "scenarios", "migrations")
_MADE = frozenset({"build", "dist", "htmlcov", "var", "__pycache__"})
_DOTTED = frozenset({".ci", ".editorconfig", ".gitignore", ".github"})


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file: its path below the root with forward slashes, and its text."""

    path: str
    text: str

    @property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def stem(self) -> str:
        return self.path.rpartition("/")[2].removesuffix(".py")


def tree_files(root: Path = ROOT) -> Iterator[Path]:
    """Every file that belongs to the tree; what tools and runs leave behind is passed over."""
    for entry in sorted(root.iterdir()):
        if entry.name in _MADE or entry.name.endswith((".egg-info", ".pyc")):
            continue
        if entry.name.startswith(".") and entry.name not in _DOTTED:
            continue
        if entry.is_dir():
            yield from tree_files(entry)
        else:
            yield entry


def text_files() -> list[Module]:
    """Every file of the tree that is text."""
    found = []
    for path in tree_files():
        try:
            found.append(Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def python_modules(*folders: str) -> list[Module]:
    """Every Python file below the named top-level folders."""
    heads = tuple(f"{folder}/" for folder in folders)
    return [module for module in text_files() if module.path.endswith(".py") and module.path.startswith(heads)]

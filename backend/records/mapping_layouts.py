"""The published layouts that ship with the system, by name; a department's mapping may extend one."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from backend.records.mapping import ColumnMapping
from backend.records.mapping_document import read_layout
from scoring.documents import DocumentError

LAYOUTS = resources.files("backend.records") / "layouts"


@cache
def read_layouts() -> Mapping[str, ColumnMapping]:
    """Read every shipped layout; DocumentError names all faults of the first bad one."""
    paths = sorted((path for path in LAYOUTS.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name)
    return {path.name.removesuffix(".toml"): read_layout_text(path.read_text("utf-8"), path.name) for path in paths}


def read_layout_text(text: str, name: str) -> ColumnMapping:
    """Read a layout from its TOML; DocumentError names every fault with its place."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DocumentError(name, [f"is not TOML: {error}"]) from None
    layout = read_layout(document)
    if isinstance(layout, ColumnMapping):
        return layout
    raise DocumentError(name, [f"{fault.pointer}: {fault.code} {dict(fault.values)}" for fault in layout])

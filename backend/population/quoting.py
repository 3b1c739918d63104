"""Names and texts as they stand in SQL of DuckDB: whatever they hold, they end where they should."""

from pathlib import Path


def quote_name(name: str) -> str:
    """Quote the name of a column, a table or a view."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str | Path) -> str:
    """Quote a text, or the path of a file."""
    return "'" + str(text).replace("'", "''") + "'"


def quote_key(key: str) -> str:
    """Quote the way to what stands under a key of a JSON object, as a pointer (RFC 6901)."""
    return quote_text("/" + key.replace("~", "~0").replace("/", "~1"))

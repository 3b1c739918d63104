"""A page of HTML as it is read: its tables cell by cell, the words of its pictures, and every number in it."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

NUMBER = re.compile(r"[+\-−]?\d[\d,]*(?:\.\d+)?%?")
_VOID = frozenset({"meta", "br", "link", "img"})


@dataclass
class Read:
    """What is on a page: `tables` are rows of cells, `pictures` the words of each picture by its name."""

    words: list[str] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    pictures: list[tuple[str, list[str]]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    @property
    def numbers(self) -> set[str]:
        """Every number that a reader sees."""
        return {number for word in self.words for number in NUMBER.findall(word)}

    def find_table(self, first: str) -> list[list[str]]:
        """The rows of the table whose first row begins with a cell, without that row."""
        (found,) = [table for table in self.tables if table[0][0].split(" ")[0] == first]
        return found[1:]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read = Read()
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.inside.append(tag)
        given = dict(attrs)
        self.read.addresses += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href"}]
        match tag:
            case "table":
                self.read.tables.append([])
            case "tr":
                self.read.tables[-1].append([])
            case "td" | "th":
                self.read.tables[-1][-1].append("")
            case "svg":
                self.read.pictures.append((given["aria-label"] or "", []))
            case "br":
                self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.inside or "script" in self.inside:
            return
        self.read.words.append(data)
        if "svg" in self.inside:
            if data.strip():
                self.read.pictures[-1][1].append(data.strip())
        elif {"td", "th"} & set(self.inside):
            row = self.read.tables[-1][-1]
            row[-1] = " ".join(f"{row[-1]}{data}".split(" "))


def read_page(html: str) -> Read:
    """Read a page; a tag that is not closed is an AssertionError."""
    reader = _Reader()
    reader.feed(html)
    assert reader.inside == []
    return reader.read

r"""Compare a daily statement with a merchant's own books, by the one key of both: `order_no`, with `grant_id`.

Needs nothing but Python. The statement is what GET /v1/statements/file?day=2026-11-21 gave, in any form. The
books are a CSV file with the columns `order_no` and `grant_id`, and any of those that the statement has for grants:
`scenario`, `closing_state`, `held_fen`, `released_fen`, `closing_fen`, `final_fen`; amounts are in fen.

    python reconcile.py statement-2026-11-21.jsonl books-2026-11-21.csv --previous statement-2026-11-20.jsonl

One difference a line, and exit code 1, or how many grants agree, and exit code 0. With --previous (both JSON Lines) the
chain is checked too.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

Line = Mapping[str, str]
SUMMED = ("changes", "held_fen", "released_fen", "final_fen")
KEY = ("order_no", "grant_id")


def read_statement(content: bytes) -> list[Line]:
    """Read the lines of a statement in either form; nothing is an empty text, and numbers are texts."""
    if content.startswith(b"line,"):
        return list(csv.DictReader(content.decode().splitlines()))
    lines = [json.loads(line) for line in content.decode().splitlines()]
    return [{name: "" if value is None else str(value) for name, value in line.items()} for line in lines]


def check_sums(lines: Sequence[Line]) -> Iterator[str]:
    """Find what does not add up within a statement."""
    if not lines or lines[0]["line"] != "statement" or lines[-1]["line"] != "sums":
        yield "the statement is cut short"
        return
    grants, sums = _pick(lines, "grant"), lines[-1]
    counted = {"grants": len(grants), "verifications": len(_pick(lines, "verification"))}
    summed = {name: sum(int(grant[name] or 0) for grant in grants) for name in SUMMED}
    for name, value in {**counted, **summed}.items():
        if int(sums[name]) != value:
            yield f"the lines give {value} {name}, the sums {sums[name]}"
    for line in [*grants, sums]:
        if int(line["opening_fen"]) + int(line["held_fen"]) - int(line["released_fen"]) != int(line["closing_fen"]):
            yield f"{line.get('order_no') or 'the sums'}: opening + held - released is not closing"


def check_chain(previous: bytes, lines: Sequence[Line]) -> Iterator[str]:
    """Find what does not fit between a statement and that of the day before (JSON Lines, as it was fetched)."""
    if sha256(previous).hexdigest() != lines[0]["previous"]:
        yield "the statement of the day before is not the one that this one goes on from"
    if read_statement(previous)[-1]["closing_fen"] != lines[-1]["opening_fen"]:
        yield "the statement does not open with what the one before closed with"


def compare(lines: Sequence[Line], books: Iterable[Line]) -> Iterator[str]:
    """Find what differs between the grants of a statement and the books, in the order of their keys."""
    ours = {tuple(row[name] for name in KEY): row for row in books}
    theirs = {tuple(line[name] for name in KEY): line for line in _pick(lines, "grant")}
    for key in sorted(ours.keys() | theirs.keys()):
        name = " ".join(key)
        if key not in theirs:
            yield f"{name}: in the books, not in the statement"
        elif key not in ours:
            yield f"{name}: in the statement, not in the books"
        else:
            for column in sorted(ours[key].keys() & theirs[key].keys() - set(KEY)):
                own, told = ours[key][column] or "", theirs[key][column]
                if own != told:
                    yield f"{name}: {column} is {own} in the books, {told} in the statement"


def _pick(lines: Sequence[Line], kind: str) -> list[Line]:
    return [line for line in lines if line["line"] == kind]


def main() -> None:
    """Print the differences."""
    reader = argparse.ArgumentParser(description="Compare a daily statement with your own books.")
    reader.add_argument("statement", type=Path)
    reader.add_argument("books", type=Path, help="CSV with order_no, grant_id and columns to compare")
    reader.add_argument("--previous", type=Path, help="the statement of the day before, as JSON Lines")
    given = reader.parse_args()
    lines = read_statement(given.statement.read_bytes())
    found = list(check_sums(lines))
    if not found and given.previous is not None:
        found += check_chain(given.previous.read_bytes(), lines)
    with given.books.open(encoding="utf-8-sig", newline="") as books:
        found += compare(lines, csv.DictReader(books))
    sys.stdout.writelines(f"{difference}\n" for difference in found)
    if not found:
        sys.stdout.write(f"agrees: {len(_pick(lines, 'grant'))} grants\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

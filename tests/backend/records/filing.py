"""Files for tests: good rows as CSV, handing them in, letting a worker read them, and fetching the receipt."""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from werkzeug.test import TestResponse

from backend.cli.working import Worker
from tests.backend.city import City, Person
from tests.backend.records.handing import FINAL, SCOPES, TRAFFIC, read_answer

TITLES = (
    "source_key",
    "id_number",
    "name",
    "indicator",
    "occurred_on",
    "items.amount_fen",
    "legal.document_no",
    "legal.procedure",
    "legal.finality",
)
_keys = count(1)


def make_line(person: Person, **changes: str) -> dict[str, str]:
    """A good line of the traffic police: one fine under the ordinary procedure, final."""
    line = {
        "source_key": f"fine-{next(_keys)}",
        "id_number": person.id_number,
        "name": person.name,
        "indicator": "ZZ-LAW-03",
        "occurred_on": "2026-11-02",
        "items.amount_fen": "50000",
        "legal.document_no": FINAL["document_no"],
        "legal.procedure": FINAL["procedure"],
        "legal.finality": FINAL["finality"],
    }
    return line | changes


def write_csv(lines: Sequence[Mapping[str, str]], encoding: str = "utf-8") -> bytes:
    """The lines as a CSV file with a heading."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, TITLES)
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode(encoding)


def send_file(
    city: City,
    content: bytes,
    *,
    file_no: str | None = None,
    department: str = TRAFFIC,
    mapping: str = "plain",
    dry_run: bool = False,
    media_type: str = "text/csv",
    key: str | None = None,
) -> TestResponse:
    """Hand a file in, under a number and a key of its own unless told otherwise."""
    headers = city.department(department, *SCOPES) | {"Idempotency-Key": key or f"file-key-{next(_keys):08}"}
    query = {"file_no": file_no or f"file-{next(_keys)}", "mapping": mapping, "dry_run": str(dry_run).lower()}
    return city.client().post("/v1/files", data=content, query_string=query, headers=headers, content_type=media_type)


def let_work(city: City) -> None:
    """Let a worker do all that is due."""
    Worker(city.context).run(until_idle=True)


def take_file(city: City, content: bytes, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - as `send_file` takes it
    """Hand a file in, have it read, and give its state in the end."""
    file_id = read_answer(send_file(city, content, **how), 202)["file_id"]
    let_work(city)
    headers = city.department(how.get("department", TRAFFIC), *SCOPES)
    return read_answer(city.client().get(f"/v1/files/{file_id}", headers=headers), 200)


def fetch_receipt(city: City, file_id: str, department: str = TRAFFIC) -> TestResponse:
    """Ask for the receipt of a file."""
    return city.client().get(f"/v1/files/{file_id}/receipt", headers=city.department(department, *SCOPES))

"""The policy table, and where it differs from what operations declare and from what openapi.yaml says."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from backend.web.declaration import Operation

FILE = Path(__file__).with_name("policy.toml")
DATA = frozenset({"public", "own", "any", "self"})
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the policy says of one operation; see policy.toml."""

    kinds: frozenset[str]
    scope: str | None = None
    data: str
    fresh: bool = False
    clerk: bool = False
    shows: frozenset[str] = frozenset()
    repeats_change: frozenset[str] = frozenset()


Policy = Mapping[str, Row]


def read_policy(path: Path = FILE) -> Policy:
    """The rows of the table by operation; a row that says something unknown is a ValueError."""
    return {name: read_row(name, row) for name, row in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def read_row(name: str, row: Mapping[str, Any]) -> Row:
    """One row, checked; says what is wrong with it."""
    unknown = row.keys() - {field.name for field in fields(Row)}
    if unknown or not row.get("kinds") or row.get("data") not in DATA:
        raise ValueError(
            f"policy.toml [{name}]: give kinds and data (one of {sorted(DATA)}); unknown: {sorted(unknown)}"
        )
    lists = {field: frozenset(row.get(field, ())) for field in ("shows", "repeats_change")}
    return Row(**{**row, "kinds": frozenset(row["kinds"]), **lists})


def describe(operation: Operation, data: str = "?") -> Row:
    """The row that an operation declares of itself; whose data it touches is for a person to say."""
    return Row(
        kinds=frozenset(kind.value for kind in operation.kinds),
        scope=operation.scope,
        data=data,
        fresh=operation.fresh,
        clerk=operation.names_clerk,
    )


def write_row(name: str, row: Row) -> str:
    """A row as it stands in the table."""
    lines = [f"[{name}]", f"kinds = {sorted(row.kinds)}".replace("'", '"')]
    lines += [] if row.scope is None else [f'scope = "{row.scope}"']
    lines += [f'data = "{row.data}"']
    return "\n".join([*lines, *(["fresh = true"] if row.fresh else []), *(["clerk = true"] if row.clerk else [])])


def find_policy_gaps(policy: Policy, operations: Iterable[Operation]) -> Iterator[str]:
    """Where table and declarations differ, one sentence each, with the row to write."""
    declared = {operation.name: operation for operation in operations}
    for name, operation in declared.items():
        if name not in policy:
            yield (
                f"{name} ({operation.method} {operation.path}) has no row; decide whose data it touches and add to"
                f" tests/door/policy.toml:\n{write_row(name, describe(operation))}"
            )
            continue
        row, said = policy[name], describe(operation, policy[name].data)
        for field in ("kinds", "scope", "fresh", "clerk"):
            wanted, found = getattr(row, field), getattr(said, field)
            if wanted != found:
                yield f"{name}: the policy has {field} {_show(wanted)}, the operation declares {_show(found)}"
        if (row.data == "public") != operation.is_open and row.data != "self":
            yield f"{name}: data {row.data!r} does not go with {_show(row.kinds)}"
    yield from (f"{name}: the policy has a row for it, but no operation is served" for name in policy.keys() - declared)


def find_document_gaps(policy: Policy, document: Mapping[str, Any]) -> Iterator[str]:
    """Where table and OpenAPI document differ."""
    told = {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method in _METHODS
    }
    yield from (f"{name}: openapi.yaml does not have it; run: make openapi" for name in policy.keys() - told)
    yield from (f"{name}: is in openapi.yaml, and the policy has no row for it" for name in told.keys() - policy)
    for name in policy.keys() & told:
        row, operation = policy[name], told[name]
        security = operation["security"]
        scopes = [scope for requirement in security for names in requirement.values() for scope in names]
        if scopes != ([] if row.scope is None else [row.scope]):
            yield f"{name}: openapi.yaml asks for {scopes}, the policy for {row.scope}"
        if frozenset(operation["x-principals"]) != row.kinds:
            yield f"{name}: openapi.yaml serves {operation['x-principals']}, the policy {_show(row.kinds)}"


def _show(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value

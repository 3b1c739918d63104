"""The admission filter as it meets a department: why something handed in is not taken, without repeating it.

What the core says about items quotes their values, and these may be anything: here they are pointed at instead.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from backend.web.problems import Fault, Place
from scoring import admission
from scoring.catalogue import Catalogue, Indicator, Item, is_sensitive

_PLAIN_NAME = re.compile(r"[a-z][a-z_.]{0,39}|[0-9]{1,3}")
_QUOTING = frozenset({"bad_items", "sensitive_item"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A ground of refusal: a stable code, the law, a text in Chinese if there is one for this case, the faults."""

    code: str
    law: str
    text: str | None = None
    faults: tuple[Fault, ...] = ()


def find_ground(
    row: admission.Row, catalogue: Catalogue, *, department: str, received_on: date, is_correction: bool = False
) -> Ground | None:
    """Find the ground on which the law keeps a row out; None when it may become a record, or what a record says."""
    refusal = admission.admit(
        row, catalogue, department=department, received_on=received_on, is_correction=is_correction
    )
    if refusal is None:
        return None
    if refusal.code == "outside_catalogue":  # its sentence repeats the indicator, which can be anything
        return Ground(code=refusal.code, law=refusal.law)
    if refusal.code not in _QUOTING:
        return Ground(code=refusal.code, law=refusal.law, text=refusal.detail)
    return Ground(code=refusal.code, law=refusal.law, faults=tuple(_list_faults(row, catalogue, refusal.code)))


def blur_pointer(pointer: str) -> str:
    """Shorten a pointer to the names that we may repeat: a stranger's key can be anything, such as an id number."""
    steps = []
    for step in pointer.split("/")[1:]:
        if _PLAIN_NAME.fullmatch(step) is None:
            break
        steps.append(f"/{step}")
    return "".join(steps)


def _list_faults(row: admission.Row, catalogue: Catalogue, code: str) -> Iterator[Fault]:
    if code == "sensitive_item":
        yield from (_point_at(name, "sensitive_item") for name in row.fields if is_sensitive(name))
        return
    yield from list_item_faults(row, catalogue.indicators[row.indicator])


def list_item_faults(row: admission.Row, indicator: Indicator) -> Iterator[Fault]:
    """Point at what does not fit the indicator's items, and at an end that it does not have or that lies too early."""
    yield from (_point_at(name, "unknown") for name in row.fields if name not in indicator.items)
    for name, item in indicator.items.items():
        if name in row.fields:
            yield from _find_value_fault(item, row.fields[name])
        elif item.required:
            yield _point_at(name, "required")
    yield from _find_end_fault(row, indicator)


def _find_value_fault(item: Item, value: object) -> Iterator[Fault]:
    if item.find_fault(value) is None:
        return
    match item.type:
        case "choice":
            yield _point_at(item.name, "not_a_choice", choices=", ".join(item.choices))
        case "flag":
            yield _point_at(item.name, "not_a_truth")
        case _ if not isinstance(value, int) or isinstance(value, bool):
            yield _point_at(item.name, "not_a_whole_number")
        case _:
            minimum, maximum = ("…" if bound is None else bound for bound in (item.at_least, item.at_most))
            yield _point_at(item.name, "out_of_range", minimum=minimum, maximum=maximum)


def _find_end_fault(row: admission.Row, indicator: Indicator) -> Iterator[Fault]:
    if row.ended_on is None:
        return
    if not indicator.continuing:
        yield Fault(place=Place.BODY, pointer="/ended_on", code="not_continuing")
    elif row.ended_on < row.occurred_on:
        yield Fault(place=Place.BODY, pointer="/ended_on", code="before_start")


def _point_at(name: str, code: str, **values: object) -> Fault:
    return Fault(place=Place.BODY, pointer=blur_pointer(f"/items/{name}"), code=code, values=values)

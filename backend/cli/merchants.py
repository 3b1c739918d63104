"""`shangding merchants`: who offers benefits, under which contracts, and switching off what must not go on."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from backend.cli.clients import COMMAND_LINE, PORTION
from backend.cli.database import opened_database, read_published
from backend.cli.doubts import check_text
from backend.clock import SystemClock, today
from backend.merchants.contracts import (
    NewContract,
    SignedContract,
    end_contract,
    list_open_scenarios,
    sign_contract,
)
from backend.merchants.registration import Merchant, NewMerchant, list_merchants, register_merchant
from backend.merchants.suspensions import (
    lift_merchant_suspension,
    lift_scenario_suspension,
    suspend_merchant,
    suspend_scenario,
)
from backend.web.messages import Language
from backend.web.paths import CODE_PATTERN
from backend.web.problems import Refusal, describe_refusal

Value = TypeVar("Value")

_DAY = click.DateTime(["%Y-%m-%d"])
_by = click.option(
    "--operator", "by", default=COMMAND_LINE, show_default=True, callback=check_text, help="Who does this; it is kept."
)
_because = click.option("--because", required=True, callback=check_text, help="Why; a suspended merchant reads it.")


def check_code(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Take the code of a merchant or a scenario as paths take it."""
    if re.fullmatch(CODE_PATTERN, value) is None:
        raise click.BadParameter("give up to 40 small letters, digits, '_' and '-'")
    return value


def check_given(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Take a text as `check_text` does, if one is given."""
    return None if value is None else check_text(context, parameter, value)


_merchant = click.argument("code", callback=check_code)
_scenario = click.argument("scenario", callback=check_code)


@click.group()
def merchants() -> None:
    """Look after merchants and their contracts; see shangding clients for their machines."""


@merchants.command()
@_merchant
@click.option("--name", required=True, callback=check_text, help="As citizens know it.")
@click.option("--name-en", default=None, callback=check_given, help="The same in English.")
@click.option("--uscc", help="Its unified social credit code.")
@click.option("--contact", required=True, callback=check_text, help="For the credit centre alone.")
@_by
def add(code: str, name: str, name_en: str | None, uscc: str | None, contact: str, by: str) -> None:
    """Register a merchant under CODE, which nobody had before."""
    now, new = SystemClock().now(), NewMerchant(code=code, name=name, name_en=name_en, uscc=uscc, contact=contact)
    _change(lambda session: register_merchant(session, new, by=by, now=now))
    click.echo(f"{code}: registered")


@merchants.command(name="list")
def show() -> None:
    """List merchants in order of their codes with their contracts, ended ones too."""
    table = Table("merchant", "name", "registered", "suspended", "contracts")
    after: str | None = None
    with opened_database() as database, database.reading() as session:
        while portion := list_merchants(session, after=after, limit=PORTION):
            for merchant in portion:
                table.add_row(*_describe(merchant))
            after = portion[-1].code
    Console(width=200).print(table)


@merchants.command()
@_merchant
@_because
@_by
def suspend(code: str, because: str, by: str) -> None:
    """Suspend the merchant CODE: it gives nothing new from now on; what it gave goes on."""
    now = SystemClock().now()
    made = _change(lambda session: suspend_merchant(session, code, because=because, by=by, now=now))
    click.echo(f"{code}: suspended since {made.suspended_at:%Y-%m-%d %H:%M}Z: {made.because}")


@merchants.command()
@_merchant
@_by
def lift(code: str, by: str) -> None:
    """Lift the suspension of the merchant CODE."""
    now = SystemClock().now()
    _change(lambda session: lift_merchant_suspension(session, code, by=by, now=now))
    click.echo(f"{code}: no longer suspended")


@merchants.command(name="suspend-scenario")
@_scenario
@_because
@_by
def suspend_everywhere(scenario: str, because: str, by: str) -> None:
    """Switch SCENARIO off for everybody at once; what was given by it goes on."""
    now = SystemClock().now()
    codes = list_open_scenarios(read_published().benefits.catalogue_on(today(now)), today(now))
    made = _change(
        lambda session: suspend_scenario(session, scenario, scenarios=codes, because=because, by=by, now=now)
    )
    click.echo(f"{scenario}: suspended since {made.suspended_at:%Y-%m-%d %H:%M}Z: {made.because}")


@merchants.command(name="lift-scenario")
@_scenario
@_by
def lift_everywhere(scenario: str, by: str) -> None:
    """Switch SCENARIO on again."""
    now = SystemClock().now()
    _change(lambda session: lift_scenario_suspension(session, scenario, by=by, now=now))
    click.echo(f"{scenario}: no longer suspended")


@merchants.command()
@_merchant
@_scenario
@click.option("--region", required=True, help="Where it is offered, a code of six digits (GB/T 2260).")
@click.option("--from", "starts_on", type=_DAY, help="The first day; today unless given.")
@click.option("--until", "ends_on", type=_DAY, help="The first day on which it is over; open unless given.")
@click.option("--limit-fen", type=int, help="What is waived or lent at most, where the scenario leaves that open.")
@click.option("--charged-percent", type=int, help="What is left of the price, where the scenario leaves that open.")
@click.option("--free-minutes", type=int, help="How long is free, where the scenario leaves that open.")
@_by
def contract(
    code: str,
    scenario: str,
    region: str,
    starts_on: datetime | None,
    ends_on: datetime | None,
    by: str,
    **given: int | None,
) -> None:
    """Sign a contract by which the merchant CODE may offer SCENARIO; prints its id."""
    now = SystemClock().now()
    if re.fullmatch(r"[0-9]{6}", region) is None:
        raise click.BadParameter("a region has six digits, such as 410105 (GB/T 2260)")
    new = NewContract(
        merchant=code,
        scenario=scenario,
        region=region,
        starts_on=today(now) if starts_on is None else starts_on.date(),
        ends_on=None if ends_on is None else ends_on.date(),
        figures={name: value for name, value in given.items() if value is not None},
    )
    catalogue = read_published().benefits.catalogue_on(new.starts_on)
    signed = _change(lambda session: sign_contract(session, new, catalogue=catalogue, by=by, now=now))
    click.echo(signed.contract_id)


@merchants.command(name="end-contract")
@_merchant
@click.argument("contract_id", type=click.UUID)
@_by
def end_signed(code: str, contract_id: UUID, by: str) -> None:
    """End the contract CONTRACT_ID of the merchant CODE now; what was given under it goes on."""
    now = SystemClock().now()
    _change(lambda session: end_contract(session, code, contract_id, by=by, now=now))
    click.echo(f"{contract_id}: ended")


def _change(change: Callable[[Session], Value | Refusal]) -> Value:
    with opened_database() as database, database.transaction() as session:
        outcome = change(session)
    if isinstance(outcome, Refusal):
        said: dict[str, Any] = describe_refusal(outcome, language=Language.ENGLISH, instance="")
        faults = [f"{fault['pointer']}: {fault['message']}" for fault in said.get("errors", ())]
        raise click.ClickException("\n".join([said["detail"], *faults]))
    return outcome


def _describe(merchant: Merchant) -> tuple[str, ...]:
    suspended = merchant.suspension
    return (
        merchant.code,
        merchant.name,
        f"{merchant.registered_at:%Y-%m-%d %H:%M}Z {merchant.registered_by}",
        "" if suspended is None else f"{suspended.suspended_at:%Y-%m-%d %H:%M}Z {suspended.because}",
        "\n".join(map(_describe_contract, merchant.contracts)),
    )


def _describe_contract(contract: SignedContract) -> str:
    window = f"{contract.starts_on} - {contract.ends_on or ''}".rstrip()
    ended = "" if contract.ended_at is None else f", ended {contract.ended_at:%Y-%m-%d %H:%M}Z {contract.ended_by}"
    figures = "".join(f", {name} {value}" for name, value in sorted(contract.figures.items()))
    return f"{contract.contract_id} {contract.scenario} in {contract.region}, {window}{figures}{ended}"

"""A whole invented city on this machine: keys, schema, people, identity provider, service, and calls to paste."""

import os
import signal
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console

from backend.clients.roles import MERCHANT_SCOPES
from backend.clock import SystemClock, today
from backend.context import Context, make_context
from backend.demo.calls import CLERK, Callers, find_reported_indicator, write_calls
from backend.demo.cast import list_persons
from backend.demo.census import count_people
from backend.demo.client import call
from backend.demo.identity_provider import WARNING, IdentityProvider, make_provider_app
from backend.demo.mini_program import DemoPlatform, make_platform_blueprint
from backend.demo.people import Person
from backend.demo.personas import Path as AccountPath
from backend.demo.personas import Persona
from backend.demo.printing import print_census, print_personas, print_seeded, print_statement
from backend.demo.processes import (
    check_ports,
    ending_together,
    read_log_end,
    running_provider,
    running_service,
    running_worker,
    wait_until_ready,
)
from backend.demo.seed import check_usable, read_day, seed_city
from backend.demo.shops import DEMO_SHOP, offers_everything
from backend.demo.workplace import DemoError, Workplace, open_workplace, write_private, write_settings
from backend.gateways.rulebook_files import find_city_folder
from backend.principals import Principal, PrincipalKind
from backend.storage.migrations import upgrade

# Much longer than anywhere else, so that the calls can be tried all day.
TOKEN_LIFETIME = timedelta(hours=8)
FAVOURITE = "chen_zhiyuan"


def run(*, people: int = 2000, seed: int = 1, port: int = 8000, directory: Path = Path("var/demo")) -> None:
    """Run a demo until Ctrl-C or SIGTERM; the identity provider listens on the port after `port`.

    Keys and, unless SHANGDING_DATABASE_URL says otherwise, the SQLite database lie in `directory`; a city made before
    is used again. Raises DemoError, SettingsError or OSError when it cannot be started; ends what it started.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    place = Workplace(directory=directory, people=people, seed=seed, port=port)
    console, clock = Console(soft_wrap=False), SystemClock()
    check_ports(place.port, place.provider_port)
    variables, settings = open_workplace(place, os.environ, clock.now())
    write_settings(place.settings, variables)
    context = make_context(settings)
    try:
        personas = _fill(place, context, console, clock.now())
        provider = IdentityProvider.from_file(
            place.provider_keys, issuer=place.provider_url, audience=place.service_url, personas=personas
        )
        app = make_provider_app(provider, clock)
        app.register_blueprint(make_platform_blueprint(DemoPlatform(personas), clock))
        with (
            running_provider(place, app),
            running_service(place, variables) as service,
            running_worker(place, variables) as worker,
            ending_together(service, worker),
        ):
            wait_until_ready(place, service)
            _show(place, context, console, personas, clock.now())
            _wait_for_end(place, service)
    except KeyboardInterrupt:
        console.print("demo ended")
    finally:
        context.database.dispose()


def _fill(place: Workplace, context: Context, console: Console, now: datetime) -> tuple[tuple[Persona, Person], ...]:
    """Bring the schema up to date and the city into it, and give the personas."""
    check_usable(context, people=place.people, seed=place.seed)
    upgrade(context.settings.database_url)
    seeded = seed_city(context, people=place.people, seed=place.seed, now=now, console=console)
    if seeded.is_new:
        print_seeded(console, seeded.receipts)
        print_census(console, count_people(context, now=now))
    with context.database.reading() as session:
        day = read_day(session, context, people=place.people, seed=place.seed)
    return list_persons(context.rules.catalogue_on(day), day)


def _show(
    place: Workplace,
    context: Context,
    console: Console,
    personas: tuple[tuple[Persona, Person], ...],
    now: datetime,
) -> None:
    opened = [(persona, person) for persona, person in personas if persona.path is AccountPath.OPENED]
    persona, person = next((pair for pair in opened if pair[0].key == FAVOURITE), opened[0])
    rulebook = context.rules.rulebook_on(today(now))
    callers = Callers(
        persona=persona.key,
        department_token=_issue_department_token(
            context, find_reported_indicator(rulebook.catalogue).providers[0], now
        ),
        operator_token=_issue_operator_token(context, now),
        merchant_token=_issue_merchant_token(context, now),
        reported=person,
    )
    shipped = find_city_folder(context.settings.city)
    script = write_calls(place, callers, rulebook, shipped=shipped, day=today(now))
    write_private(place.calls, script + "\n")
    print_personas(console, personas)
    print_statement(console, persona.name, _fetch_statement(place, persona))
    console.print(script, soft_wrap=True, markup=False, highlight=False, emoji=False)
    console.print(
        f"\nservice            {place.service_url}   (log: {place.log})"
        f"\nidentity provider  {place.provider_url}   {WARNING}"
        f"\nthe calls above    bash {place.calls}   (tokens are good for {TOKEN_LIFETIME})"
        f"\nits settings       set -a; . {place.settings}; set +a   (for commands beside it; the file holds secrets)"
        "\nCtrl-C ends both",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )


def _fetch_statement(place: Workplace, persona: Persona) -> dict[str, object]:
    ticket = call(place.provider_port, "POST", "/tickets", body={"persona": persona.key})["ticket"]
    token = call(place.port, "POST", "/v1/sign-in", body={"ticket": ticket})["access_token"]
    statement: dict[str, object] = call(place.port, "GET", "/v1/score/statement", token=token)
    return statement


def _issue_department_token(context: Context, code: str, now: datetime) -> str:
    scopes = frozenset({"records:read", "records:write"})
    principal = Principal(kind=PrincipalKind.DEPARTMENT, id=code, scopes=scopes, acting=CLERK)
    return context.tokens.issue(principal, TOKEN_LIFETIME, now)


def _issue_operator_token(context: Context, now: datetime) -> str:
    principal = Principal(kind=PrincipalKind.OPERATOR, id="demo-operator", scopes=frozenset({"metrics:read"}))
    return context.tokens.issue(principal, TOKEN_LIFETIME, now)


def _issue_merchant_token(context: Context, now: datetime) -> str | None:
    if not offers_everything(DEMO_SHOP, context.benefits, now=now):
        return None
    principal = Principal(kind=PrincipalKind.MERCHANT, id=DEMO_SHOP.code, scopes=MERCHANT_SCOPES)
    return context.tokens.issue(principal, TOKEN_LIFETIME, now)


def _wait_for_end(place: Workplace, service: subprocess.Popen[bytes]) -> None:
    code = service.wait()
    raise DemoError(f"the service ended by itself with code {code}; the end of {place.log}:\n{read_log_end(place)}")

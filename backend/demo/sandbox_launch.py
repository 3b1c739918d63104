"""A sandbox for merchants on this machine: keys, twenty people, the service and its worker, and calls to paste."""

import json
import os
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table

from backend.clients.roles import MERCHANT_SCOPES
from backend.clock import SystemClock
from backend.context import Context, make_context
from backend.demo.calls import CLOSING, OPENING
from backend.demo.processes import (
    check_ports,
    read_log_end,
    running_service,
    running_worker,
    wait_until_ready,
)
from backend.demo.sandbox_place import (
    begin_anew,
    find_client_file,
    find_key_file,
    open_sandbox_place,
    register_machine,
)
from backend.demo.sandbox_seed import LIBRARY, MERCHANT, is_seeded, renew_sandbox, seed_sandbox
from backend.demo.workplace import DemoError, Workplace, write_private
from backend.principals import Principal, PrincipalKind
from backend.sandbox.people import list_fixed_people
from backend.storage.migrations import upgrade

TOKEN_LIFETIME = timedelta(hours=8)
_TRY = 'curl -sS -o /dev/null --fail -H "Authorization: Bearer $TOKEN" $SERVICE/v1/merchant'
_READ = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"{member}\"])'"


def run(*, port: int = 8100, directory: Path = Path("var/sandbox"), fresh: bool = False) -> None:
    """Run a sandbox until Ctrl-C or SIGTERM; what was made before is used again, unless it is to be `fresh`.

    Raises DemoError, SettingsError or OSError when it cannot be started; ends what it started.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    place = Workplace(directory=directory, people=0, seed=0, port=port)
    console = Console(soft_wrap=False)
    check_ports(port)
    if fresh:
        begin_anew(place, os.environ)
    variables, context = open_sandbox(place, os.environ)
    try:
        client_id = fill(place, context)
        with running_service(place, variables) as service, running_worker(place, variables):
            wait_until_ready(place, service)
            _show(place, context, console, client_id)
            code = service.wait()
        raise DemoError(f"the service ended by itself with code {code}; the end of {place.log}:\n{read_log_end(place)}")
    except KeyboardInterrupt:
        console.print("sandbox ended")
    finally:
        context.database.dispose()


def open_sandbox(place: Workplace, environ: Mapping[str, str]) -> tuple[dict[str, str], Context]:
    """Make the directory and its keys unless they are there; gives the environment of the service, and its context."""
    variables, settings = open_sandbox_place(place, environ, SystemClock().now())
    return variables, make_context(settings)


def fill(place: Workplace, context: Context) -> UUID:
    """Bring schema, people and the merchant's machine into the database; gives the id of the machine."""
    seeded = is_seeded(context)
    upgrade(context.settings.database_url)
    if not seeded:
        seed_sandbox(context, now=SystemClock().now())
    now = context.clock.now()
    renew_sandbox(context, now=now)
    return register_machine(place, context, now=now)


def write_calls(place: Workplace, token: str) -> str:
    """Write three calls as one script for bash: a person shows a code, the merchant asks, and cancels what it got."""
    post = "curl -sS --fail-with-body -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json'"
    question = json.dumps({"order_no": "$ORDER", "scenario": LIBRARY, "code": "$CODE"}).replace('"', '\\"')
    answer = _READ.format(member="grant_id")
    return "\n".join(
        [
            OPENING,
            f"SERVICE={place.service_url}",
            f"TOKEN={token}",
            "ORDER=order-$(date +%s)",
            "# 令牌到期或者时钟拨动以后，须重新启动沙箱（不加 --fresh）：本文件随之换上新令牌",
            f"{_TRY} || echo '令牌已失效：请重新启动 shangding sandbox（不加 --fresh），再用新的 calls.sh' >&2",
            "# 一号人物出示通用码",
            f"CODE=$({post} $SERVICE/v1/sandbox/people/01/codes -d '{{}}' | {_READ.format(member='code')})",
            "# 商户核验：给予",
            f'GRANT=$({post} $SERVICE/v1/verifications -d "{question}" | tee /dev/stderr | {answer})',
            "# 商户取消这笔权益，可以从头再来",
            f'{post} -H "Idempotency-Key: cancel-$ORDER" -X POST $SERVICE/v1/grants/$GRANT/cancel',
            CLOSING,
        ]
    )


def _show(place: Workplace, context: Context, console: Console, client_id: UUID) -> None:
    principal = Principal(kind=PrincipalKind.MERCHANT, id=MERCHANT, scopes=MERCHANT_SCOPES, client=str(client_id))
    script = write_calls(place, context.tokens.issue(principal, TOKEN_LIFETIME, context.clock.now()))
    write_private(place.calls, script + "\n")
    table = Table(title="沙箱人物（全部虚构）")
    for title in ("编号", "姓名", "证件号码", "用途"):
        table.add_column(title, overflow="fold")
    with context.database.reading() as session:
        for person in list_fixed_people(session):
            table.add_row(person.person_no, person.name, person.identity_number, person.purpose.zh)
    console.print(table)
    console.print(script, soft_wrap=True, markup=False, highlight=False, emoji=False)
    console.print(
        f"\nservice      {place.service_url}   (log: {place.log})"
        f"\nmerchant     {MERCHANT}"
        f"\nclient       {client_id}   (with key id and key file in {find_client_file(place)})"
        f"\nprivate key  {find_key_file(place)}"
        f"\ncalls above  bash {place.calls}   (the token is good for {TOKEN_LIFETIME}, until the clock is moved)"
        "\nguide        docs/for-merchants.md"
        "\nCtrl-C ends it",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )

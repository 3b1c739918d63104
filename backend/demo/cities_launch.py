"""Three cities on this machine, each of processes of this same software, and a visit in both directions."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from backend.clock import SystemClock, today
from backend.demo import cities_faults as faults
from backend.demo import cities_walk as walk
from backend.demo.cities_calls import TOKEN_LIFETIME, Door, make_door
from backend.demo.cities_cast import EXCELLENT, HANGZHOU, ZHENGZHOU, list_travellers
from backend.demo.cities_place import SETTINGS, CityPlace, list_ports, opened_cities
from backend.demo.cities_running import RunningCities, running_cities
from backend.demo.cities_seed import introduce_all, seed_people, sign_all
from backend.demo.cities_stage import PAUSE_S, Stage
from backend.demo.identity_provider import WARNING
from backend.demo.printing import print_personas
from backend.demo.processes import check_ports, read_log_end
from backend.demo.workplace import DemoError, write_private
from scoring.days import ONE_DAY

CALLS = "calls.sh"
# A citizen is signed in for a quarter of an hour, so whoever calls signs in first: sign_in PERSONA PROVIDER CITY.
SIGN_IN = (
    "post() { curl -sS --fail-with-body -H 'Content-Type: application/json' -d \"$2\" $1; }",
    "read_member() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' $1; }",
    "sign_in() {",
    "    local ticket=$(post $2/tickets '{\"persona\": \"'$1'\"}' | read_member ticket)",
    "    post $3/v1/sign-in '{\"ticket\": \"'$ticket'\"}' | read_member access_token",
    "}",
)
STEPS: tuple[tuple[str, str, str, Callable[[Stage], None]], ...] = (
    ("A", "郑州市民到杭州：预览、同意、给予、记账、报告回家", "a visit from Zhengzhou to Hangzhou", walk.go_out),
    ("B", "分低、查无此人、没有同意：一样的答复", "nobody is told apart", walk.tell_nobody_apart),
    ("C", "分数要另行同意，连同等效分一起显示", "a score upon a consent of its own", walk.show_score),
    ("D", "南京红名单、杭州供分到郑州，郑州等级到南京", "three scales that differ", walk.come_in),
    ("E", "来访者登录，出示一次性码", "a visitor shows an ordinary code", walk.show_code),
    ("F", "带着走的信用卡片：发卡城市停机也能读", "a score card while its city is stopped", faults.carry_card),
    ("G", "对方城市停机、不出声、恢复", "the home city is away, and back", faults.go_without),
    ("H", "撤回同意：对方删除并确认", "a consent is withdrawn", faults.withdraw),
    ("I", "中止协议，恢复协议", "the treaty is suspended and resumed", faults.suspend),
    ("J", "导出往来，凭公钥核验", "the log is exported and verified", faults.prove),
)


def run(*, port: int = 8300, directory: Path = Path("var/cities"), once: bool = False) -> int:
    """Run three cities and walk through a visit; gives 0 when everything was as it says, and 1 otherwise.

    Unless `once`, the cities run on until Ctrl-C or SIGTERM. Raises DemoError, SettingsError or OSError when they
    cannot be started; ends what it started.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console, clock = Console(soft_wrap=False), SystemClock()
    check_ports(*list_ports(port))
    stage = None
    try:
        with ExitStack() as stack:
            opened = opened_cities(directory, port=port, environ=os.environ, now=clock.now())
            cities = stack.enter_context(opened)
            _fill(cities, console)
            running = stack.enter_context(running_cities(cities))
            stage = _set(cities, running, console)
            _walk(stage)
            if not once:
                _show(directory, stage)
                _wait_for_end(cities, running)
    except KeyboardInterrupt:
        console.print("cities ended")
    return 1 if stage is None or stage.flaws else 0


def _fill(cities: dict[str, CityPlace], console: Console) -> None:
    now = SystemClock().now()
    for city in cities.values():
        seed_people(city, now=now)
    introduce_all(cities, now=now)
    travellers = list_travellers(today(now) - ONE_DAY)
    print_personas(console, [(each.persona, person) for each, person in travellers], with_numbers=True)
    for document in sign_all(cities, now=now):
        treaty = document.treaty
        console.print(f"{treaty.title.zh} {treaty.version}，双方已签署", highlight=False)


def _set(cities: dict[str, CityPlace], running: RunningCities, console: Console) -> Stage:
    now = SystemClock().now()
    people = {each.persona.key: person for each, person in list_travellers(today(now) - ONE_DAY)}
    doors = {code: make_door(city, people, now=now) for code, city in cities.items()}
    return Stage(doors, running, console)


def _walk(stage: Stage) -> None:
    """Do every step; one that cannot be done to its end is a flaw, and the next one is tried."""
    stage.console.print("以下时刻都是北京时间。", highlight=False)
    for letter, zh, en, step in STEPS:
        stage.title(letter, zh, en)
        try:
            step(stage)
        except DemoError as fault:
            stage.check(f"这一步没有做完：{fault}", holds=False)
    stage.title("=", "全部如上所说" if not stage.flaws else f"有{len(stage.flaws)}处不符", "done")


def _show(directory: Path, stage: Stage) -> None:
    """Print calls to paste, with tokens that work, and where the cities are."""
    home, host = stage.doors[ZHENGZHOU], stage.doors[HANGZHOU]
    script = "\n".join(_write_calls(home, host))
    path = directory / CALLS
    write_private(path, script + "\n")
    stage.console.print(f"\n{script}", soft_wrap=True, markup=False, highlight=False, emoji=False)
    for door in stage.doors.values():
        place = door.city.place
        stage.tell(f"{door.city.title}  {place.service_url}  provider {place.provider_url}  log {place.log}")
        stage.tell(f"        its settings, to run commands in it: {place.directory / SETTINGS}")
    stage.tell(WARNING)
    hours = int(TOKEN_LIFETIME.total_seconds()) // 3600
    stage.tell(f"the calls above    bash {path}   (citizens sign in at each call; the steward's token: {hours} hours)")
    stage.tell("Ctrl-C ends all")


def _write_calls(home: Door, host: Door) -> list[str]:
    get = "curl -sS --fail-with-body -H 'Accept-Language: zh-CN' -H \"Authorization: Bearer $TOKEN\""
    show = "python3 -m json.tool --no-ensure-ascii"
    keys = f"{home.city.place.service_url}/exchange/v1/keys"
    return [
        *SIGN_IN,
        f"HOME_CITY={home.city.place.service_url}; HOST_CITY={host.city.place.service_url}",
        "# 别的城市凭这些公钥认得郑州",
        f"curl -sS --fail-with-body {keys} | {show}",
        "# 陆远在郑州：哪些城市、同意了什么、告知了什么、在外用了什么",
        f"TOKEN=$(sign_in {EXCELLENT} {home.city.place.provider_url} $HOME_CITY)",
        *(f"{get} $HOME_CITY/v1/exchange/{each} | {show}" for each in ("cities", "consents", "disclosures", "uses")),
        "# 陆远在杭州：问过郑州什么，还剩什么",
        f"TOKEN=$(sign_in {EXCELLENT} {host.city.place.provider_url} $HOST_CITY)",
        f"{get} $HOST_CITY/v1/visits | {show}",
        "# 杭州的管理人员：伙伴城市、协议、还没有送达的通知",
        f"TOKEN={host.steward_token}",
        f"{get} $HOST_CITY/v1/partners | {show}",
    ]


def _wait_for_end(cities: dict[str, CityPlace], running: RunningCities) -> None:
    while True:
        ended = running.find_ended()
        if ended is not None:
            place = cities[ended].place
            raise DemoError(f"{ended} ended by itself; the end of {place.log}:\n{read_log_end(place)}")
        time.sleep(PAUSE_S)

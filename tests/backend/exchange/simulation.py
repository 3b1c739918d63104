"""A seeded simulation of three cities: chance says what is done and what goes wrong, and the truth is looked at always.

    Simulation(mould, 7, folder).run()

Everything that is drawn comes from the seed. What does not replay are the bytes of ids, nonces, keys and signatures;
nothing is chosen by them. Two runs of a seed have the same `trace`.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from backend.gateways.exchange_keys import rotate_exchange
from backend.gateways.http_calls import CallFailedError
from backend.gateways.signed_claims import KeySetError
from backend.partners.city_keys import note_own_keys
from backend.partners.treaties import resume_treaty, suspend_treaty
from backend.web.problems import Refusal
from scenarios.treaty import treaty_id
from tests.backend.exchange.simulated_checks import check_beliefs, check_bundles, check_rest
from tests.backend.exchange.simulated_cities import CODES, CrashError, Mould, Town
from tests.backend.exchange.simulated_network import StormyNetwork, crashing
from tests.backend.exchange.simulated_people import PeopleActs, is_of
from tests.backend.exchange.simulated_sweeps import SWEEPS, drain

STEPS = 70
# How much of everything there is, in parts of their sum.
ACTIONS = {
    "visit": 24, "counter": 16, "consent": 14, "post": 12, "sweep": 10, "time": 8, "withdraw": 6, "rescore": 6,
    "late": 5, "grant": 6, "crash": 4, "card": 8, "present": 7, "suspend": 2, "resume": 8, "part": 2, "heal": 6,
    "clock": 2, "set_clock": 6, "rotate": 2, "close": 1, "open": 4, "forget": 1,
}  # fmt: skip
# And while an answer is on its way: what could cross it.
CROSSING = {"withdraw": 10, "post": 14, "rescore": 4, "sweep": 6, "suspend": 1, "close": 1, "forget": 1, "visit": 1}
PASSES = (0.2, 2, 20, 65, 600, 3 * 3600, 11 * 3600)
SLIPS = (-4000, -90, -3, 3, 90, 4000)


class Simulation(PeopleActs):
    """One run: the cities, what goes wrong, the truth, and what has happened so far."""

    def __init__(self, mould: Mould, seed: int, folder: Path) -> None:
        super().__init__(mould, seed, folder)
        self.network = StormyNetwork(self.weather, self.go_on)
        self.network.witness.append(self.truth)

    def run(self, steps: int = STEPS) -> None:
        """Let everything happen, then let it come to rest; AssertionError says what should not have been."""
        with self.mould.pour(self.folder, self.network.send_from) as towns:
            self.towns = self.network.towns = towns
            with crashing(self.crashes, self.towns):
                for step in range(steps):
                    self.act()
                    host = CODES[step % len(CODES)]
                    check_beliefs(self.truth, self.towns[host], host)
                    assert not self.truth.breaches, self.truth.breaches
            self.calm_down()
            drain(self.towns)
            for host, town in self.towns.items():
                check_beliefs(self.truth, town, host)
            check_rest(self.truth, self.towns)
            if self.seed % 10 == 0:
                check_bundles(self.towns)

    def go_on(self, caller: str, called: str) -> None:
        """Do a few things while an answer of a city is on its way, most of them there."""
        if self.depth >= 2:
            return
        if self.chance.random() < 0.3:  # the answer crosses its own withdrawal
            for _ in range(len([each for each in self.consents if is_of(each, called, caller)])):
                self.act({"withdraw_from": 1}, called, caller)
            self.act({"post": 1}, called)
        for _ in range(self.chance.randrange(3)):
            self.act(CROSSING, called if self.chance.random() < 0.8 else None)

    def act(self, actions: Mapping[str, int] = ACTIONS, where: str | None = None, *given: str) -> None:
        """Do one thing that chance names, in a city that chance names unless it is given."""
        name = self.chance.choices([*actions], [*actions.values()])[0]
        code = self.chance.choice(CODES) if where is None else where
        self.depth += 1
        town = self.towns[code]
        try:
            outcome = getattr(self, f"do_{name}")(code, town, *given)
        except CrashError as died:
            self.towns[str(died)].restart()
            outcome = "died"
        except CallFailedError as failed:
            outcome = failed.fault.value
        finally:
            self.depth -= 1
            self.note_clocks()
        self.trace.append(f"{'  ' * self.depth}{name} {code}: {outcome}")

    def calm_down(self) -> None:
        """End all that goes wrong: everybody is reached, and clocks are right.

        They stand at the latest moment that any of them has shown: what was told from ahead has its time by then.
        """
        self.weather.calm = True
        self.weather.parted.clear()
        self.crashes.armed.clear()
        self.note_clocks()
        self.set_clocks(self.latest)

    def do_suspend(self, code: str, town: Town) -> str:
        return self._change_treaty(code, town, is_suspended=True)

    def do_resume(self, code: str, town: Town) -> str:
        return self._change_treaty(code, town, is_suspended=False)

    def _change_treaty(self, code: str, town: Town, *, is_suspended: bool) -> str:
        partners = [each for each in CODES if each != code]
        if not is_suspended:
            partners = [each for each in partners if self.truth.has_suspended(code, treaty_id(code, each))]
        if not partners:
            return "nothing"
        treaty = self.treaty_between(code, self.choose(partners))
        change, now = suspend_treaty if is_suspended else resume_treaty, town.city.now()
        try:
            with town.city.database.transaction() as session:
                done = change(session, treaty.id, treaty.version, city=code, by="zhao", reason="test", now=now)
        except CrashError:
            self.truth.forget_word(code, treaty.id)
            raise
        if isinstance(done, Refusal):
            return f"{treaty.id} {done.code.value}"
        self.truth.note_own_word(code, treaty.id, is_suspended=is_suspended)
        return treaty.id

    def do_rotate(self, code: str, town: Town) -> str:
        now = town.city.now()
        try:
            town.held.keys = rotate_exchange(town.held.keys, now, at_once=self.chance.random() < 0.5)
        except KeySetError:
            return "under way"
        keys = town.city.context.exchange_keys
        assert keys is not None
        with town.city.database.transaction() as session:
            note_own_keys(session, code, keys, now=now)
        return "done"

    def do_post(self, _code: str, town: Town) -> str:
        return f"{town.post.run_once()} confirmed"

    def do_sweep(self, _code: str, town: Town) -> str:
        name = self.choose([*SWEEPS])
        return f"{name} {SWEEPS[name](town.city, town.city.now())}"

    def do_time(self, _code: str, _town: Town) -> str:
        seconds = self.chance.choice(PASSES)
        for town in self.towns.values():
            town.city.clock.move(timedelta(seconds=seconds))
        return f"{seconds} s"

    def do_clock(self, _code: str, town: Town) -> str:
        seconds = self.chance.choice(SLIPS)
        town.city.clock.move(timedelta(seconds=seconds))
        return f"{seconds} s"

    def do_set_clock(self, _code: str, _town: Town) -> str:
        self.set_clocks(sorted(town.city.now() for town in self.towns.values())[1])
        return "all"

    def do_part(self, code: str, _town: Town) -> str:
        other = self.choose([each for each in CODES if each != code])
        self.weather.parted.add(frozenset((code, other)))
        return other

    def do_heal(self, _code: str, _town: Town) -> str:
        self.weather.parted.clear()
        return "all"

    def do_late(self, _code: str, _town: Town) -> str:
        if not self.network.late:
            return "nothing"
        self.network.let_late_arrive(self.chance.randrange(len(self.network.late)))
        return "arrived"

    def do_crash(self, code: str, _town: Town) -> str:
        self.crashes.arm(code, self.chance.randrange(1, 5), is_kept=self.chance.random() < 0.5)
        return "armed"


def revise(text: str) -> str:
    """Let data live for hours, two treaties of three end entitlements when suspended, and one treaty end in days."""
    text = text.replace("data_life_hours = 72", "data_life_hours = 8")
    text = text.replace("questions_person_day = 20", "questions_person_day = 400")
    if '["hangzhou", "nanjing"]' not in text:
        text = text.replace('on_suspension = "finish"', 'on_suspension = "end"')
    if '["hangzhou", "zhengzhou"]' in text:
        text = text.replace("ends_on = 2028-01-01", "ends_on = 2026-11-26")
    return text

"""What people do in the simulation: let be told, withdraw, visit, come to counters, carry cards, leave and return."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from backend.disclosures.consents import ConsentOrder, give_consent, withdraw_consent
from backend.disclosures.score_cards import CardOrder, ScoreCard, make_score_card
from backend.grants.grant import Actor, Grant
from backend.grants.life import Mover, cancel, complete, start
from backend.people.account import close_account, open_account
from backend.people.agreement import agreement_on
from backend.visits.visiting import forget_visit, present_score_card
from backend.web.problems import Refusal
from scenarios.treaty import Scope, TreatyPurpose
from tests.backend.exchange.facts import rescore
from tests.backend.exchange.simulated_checks import check_grant, check_shown
from tests.backend.exchange.simulated_cities import LIVES, OFFERED, SHOP, StandingConsent, Town
from tests.backend.exchange.simulated_state import State
from tests.backend.exchange.visitors import come_to_counter, make_tools, visit


class PeopleActs(State):
    """Each act is done in a city that was drawn, and says what it came to."""

    def do_consent(self, code: str, town: Town) -> str:
        name = self.choose_citizen(code)
        host = self.choose(LIVES[name][1])
        treaty = self.treaty_between(code, host)
        scope = self.choose([Scope.ENTITLEMENT, Scope.ENTITLEMENT, *sorted(treaty.scopes)])
        purpose = TreatyPurpose.BENEFIT if scope is Scope.ENTITLEMENT else TreatyPurpose.OWN_VIEW
        one = self.choose(treaty.list_scenarios(home=code, host=host))
        scenario = one if scope is Scope.ENTITLEMENT and self.chance.random() < 0.3 else None
        ends_at = town.city.now() + timedelta(hours=self.chance.choice([1, 10, 30]))
        order = ConsentOrder(host, purpose, scope, scenario, ends_at if self.chance.random() < 0.2 else None)
        with town.city.database.transaction() as session:
            given = give_consent(session, town.people[name], order, tools=make_tools(town.city), now=town.city.now())
        if isinstance(given, Refusal):
            return given.code.value
        self.consents.append((name, given.consent_id, host, scope))
        return f"{name} lets {host} be told {scope.value}"

    def do_withdraw(self, code: str, town: Town) -> str:
        return self._withdraw(town, [each for each in self.consents if LIVES[each[0]][0] == code])

    def do_withdraw_from(self, code: str, town: Town, host: str) -> str:
        return self._withdraw(town, [each for each in self.consents if is_of(each, code, host)])

    def _withdraw(self, town: Town, some: list[StandingConsent]) -> str:
        if not some:
            return "nothing"
        taken = self.choose(some)
        name, consent_id, host, scope = taken
        with town.city.database.transaction() as session:
            given = withdraw_consent(session, town.people[name], consent_id, now=town.city.now())
        self.consents.remove(taken)
        assert not isinstance(given, Refusal), given
        return f"{name} withdraws {host} {scope.value}"

    def do_visit(self, code: str, town: Town) -> str:
        name, scope = self.choose_visitor(code), self.choose(Scope)
        likely = [(each[0], each[3]) for each in self.consents if each[2] == code]
        if likely and self.chance.random() < 0.8:
            name, scope = self.choose(likely)
        check_shown(self.truth, town, code, name)
        found = visit(town.home, town.people[name], LIVES[name][0], scope)
        outcome = found.code.value if isinstance(found, Refusal) else found.state.value
        return f"{name} {scope.value} {outcome}"

    def do_counter(self, code: str, town: Town) -> str:
        name = self.choose_visitor(code)
        agreed = set(self.treaty_between(code, LIVES[name][0]).list_scenarios(home=LIVES[name][0], host=code))
        scenario, self.orders = self.choose(sorted(agreed & set(OFFERED[code]))), self.orders + 1
        found = come_to_counter(
            town.city,
            town.home,
            self.mould.persons[name],
            LIVES[name][0],
            f"order-{self.orders}",
            merchant=SHOP,
            scenario=scenario,
        )
        if isinstance(found, Refusal):
            return found.code.value
        if found.grant_id is not None:
            self.grants.append((code, found.grant_id))
            check_grant(town, town.people[name], scenario)
        return f"{name} {scenario} {found.answer.value}"

    def do_grant(self, _code: str, _town: Town) -> str:
        if not self.grants:
            return "nothing"
        code, grant_id = self.choose(self.grants)
        city, mover = self.towns[code].city, Mover(Actor.MERCHANT, merchant=SHOP)
        turns: dict[str, Callable[..., Grant | Refusal]] = {
            "start": start,
            "cancel": cancel,
            "complete": partial(complete, final_fen=0),
        }
        name = self.choose([*turns])
        with city.database.transaction() as session:
            moved = turns[name](session, grant_id, mover, now=city.now())
        return f"{name} {moved.code.value if isinstance(moved, Refusal) else moved.state}"

    def do_card(self, code: str, town: Town) -> str:
        name = self.choose_citizen(code)
        host, scope = self.choose(LIVES[name][1]), self.choose([Scope.LEVEL, Scope.LEVEL, Scope.SCORE])
        order = CardOrder(host, scope, 600, self.choose([TreatyPurpose.BENEFIT, TreatyPurpose.OWN_VIEW]))
        keys = town.city.context.exchange_keys
        assert keys is not None
        with town.city.database.transaction() as session:
            made = make_score_card(
                session, town.people[name], order, keys=keys, tools=make_tools(town.city), now=town.city.now()
            )
            if isinstance(made, ScoreCard):
                gives = order.purpose is TreatyPurpose.BENEFIT
                self.truth.note_card(made.card_id, home=code, host=host, until=made.expires_at, gives=gives)
        if not isinstance(made, ScoreCard):
            return "none"
        self.cards.append((name, order.city, made))
        self.consents.append((name, made.consent_id, order.city, order.scope))
        return f"{name} for {order.city}"

    def do_present(self, _code: str, _town: Town) -> str:
        if not self.cards:
            return "nothing"
        stand = {consent_id for _, consent_id, _, _ in self.consents}
        taken_back = [each for each in self.cards if each[2].consent_id not in stand]
        name, host, card = self.choose(taken_back if taken_back and self.chance.random() < 0.5 else self.cards[-3:])
        town = self.towns[host]
        with town.city.database.transaction() as session:
            found = present_score_card(town.home, session, town.people[name], card.text)
        return f"{name} {found.code.value if isinstance(found, Refusal) else found.state.value}"

    def do_forget(self, code: str, town: Town) -> str:
        name = self.choose_visitor(code)
        believed = [each for each, told in self.truth.told.items() if told.host == code]
        if not believed:
            return "nothing"
        with town.city.database.transaction() as session:
            found = forget_visit(session, town.people[name], UUID(believed[-1]), now=town.city.now())
        return f"{name} {found.code.value if isinstance(found, Refusal) else found.state.value}"

    def do_rescore(self, code: str, town: Town) -> str:
        name = self.choose_citizen(code)
        return f"{name} {rescore(town.city, town.people[name], self.chance)}"

    def do_close(self, code: str, town: Town) -> str:
        name = self.choose_citizen(code)
        with town.city.database.transaction() as session:
            return f"{name} {close_account(session, town.people[name], because='closed', now=town.city.now())}"

    def do_open(self, code: str, town: Town) -> str:
        name = self.choose_citizen(code)
        now = town.city.now()
        with town.city.database.transaction() as session:
            opened = open_account(
                session,
                town.people[name],
                agreement_version=agreement_on(now.date()).version,
                consents_to_score=True,
                sealer=town.city.context.sealer,
                now=now,
            )
        return f"{name} {'no' if isinstance(opened, Refusal) else 'yes'}"


def is_of(consent: StandingConsent, home: str, host: str) -> bool:
    """Tell whether a consent lets one city tell another."""
    return LIVES[consent[0]][0] == home and consent[2] == host

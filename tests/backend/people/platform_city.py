"""A city whose citizens may come by mini-program: with a platform and a real-name check on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count

from werkzeug.test import TestResponse

from backend.app import create_app
from backend.gateways.mini_program import MiniProgram
from backend.gateways.real_name import RealNameCheck
from tests.backend.city import City, Person, read_json
from tests.backend.gateways.stand_ins import (
    APP_ID,
    APP_SECRET,
    SERVICE_KEY,
    Platform,
    Register,
    StandIn,
    standing_in,
)

_codes = count(1)


@dataclass(frozen=True)
class PlatformCity:
    """The city, what the platform and the check know, and where they are."""

    city: City
    platform: Platform
    platform_service: StandIn
    register: Register
    register_service: StandIn

    def come(self, openid: str, **more: object) -> TestResponse:
        """Somebody with an account opens the mini-program."""
        return self.show(self.platform.issue(f"code-{next(_codes)}", openid), **more)

    def show(self, code: str, **more: object) -> TestResponse:
        """A code is sent to us."""
        return self.city.client().post("/v1/sign-in/mini-program", json={"code": code, **more})

    def link(self, link_token: str, person: Person, **more: object) -> TestResponse:
        """Somebody says who he is."""
        body = {"link_token": link_token, "name": person.name, "id_number": person.id_number, **more}
        return self.city.client().post("/v1/sign-in/mini-program/links", json=body)

    def come_and_link(self, openid: str, person: Person, **more: object) -> TestResponse:
        """Both, one after the other."""
        return self.link(read_json(self.come(openid))["link_token"], person, **more)

    def register_person(self, person: Person) -> Person:
        """Let the check know a person."""
        self.register.people.add((person.name, person.id_number))
        return person


@contextmanager
def with_platform(city: City) -> Iterator[PlatformCity]:
    """Give `city` a platform and a real-name check."""
    platform, register = Platform(), Register()
    with standing_in(platform.answer) as platform_service, standing_in(register.answer) as register_service:
        context = replace(
            city.context,
            mini_program=MiniProgram(url=platform_service.url, app_id=APP_ID, secret=APP_SECRET, deadline_seconds=10),
            real_name=RealNameCheck(url=register_service.url, key=SERVICE_KEY, deadline_seconds=10),
        )
        yield PlatformCity(
            replace(city, app=create_app(context), context=context),
            platform,
            platform_service,
            register,
            register_service,
        )

"""The application: a plain list of what is wired, in the order in which a request meets it."""

from types import TracebackType

import structlog
from flask import Flask
from typing_extensions import override
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.access import routes as access
from backend.benefits import ask_routes as asks
from backend.benefits import card_routes as cards
from backend.benefits import edition_routes as scenario_editions
from backend.benefits import offer_routes as offers
from backend.benefits import verification_routes as verifications
from backend.clients import routes as clients
from backend.context import EXTENSION as CONTEXT
from backend.context import Context
from backend.disclosures import citizen_routes as exchange_of_citizens
from backend.exchange import routes as exchange
from backend.fulfilment import citizen_routes as fulfilment
from backend.fulfilment import complaint_routes as complaints
from backend.fulfilment import proposal_routes as proposals
from backend.governance import impact_routes as rule_impacts
from backend.governance import routes as governance
from backend.grants import my_grant_routes as my_grants
from backend.grants import routes as grants
from backend.merchants import offering_routes as offering
from backend.merchants import routes as merchants
from backend.merchants import webhook_routes as webhooks
from backend.merchants.registration import RegisteredMerchants
from backend.partners import routes as partners
from backend.partners.callers import CityCallers
from backend.partners.protocol import PROTOCOL_PREFIX
from backend.people import routes as people
from backend.people import session_routes as sessions
from backend.people import sign_in_routes as sign_in
from backend.records import file_routes as files
from backend.records import quarantine_routes as quarantine
from backend.records import routes as records
from backend.reports import figure_routes as figures
from backend.reports import routes as reports
from backend.sandbox import routes as sandbox
from backend.scores import edition_routes as rulebook_editions
from backend.scores import routes as scores
from backend.settings import Settings
from backend.statements import routes as statements
from backend.visits import routes as visits
from backend.visits.home_cities import make_home_cities
from backend.web import health, limits, metrics, requests, signed_calls
from backend.web.declaration import BODY_LIMIT
from backend.web.faults import describe_fault
from backend.web.limits import RateLimiter
from backend.web.logs import log_request
from backend.web.metrics import Metrics
from backend.web.openapi import make_api
from backend.web.operations import Blueprint, seal

# The rooms' blueprints, below /v1; health and metrics stand beside them.
ROOMS: tuple[Blueprint, ...] = (
    access.blueprint,
    clients.blueprint,
    people.blueprint,
    sessions.blueprint,
    sign_in.blueprint,
    records.blueprint,
    quarantine.blueprint,
    files.blueprint,
    scores.blueprint,
    rulebook_editions.blueprint,
    scenario_editions.blueprint,
    merchants.blueprint,
    offering.blueprint,
    webhooks.blueprint,
    cards.blueprint,
    statements.blueprint,
    verifications.blueprint,
    grants.blueprint,
    my_grants.blueprint,
    offers.blueprint,
    asks.blueprint,
    fulfilment.blueprint,
    proposals.blueprint,
    complaints.blueprint,
    exchange_of_citizens.blueprint,
    visits.blueprint,
    reports.blueprint,
    figures.blueprint,
    partners.blueprint,
    governance.blueprint,
    rule_impacts.blueprint,
)
# The protocol between cities has a path and a version of its own.
PROTOCOL_ROOMS: tuple[Blueprint, ...] = (exchange.blueprint,)
# What only a sandbox serves beside them; the API of a city knows none of it.
SANDBOX_ROOMS: tuple[Blueprint, ...] = (sandbox.blueprint,)
API_PREFIX = "/v1"

log = structlog.get_logger("shangding.fault")

_ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Application(Flask):
    """Flask, silent about the text of exceptions, which may hold personal data."""

    @override
    def log_exception(self, exc_info: _ExceptionInfo) -> None:
        error = exc_info[1]
        log.error("fault", **(describe_fault(error) if error is not None else {}))


def choose_rooms(settings: Settings) -> tuple[Blueprint, ...]:
    """Choose what is served: the rooms of a city, in a sandbox with what moves its people and its clock."""
    return (*ROOMS, *SANDBOX_ROOMS) if settings.sandbox else ROOMS


def create_app(context: Context, rooms: tuple[Blueprint, ...] = ROOMS) -> Flask:
    """The application over `context`; raises `DeclarationError` when a route is served that nobody declared."""
    app = Application("backend", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    # A path is what it says: no redirect from one spelling to another.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    if context.settings.trusted_proxies:  # or everybody behind the proxy would be counted as one caller
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=context.settings.trusted_proxies)  # type: ignore[method-assign]  # the way that Flask documents
    app.extensions[CONTEXT] = context
    app.extensions[clients.MERCHANTS] = RegisteredMerchants
    app.extensions[signed_calls.EXTENSION] = CityCallers(context)
    app.extensions[visits.HOME_CITIES] = make_home_cities(context)
    app.extensions[limits.EXTENSION] = RateLimiter(context.counters, context.settings.rate_limit)
    figures = app.extensions[metrics.EXTENSION] = Metrics(commit=context.settings.commit)
    app.before_request(requests.begin_request)
    app.before_request(requests.refuse_strange_path)
    app.after_request(signed_calls.sign_unsigned)  # last of all: what is signed changes no more
    app.after_request(figures.count_response)  # Flask runs these from the last to the first
    app.after_request(log_request)
    app.after_request(requests.set_headers)
    api = make_api(app, context.settings.public_url)
    api.register_blueprint(health.blueprint)
    api.register_blueprint(metrics.blueprint)
    for room in rooms:
        api.register_blueprint(room, url_prefix=f"{API_PREFIX}{room.url_prefix or ''}")
    for room in PROTOCOL_ROOMS:
        api.register_blueprint(room, url_prefix=PROTOCOL_PREFIX)
    seal(app)
    return app

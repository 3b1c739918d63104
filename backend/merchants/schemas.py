"""Wire forms of merchants, their contracts, and of who offers what."""

from backend.merchants.contracts import LONGEST_FREE_MINUTES
from backend.merchants.own_view import ContractState
from backend.records.row_forms import OpenText
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.paging import MAX_CURSOR, MAX_LIMIT
from backend.web.paths import CODE_PATTERN
from scenarios.catalogue import BenefitKind

MOST_FEN = 10**11
MOST_CONTRACTS = 10_000
_REGION = r"[0-9]{6}"


class NewMerchantSchema(StrictSchema):
    """A merchant to register; its code is chosen by the steward and never given twice."""

    merchant = OpenText(minimum=2, maximum=40, pattern=CODE_PATTERN, required=True, attribute="code")
    name = OpenText(maximum=100, required=True)
    name_en = OpenText(maximum=100, load_default=None)
    uscc = fields.Text(maximum=18, load_default=None)
    contact = OpenText(maximum=200, required=True)


class FiguresSchema(StrictSchema):
    """What the scenario leaves to the contract; anything else is left out."""

    limit_fen = fields.Whole(minimum=1, maximum=MOST_FEN)
    charged_percent = fields.Whole(minimum=1, maximum=99)
    free_minutes = fields.Whole(minimum=1, maximum=LONGEST_FREE_MINUTES)


class NewContractSchema(StrictSchema):
    """A contract to sign: a scenario, the place (GB/T 2260) where it is offered, and its days; the last is excluded."""

    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    region = fields.Text(minimum=6, maximum=6, pattern=_REGION, required=True)
    starts_on = fields.Day(required=True)
    ends_on = fields.Day(load_default=None)
    figures = fields.Part(FiguresSchema, required=True)


class NewSuspensionSchema(StrictSchema):
    """Why nothing new is to be given; a merchant that is suspended reads it."""

    because = OpenText(maximum=400, required=True)


class SuspensionSchema(StrictSchema):
    """Why and since when nothing new is given, and who decided so."""

    because = fields.Text(maximum=400, required=True)
    suspended_at = fields.Moment(required=True)
    suspended_by = fields.Text(maximum=128, required=True)


class ContractSchema(StrictSchema):
    """A contract as the credit centre has it."""

    contract_id = fields.Identifier(required=True)
    merchant = fields.Text(maximum=40, required=True)
    scenario = fields.Text(maximum=40, required=True)
    region = fields.Text(maximum=6, required=True)
    starts_on = fields.Day(required=True)
    ends_on = fields.Day(required=True, allow_none=True)
    figures = fields.Part(FiguresSchema, required=True)
    signed_at = fields.Moment(required=True)
    signed_by = fields.Text(maximum=128, required=True)
    ended_at = fields.Moment(required=True, allow_none=True)
    ended_by = fields.Text(maximum=128, required=True, allow_none=True)


class MerchantSchema(StrictSchema):
    """A merchant as the credit centre has it, with its contracts, ended ones too."""

    merchant = fields.Text(maximum=40, required=True, attribute="code")
    name = fields.Text(maximum=100, required=True)
    name_en = fields.Text(maximum=100, required=True, allow_none=True)
    uscc = fields.Text(maximum=18, required=True, allow_none=True)
    contact = fields.Text(maximum=200, required=True)
    registered_at = fields.Moment(required=True)
    registered_by = fields.Text(maximum=128, required=True)
    suspension = fields.Part(SuspensionSchema, required=True, allow_none=True)
    contracts = fields.Several(fields.Part(ContractSchema), maximum=MOST_CONTRACTS, required=True)


class MerchantPageSchema(StrictSchema):
    """A page of merchants in order of their codes."""

    items = fields.Several(fields.Part(MerchantSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class TermsSchema(StrictSchema):
    """What a contract is about, in words and figures; `otherwise` is what everybody else is offered."""

    title = fields.Text(maximum=200, required=True)
    kind = fields.Choice(BenefitKind, required=True)
    benefit = fields.Text(maximum=1000, required=True)
    otherwise = fields.Text(maximum=1000, required=True)
    limit_fen = fields.Whole(minimum=1, maximum=MOST_FEN, required=True, allow_none=True)
    charged_percent = fields.Whole(minimum=1, maximum=99, required=True, allow_none=True)
    free_minutes = fields.Whole(minimum=1, maximum=10**6, required=True, allow_none=True)
    reserved_minutes = fields.Whole(minimum=0, maximum=10**6, required=True, allow_none=True)
    lasting_days = fields.Whole(minimum=0, maximum=10**5, required=True, allow_none=True)
    merchant_day = fields.Whole(minimum=0, maximum=10**9, required=True, allow_none=True)


class OwnSuspensionSchema(StrictSchema):
    """Why and since when nothing new is given."""

    because = fields.Text(maximum=400, required=True)
    suspended_at = fields.Moment(required=True)


class OwnContractSchema(StrictSchema):
    """A contract as its merchant sees it; `terms` are null where the catalogue has the scenario no more.

    `scenario_suspension` says why its scenario is suspended, for every merchant; null while it is not.
    """

    contract_id = fields.Identifier(required=True)
    scenario = fields.Text(maximum=40, required=True)
    region = fields.Text(maximum=6, required=True)
    starts_on = fields.Day(required=True)
    ends_on = fields.Day(required=True, allow_none=True)
    ended_at = fields.Moment(required=True, allow_none=True)
    state = fields.Choice(ContractState, required=True)
    scenario_suspension = fields.Part(OwnSuspensionSchema, required=True, allow_none=True)
    terms = fields.Part(TermsSchema, required=True, allow_none=True)


class OwnViewSchema(StrictSchema):
    """A merchant as it sees itself."""

    merchant = fields.Text(maximum=40, required=True)
    name = fields.Text(maximum=100, required=True)
    suspension = fields.Part(OwnSuspensionSchema, required=True, allow_none=True)
    contracts = fields.Several(fields.Part(OwnContractSchema), maximum=MOST_CONTRACTS, required=True)


class OfferingSchema(StrictSchema):
    """A merchant that offers a scenario, and where (GB/T 2260)."""

    merchant = fields.Text(maximum=40, required=True)
    name = fields.Text(maximum=100, required=True)
    region = fields.Text(maximum=6, required=True)


class OfferingPageSchema(StrictSchema):
    """A page of merchants that offer a scenario, in order of their codes."""

    items = fields.Several(fields.Part(OfferingSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)

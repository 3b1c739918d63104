"""Wire forms of proposed records."""

from uuid import UUID

from typing_extensions import override

from backend.fulfilment.deciding import Decision
from backend.fulfilment.documents import MOST_DOCUMENTS, MOST_TOLD
from backend.fulfilment.proposal_states import ReportState, State
from backend.fulfilment.proposal_views import Breach
from backend.records.row_forms import DocumentNumber, OpenText
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.flaws import refuse_value
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, Cursor, PageQuerySchema
from scoring.admission import Confirmation as ConfirmedBy
from scoring.admission import Finality

MAX_FEN = 10**12
LONGEST_TEXT = 500
MOST_ROUNDS = 2 * MOST_DOCUMENTS


class IdCursor(Cursor):
    """A cursor that an earlier page gave; loads the id of the last one shown."""

    @override
    def _deserialize(  # type: ignore[override]  # the wire form is a text, the value an id
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> UUID:
        (text,) = super()._deserialize(value, attr, data, **kwargs)
        try:
            return UUID(text)
        except ValueError:
            raise refuse_value("not_a_cursor") from None


class FulfilmentPageQuerySchema(PageQuerySchema):
    """Which page of proposals or complaints is wanted, newest first; by default also those that have ended."""

    cursor = IdCursor(parts=1, load_default=None)
    only_open = fields.QueryTruth(load_default=False)


class ConfirmationSchema(StrictSchema):
    """The effective document of a court (also one that confirms a mediation) or an arbitral body."""

    confirmed_by = fields.Choice(ConfirmedBy, required=True)
    document_no = DocumentNumber(minimum=2, maximum=100, required=True)
    decided_on = fields.Day(required=True)
    finality = fields.Choice(Finality, required=True)


class NewProposalSchema(StrictSchema):
    """A broken promise as its merchant reports it; `slip_no` is the contract's or loan slip's own number."""

    grant_id = fields.Identifier(required=True)
    kind = fields.Choice(Breach, required=True)
    slip_no = DocumentNumber(minimum=2, maximum=100, required=True)
    statement = fields.Text(maximum=LONGEST_TEXT, load_default=None, allow_none=True)
    confirmation = fields.Part(ConfirmationSchema, load_default=None, allow_none=True)


class OwnWordsSchema(StrictSchema):
    """What somebody has to say, in his own words; it is kept sealed."""

    text = fields.Text(maximum=LONGEST_TEXT, required=True)


class VerdictSchema(StrictSchema):
    """What a steward decides about a proposal, in which case and why; the person reads it.

    To `verify`, he gives the number that he has read off the original document.
    """

    decision = fields.Choice(Decision, required=True)
    original_no = DocumentNumber(minimum=2, maximum=100, load_default=None, allow_none=True)
    case_no = OpenText(maximum=100, required=True)
    reason = OpenText(maximum=400, required=True)


class GroundSchema(StrictSchema):
    """Why the law did not admit it."""

    code = fields.Text(maximum=40, required=True)
    law = fields.Text(maximum=400, required=True)
    detail = fields.Text(maximum=1000, required=True)


class ListedReportSchema(StrictSchema):
    """A report as its merchant lists it, without anybody's own words; of its end he is told no more than the state."""

    proposal_id = fields.Identifier(required=True)
    merchant = fields.Text(maximum=64, required=True)
    merchant_name = fields.Text(maximum=100, required=True)
    grant_id = fields.Identifier(required=True)
    order_no = fields.Text(maximum=100, required=True)
    scenario = fields.Text(maximum=64, required=True)
    kind = fields.Choice(Breach, required=True)
    amount_fen = fields.Whole(minimum=1, maximum=MAX_FEN, required=True)
    broken_on = fields.Day(required=True)
    slip_no = fields.Text(maximum=100, required=True)
    proposed_at = fields.Moment(required=True)
    answer_until = fields.Moment(required=True)
    lapses_at = fields.Moment(required=True)
    state = fields.Choice(ReportState, required=True)
    answered_at = fields.Moment(required=True, allow_none=True)
    objected_at = fields.Moment(required=True, allow_none=True)
    objection_decided_at = fields.Moment(required=True, allow_none=True)
    confirmation = fields.Part(ConfirmationSchema, required=True, allow_none=True)
    ended_at = fields.Moment(required=True, allow_none=True)


class RoundSchema(StrictSchema):
    """What was handed in and said before a further document opened the proposal anew."""

    confirmation = fields.Part(ConfirmationSchema, required=True, allow_none=True)
    answer = fields.Text(maximum=LONGEST_TEXT, required=True, allow_none=True)
    answered_at = fields.Moment(required=True, allow_none=True)
    objection = fields.Text(maximum=LONGEST_TEXT, required=True, allow_none=True)
    objected_at = fields.Moment(required=True, allow_none=True)
    objection_decided_at = fields.Moment(required=True, allow_none=True)
    objection_reason = fields.Text(maximum=400, required=True, allow_none=True)


class ReportedProposalSchema(ListedReportSchema):
    """A report whole, as its merchant reads it."""

    statement = fields.Text(maximum=LONGEST_TEXT, required=True, allow_none=True)
    answer = fields.Text(maximum=LONGEST_TEXT, required=True, allow_none=True)
    objection = fields.Text(maximum=LONGEST_TEXT, required=True, allow_none=True)
    objection_reason = fields.Text(maximum=400, required=True, allow_none=True)
    earlier = fields.Several(fields.Part(RoundSchema), maximum=MOST_ROUNDS, required=True)


class ListedProposalSchema(ListedReportSchema):
    """A proposal without anybody's own words."""

    state = fields.Choice(State, required=True)
    end_code = fields.Text(maximum=40, required=True, allow_none=True)
    ground = fields.Part(GroundSchema, required=True, allow_none=True)


class ProposalSchema(ListedProposalSchema):
    """A proposal whole; counted, it is the record `record_id`."""

    statement = fields.Text(maximum=LONGEST_TEXT, required=True, allow_none=True)
    answer = fields.Text(maximum=LONGEST_TEXT, required=True, allow_none=True)
    objection = fields.Text(maximum=LONGEST_TEXT, required=True, allow_none=True)
    objection_reason = fields.Text(maximum=400, required=True, allow_none=True)
    earlier = fields.Several(fields.Part(RoundSchema), maximum=MOST_ROUNDS, required=True)
    original_seen_at = fields.Moment(required=True, allow_none=True)
    end_reason = fields.Text(maximum=400, required=True, allow_none=True)
    record_id = fields.Identifier(required=True, allow_none=True)


class HeardProposalSchema(ProposalSchema):
    """A proposal for the steward, with other proposals for which the same document was handed in."""

    same_document = fields.Several(fields.Identifier(), maximum=MOST_TOLD, required=True)


class OwnProposalSchema(ProposalSchema):
    """A proposal for the person it is about: in plain words, and what he can do now."""

    notice = fields.Text(maximum=1000, required=True)
    choices = fields.Several(fields.Text(maximum=20), maximum=3, required=True)


class ListedReportPageSchema(StrictSchema):
    """A page of a merchant's own reports, without anybody's own words."""

    items = fields.Several(fields.Part(ListedReportSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class ListedProposalPageSchema(StrictSchema):
    """A page of proposals without anybody's own words."""

    items = fields.Several(fields.Part(ListedProposalSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class OwnProposalPageSchema(StrictSchema):
    """A page of what is proposed about oneself."""

    items = fields.Several(fields.Part(OwnProposalSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)

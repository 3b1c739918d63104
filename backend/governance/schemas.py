"""Wire forms of drafts of rules, their checks, impacts, decisions and shadow runs."""

import unicodedata

from typing_extensions import override

from backend.governance.documents import Kind, list_texts
from backend.governance.identity_guard import find_identity_number
from backend.governance.states import Lack, State
from backend.governance.told_texts import DECISION_LENGTHS, LEAST_URGENCY, URGENCY_LENGTHS, says_something
from backend.records.row_forms import OpenText
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.flaws import refuse_value
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, PageQuerySchema

LONGEST_DOCUMENT = 400_000
LONGEST_FINDING = 2000
MOST_FINDINGS = 200
MOST_EVENTS = 200
MOST_DAYS = 366
DIGEST = r"[0-9a-f]{64}"


class DocumentText(fields.Text):
    """A TOML document as it stands, line by line: line feeds and tabs, and otherwise only what a clean text has.

    Lines that end with CR LF are taken as lines that end with LF, before anything is looked at, kept or digested.
    """

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        if not isinstance(value, str):
            raise refuse_value("not_a_text")
        if len(value) > self.maximum:
            raise refuse_value("too_long", maximum=self.maximum)
        value = value.replace("\r\n", "\n")
        if not value.strip():
            raise refuse_value("too_short", minimum=1)
        if not unicodedata.is_normalized("NFC", value):
            raise refuse_value("not_nfc")
        self._check_lines(value)
        for text in list_texts(value):  # an escape can say what a line does not show
            self._check_lines(text)
        line = find_identity_number(value)
        if line is not None:
            raise refuse_value("line_holds_identity_number", line=line)
        return value

    def _check_lines(self, text: str) -> None:
        for line in text.split("\n"):
            stripped = line.replace("\t", " ").strip(" \u3000")  # paragraphs in Chinese are indented by such blanks
            if stripped:
                fields.check_text(stripped, minimum=1, maximum=self.maximum)


class DocumentsSchema(StrictSchema):
    """The documents of an edition as TOML texts: rulebook, catalogue and cases; or scenarios and cases."""

    rulebook = DocumentText(maximum=LONGEST_DOCUMENT)
    catalogue = DocumentText(maximum=LONGEST_DOCUMENT)
    scenarios = DocumentText(maximum=LONGEST_DOCUMENT)
    cases = DocumentText(maximum=LONGEST_DOCUMENT, required=True)


class ToldText(OpenText):
    """A text that everybody is told: it has letters or digits, `least` of them, and no sign that nobody sees."""

    least = 1

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not says_something(text, least=self.least):
            raise refuse_value("says_nothing")
        return text


class UrgencyText(ToldText):
    """Why people are told late; so much cannot be said in a word."""

    least = LEAST_URGENCY


class ToldSchema(StrictSchema):
    """What everybody is told when a draft is announced: by which paper the city decided it, and what makes it urgent.

    With `urgency`, an edition by which somebody loses may be announced later than the days that the city has chosen.
    """

    decision = ToldText(maximum=DECISION_LENGTHS[1], load_default=None)
    urgency = UrgencyText(minimum=URGENCY_LENGTHS[0], maximum=URGENCY_LENGTHS[1], load_default=None)


class NewRuleDraftSchema(ToldSchema):
    """A draft to be: what it changes in a few words, its documents, and why. Everybody is told title and reason."""

    kind = fields.Choice(Kind, required=True)
    title = ToldText(maximum=100, required=True)
    reason = ToldText(maximum=400, required=True)
    documents = fields.Part(DocumentsSchema, required=True)


class NewRuleRevisionSchema(ToldSchema):
    """Documents to stand in the place of those of a draft whose digest is `after`, and why, for officers alone.

    `decision` and `urgency` stand in the place of the former ones; what is left out is told no more.
    """

    draft_id = fields.Identifier(required=True)
    after = fields.Text(maximum=64, pattern=DIGEST, required=True)
    reason = OpenText(maximum=400, required=True)
    documents = fields.Part(DocumentsSchema, required=True)


class NewRollbackSchema(ToldSchema):
    """The edition that took effect on `restores_on`, announced anew as `version` from `effective_on`, and why.

    Everybody is told title and reason.
    """

    kind = fields.Choice(Kind, required=True)
    restores_on = fields.Day(required=True)
    version = OpenText(maximum=40, pattern=r"[0-9A-Za-z][0-9A-Za-z.-]*", required=True)
    effective_on = fields.Day(required=True)
    title = ToldText(maximum=100, required=True)
    reason = ToldText(maximum=400, required=True)


class DecisionSchema(StrictSchema):
    """A decision about the documents of a digest: those that were read, and no later ones; the reason is kept."""

    digest = fields.Text(maximum=64, pattern=DIGEST, required=True)
    reason = OpenText(maximum=400, required=True)


class RuleReasonSchema(StrictSchema):
    """Why; everybody is told."""

    reason = ToldText(maximum=400, required=True)


class RuleDraftSchema(StrictSchema):
    """A draft as it stands now.

    `lacks` names what an open one needs before a second person may announce it, in the order in which to mend it; how
    long before its day that must be is told with the whole draft.
    `version` and `effective_on` are known once the present documents were read. `impact_asked_at` is set while an
    impact is being made; `impact_fault` says why the last attempt gave none.
    """

    draft_id = fields.Identifier(required=True)
    kind = fields.Choice(Kind, required=True)
    title = fields.Text(maximum=100, required=True)
    state = fields.Choice(State, required=True)
    revision_no = fields.Whole(minimum=1, maximum=10**6, required=True)
    digest = fields.Text(maximum=64, pattern=DIGEST, required=True)
    author = fields.Text(maximum=64, required=True)
    version = fields.Text(maximum=100, required=True, allow_none=True)
    effective_on = fields.Day(required=True, allow_none=True)
    restores_on = fields.Day(required=True, allow_none=True)
    lacks = fields.Several(fields.Choice(Lack), maximum=len(Lack), required=True)
    impact_asked_at = fields.Moment(required=True, allow_none=True)
    impact_fault = fields.Text(maximum=40, required=True, allow_none=True)
    created_at = fields.Moment(required=True)
    edition_id = fields.Identifier(required=True, allow_none=True)
    decided_by = fields.Text(maximum=64, required=True, allow_none=True)
    decided_at = fields.Moment(required=True, allow_none=True)


class RuleDraftPageSchema(StrictSchema):
    """Drafts, the newest first."""

    items = fields.Several(fields.Part(RuleDraftSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class RuleDraftPageQuerySchema(PageQuerySchema):
    """Which drafts to list."""


class RuleCheckSchema(StrictSchema):
    """What the last check found; `is_of_this_draft` is false where the draft was revised since.

    `faults` refuse the documents, `failing` are cases that do not hold, `unexercised` parts that no case touches,
    `gaps` what an indicator may say that no rule counts; `notices` bar no way, and say what should be meant, those that
    the edition has as well whose place this one takes as their number alone. The first 200 of each.
    """

    is_sound = fields.Truth(required=True)
    is_of_this_draft = fields.Truth(required=True)
    cases = fields.Whole(minimum=0, maximum=10**6, required=True)
    faults = fields.Several(fields.Text(maximum=LONGEST_FINDING), maximum=MOST_FINDINGS, required=True)
    failing = fields.Several(fields.Text(maximum=LONGEST_FINDING), maximum=MOST_FINDINGS, required=True)
    unexercised = fields.Several(fields.Text(maximum=LONGEST_FINDING), maximum=MOST_FINDINGS, required=True)
    gaps = fields.Several(fields.Text(maximum=LONGEST_FINDING), maximum=MOST_FINDINGS, required=True)
    notices = fields.Several(fields.Text(maximum=LONGEST_FINDING), maximum=MOST_FINDINGS, required=True)
    checked_by = fields.Text(maximum=64, required=True)
    checked_at = fields.Moment(required=True)


class RuleEventSchema(StrictSchema):
    """What was done about the documents of a digest, by whom and why; nobody acted where the server did it itself."""

    event_no = fields.Whole(minimum=1, maximum=10**6, required=True)
    event = fields.Text(maximum=40, required=True)
    digest = fields.Text(maximum=64, required=True)
    actor = fields.Text(maximum=64, required=True, allow_none=True)
    acting = fields.Text(maximum=64, required=True, allow_none=True)
    reason = fields.Text(maximum=400, required=True, allow_none=True)
    happened_at = fields.Moment(required=True)


class AnnouncementSchema(StrictSchema):
    """What everybody is told when a draft is announced as it is."""

    summary = fields.Text(maximum=100, required=True)
    reason = fields.Text(maximum=400, required=True)
    decision = fields.Text(maximum=DECISION_LENGTHS[1], required=True, allow_none=True)
    urgency = fields.Text(maximum=URGENCY_LENGTHS[1], required=True, allow_none=True)
    restores_on = fields.Day(required=True, allow_none=True)


class NoticePeriodSchema(StrictSchema):
    """Whether somebody loses by a draft, and how many days before its day it must be announced for that.

    `first_on` is the first day that it may be for if it is announced today; `days` is 0 where the deadline is all.
    """

    is_adverse = fields.Truth(required=True)
    days = fields.Whole(minimum=0, maximum=365, required=True)
    first_on = fields.Day(required=True)


class WholeRuleDraftSchema(StrictSchema):
    """A draft with its documents, its last check, and the latest 200 events of its diary.

    `notice_period` is null while the impact of the present documents is not known, and once the draft is decided.
    """

    draft = fields.Part(RuleDraftSchema, required=True)
    announcement = fields.Part(AnnouncementSchema, required=True)
    notice_period = fields.Part(NoticePeriodSchema, required=True, allow_none=True)
    documents = fields.Part(DocumentsSchema, required=True)
    check = fields.Part(RuleCheckSchema, required=True, allow_none=True)
    events = fields.Several(fields.Part(RuleEventSchema), maximum=MOST_EVENTS, required=True)


class ComparisonSchema(StrictSchema):
    """The draft against one edition, by their digests; the report is described in docs/for-operators.md.

    It names what stands beside: of a rulebook `old_benefits` and `new_benefits` are one edition, of scenarios `old` and
    `new`.
    """

    old_digest = fields.Text(maximum=64, required=True, allow_none=True)
    new_digest = fields.Text(maximum=64, required=True, allow_none=True)
    report = fields.JsonObject(maximum=100, required=True)


class RuleImpactSchema(StrictSchema):
    """The impact of a draft, measured by the server: a comparison for today, and one for each announced edition.

    `known_at` is the moment up to which the files of the city know everything; `is_of_this_draft` is false where the
    draft was revised since.
    """

    draft_id = fields.Identifier(required=True)
    digest = fields.Text(maximum=64, pattern=DIGEST, required=True)
    is_of_this_draft = fields.Truth(required=True)
    as_of = fields.Day(required=True)
    known_at = fields.Moment(required=True)
    files_digest = fields.Text(maximum=64, required=True)
    measured_at = fields.Moment(required=True)
    comparisons = fields.Several(fields.Part(ComparisonSchema), maximum=100, required=True)


class ShadowDaySchema(StrictSchema):
    """The figures of a day, with the version that was in force; described in docs/for-operators.md."""

    as_of = fields.Day(required=True)
    beside = fields.Text(maximum=100, required=True, allow_none=True)
    figures = fields.JsonObject(maximum=100, required=True)
    measured_at = fields.Moment(required=True)


class ShadowSchema(StrictSchema):
    """The latest run of a draft beside the rules in force, with its latest 366 days, the earliest first."""

    draft_id = fields.Identifier(required=True)
    run_no = fields.Whole(minimum=1, maximum=10**6, required=True)
    digest = fields.Text(maximum=64, pattern=DIGEST, required=True)
    is_running = fields.Truth(required=True)
    started_by = fields.Text(maximum=64, required=True)
    started_at = fields.Moment(required=True)
    stopped_at = fields.Moment(required=True, allow_none=True)
    days = fields.Several(fields.Part(ShadowDaySchema), maximum=MOST_DAYS, required=True)

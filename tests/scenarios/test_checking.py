"""An edition with a planted fault is refused, and the sentence names the place and what would be right."""

from collections.abc import Callable
from typing import Any

import pytest

from scenarios.catalogue import BenefitKind
from scenarios.city_frame import Listed
from scenarios.misuse import find_list_misuse
from scenarios.scenario_document import build_scenarios, read_scenarios
from scenarios.services import SERVICES, UNCHANGED, Service
from scoring.catalogue import Nature
from scoring.documents import DocumentError
from tests.scenarios.small_offers import OFFERS, TEXT, parse_offers
from tests.scoring.small_city import RULEBOOK

Document = dict[str, Any]
BASIC = [service for service in SERVICES.values() if service.is_basic]


def find_faults(spoil: Callable[[Document], object]) -> tuple[str, ...]:
    document = parse_offers()
    spoil(document)
    with pytest.raises(DocumentError) as caught:
        build_scenarios(document, "spoilt", RULEBOOK)
    return caught.value.faults


def offer(document: Document, code: str) -> Document:
    found: Document = next(each for each in document["scenarios"] if each["code"] == code)
    return found


def change(document: Document, place: str, value: object) -> None:
    """Set what stands at a place such as `scenarios.deposit.benefit.kind`; None takes it away."""
    *path, last = place.split(".")
    table: Any = document
    for key in path:
        table = table[key] if isinstance(table, dict) else next(each for each in table if each["code"] == key)
    if value is None:
        del table[last]
    else:
        table[last] = value


DEPOSIT, PRICE, FIRST, FREE = (f"scenarios.{code}" for code in ("deposit", "price", "first", "free"))


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        # the head, and what all share
        ("catalogue.levels", ["high", "top", "fair", "low"], "are not those of the rulebook; give top, high"),
        ("catalogue.levels", ["top", "top"], "names one twice"),
        ("catalogue.levels", ["top'"], "is not a code; use up to 60 of A to Z"),
        ("catalogue.region", "4101", "'4101' is not a code of GB/T 2260"),
        ("catalogue.city", "elsewhere", "'elsewhere' is not the city of the rulebook given"),
        ("catalogue.figures", "guessed", "'guessed' is not one of published, unpublished"),
        ("catalogue.figures", "published", "no rule of the rulebook has a published figure"),
        ("scale", {"floor": 0}, "scale: stands in the rulebook of smallville"),
        ("scenarios", [], "an edition offers something"),
        ("bounds.open_grants", 0, "0 is not from 1 to 20"),
        ("bounds.overdue_grants", 4, "4 is not from 1 to the open grants, 3"),
        ("bounds.held_fen", 0, "0 holds nothing"),
        # lists
        ("lists.volunteers.indicators", [], "lists[volunteers].indicators: is empty"),
        ("lists.volunteers.indicators", ["GOSSIP"], "GOSSIP is not an indicator of persons"),
        ("lists.volunteers.indicators", ["HOURS", "DEFAULTER"], "mixes good and bad records"),
        ("lists.volunteers.indicators", ["REGISTRATION"], "is neutral, an attribute of the person"),
        ("lists.defaulters.indicators", ["FINE"], "a bad record that the score has priced already"),
        ("lists.defaulters.code", "volunteers", "volunteers stands twice"),
        # what a scenario must say
        (f"{DEPOSIT}.basis", None, "scenarios[deposit].basis: is missing"),
        (f"{DEPOSIT}.basis", "有关规定", "names no law or document"),
        (f"{DEPOSIT}.owner", "", "scenarios[deposit].owner: is empty"),
        (f"{DEPOSIT}.otherwise", None, "scenarios[deposit].otherwise.zh: is missing"),
        (f"{DEPOSIT}.source", None, "scenarios[deposit].source: is missing"),
        (f"{DEPOSIT}.source", "published", "claims limit_fen as published, and this city published no figures"),
        (f"{DEPOSIT}.note", "", "scenarios[deposit].note: is empty"),
        (f"{DEPOSIT}.service", "temple", "'temple' is not one of emergency_care"),
        (f"{DEPOSIT}.is_basic", False, "is decided by the service, not by a document"),
        (f"{DEPOSIT}.code", "price", "price stands twice"),
        (f"{DEPOSIT}.code", "Deposit!", "is not a code; use up to 40 small letters"),
        (f"{DEPOSIT}.title.zh", "优惠price", "is the title of 2"),
        (f"{DEPOSIT}.title.zh", "长" * 301, "is longer than 300 characters"),
        (f"{DEPOSIT}.ends_on", OFFERS.effective_on, "it would never be open in this edition"),
        (f"{DEPOSIT}.excludes", ["nothing"], "scenarios[deposit].excludes: nothing is no scenario of this document"),
        # conditions
        (f"{DEPOSIT}.condition.hukou", "410100", "is an attribute of a person and no conduct"),
        (f"{DEPOSIT}.condition.occupation", "teacher", "nothing may depend on it"),
        (f"{DEPOSIT}.condition.level", "great", "'great' is not a level above the lowest; there are top, high, fair"),
        (f"{DEPOSIT}.condition.level", "low", "'low' is not a level above the lowest"),
        (f"{DEPOSIT}.condition.level", None, "depends on no level, points or list"),
        (f"{DEPOSIT}.condition.least_points", 130, "names level and least_points"),
        (f"{FREE}.condition.least_points", 0, "0 takes everybody in; the scale begins at 0"),
        (f"{FREE}.condition.least_points", 201, "201 is beyond the scale, which ends at 200"),
        (f"{FREE}.condition.regions", ["419999x"], "is not a code (GB/T 2260) of a place within 410100"),
        (f"{FREE}.condition.regions", ["110105"], "'110105' is not a code (GB/T 2260) of a place within 410100"),
        (f"{FREE}.condition.regions", ["410105", "410105"], "names one twice"),
        (f"{PRICE}.condition.on_any_of", ["friends"], "'friends' is not one of lists volunteers, defaulters"),
        (f"{PRICE}.condition.on_any_of", ["defaulters"], "is a list of adverse records; favourable are needed"),
        (f"{PRICE}.condition.on_none_of", ["volunteers"], "is a list of favourable records; adverse are needed"),
        (f"{PRICE}.condition.on_none_of", ["volunteers"], "volunteers is wanted and excluded at once"),
        (f"{FIRST}.condition.least_age", 17, "17 is not from 18 to 120"),
        (f"{FIRST}.condition.greatest_age", 59, "59 lies below least_age 60"),
        # benefits
        (f"{DEPOSIT}.benefit.kind", "gift", "'gift' is not one of deposit_waiver"),
        (f"{DEPOSIT}.benefit.limit_fen", None, "limit_fen: is missing; a deposit_waiver is bounded"),
        (f"{DEPOSIT}.benefit.limit_fen", 50_001, "50001 is not from 1 to what one person may have held, 50000"),
        (f"{DEPOSIT}.benefit.figure_by_contract", True, "goes with no figure here"),
        (f"{DEPOSIT}.benefit.charged_percent", 80, "charged_percent: is no figure of a deposit_waiver"),
        (f"{DEPOSIT}.benefit.lasting_days", None, "0 is not from 1 to 1830; what is held ends"),
        (f"{DEPOSIT}.benefit.overdue_days", 29, "overdue_days: 29 is not from 30 to 366; nobody is barred for ever"),
        (f"{DEPOSIT}.benefit.overdue_days", 367, "overdue_days: 367 is not from 30 to 366"),
        (f"{PRICE}.benefit.overdue_days", 60, "overdue_days: a discount is never overdue"),
        (f"{DEPOSIT}.benefit.reserved_minutes", 0, "0 is not from 1 to 1440"),
        (f"{PRICE}.benefit.lasting_days", 3, "a discount is enjoyed at once"),
        (f"{PRICE}.benefit.charged_percent", None, "charged_percent: is missing"),
        (f"{PRICE}.benefit.charged_percent", 100, "100 is not from 1 to 99"),
        (f"{PRICE}.benefit.charged_percent", 0, "0 is not from 1 to 99"),
        (f"{FREE}.benefit.free_minutes", 0, "0 is no time"),
        (f"{FIRST}.benefit.figure_by_contract", True, "goes with no figure here, and with kinds that have one"),
        # quotas
        (f"{DEPOSIT}.quotas.citizen_day", 0, "0 lets nobody through"),
        (f"{DEPOSIT}.quotas.citizen_day", 10, "citizen_day: 10 can never be reached; citizen_total ends it at 9"),
        (f"{DEPOSIT}.quotas.citizen_dya", 1, "is not a key of this table"),
        # the score rewards and never punishes
        (f"{DEPOSIT}.otherwise.zh", "加收押金。", "speaks of 加收; the score rewards and never punishes"),
        (f"{DEPOSIT}.benefit.description.zh", "本市户籍优惠。", "speaks of 户籍, an attribute of a person"),
    ],
)
def test_a_planted_fault_is_refused(place: str, value: object, words: str) -> None:
    faults = find_faults(lambda document: change(document, place, value))
    assert [fault for fault in faults if words in fault], faults


def serve(document: Document, service: Service, kind: BenefitKind) -> None:
    """Make the scenarios those of one service, with one kind of benefit and the words for a basic one."""
    scenario = offer(document, "first")
    scenario["service"] = service.code
    scenario["otherwise"] = dict(zip(("zh", "en"), UNCHANGED, strict=True))
    figure = {"charged_percent": 50} if kind is BenefitKind.DISCOUNT else {}
    if kind in {BenefitKind.DEPOSIT_WAIVER, BenefitKind.CREDIT_LINE}:
        figure = {"limit_fen": 1, "lasting_days": 1}
    scenario["benefit"] = {"kind": kind.value, "description": {"zh": "优惠。", "en": "A benefit."}, **figure}


@pytest.mark.parametrize("service", BASIC, ids=lambda service: service.code)
def test_a_basic_public_service_never_depends_on_the_score(service: Service) -> None:
    """In an untouchable one nothing passes; in another only what leaves everybody's access as it is."""
    for kind in BenefitKind:
        document = parse_offers()
        serve(document, service, kind)
        if kind in service.kinds:
            assert build_scenarios(document, "eased", RULEBOOK).scenarios["first"].is_basic
            continue
        with pytest.raises(DocumentError) as caught:
            build_scenarios(document, "barred", RULEBOOK)
        assert len(caught.value.faults) == 1
        assert service.name in caught.value.faults[0]
    assert BenefitKind.FREE_USE not in service.kinds
    assert BenefitKind.REFERRAL not in service.kinds


def test_the_core_calls_basic_what_no_document_may_rename() -> None:
    for service in BASIC:
        for word in service.words:
            faults = find_faults(lambda doc, word=word: change(doc, f"{FIRST}.title.zh", f"{word}优惠"))  # type: ignore[misc]
            assert any(f"speaks of {word}" in fault and service.code in fault for fault in faults), word


def test_a_basic_service_says_that_the_others_get_it_as_before() -> None:
    def forget(document: Document) -> None:
        serve(document, SERVICES["medical_care"], BenefitKind.PRIORITY)
        offer(document, "first")["otherwise"]["zh"] = "排队。"

    (fault,) = find_faults(forget)
    assert "does not say that everybody else gets the service as before" in fault


def test_an_untouchable_service_hides_behind_no_other_basic_one() -> None:
    def hide(document: Document) -> None:
        serve(document, SERVICES["medical_care"], BenefitKind.PRIORITY)
        offer(document, "first")["benefit"]["description"]["zh"] = "急诊优先缴费。"

    (fault,) = find_faults(hide)
    assert "speaks of 急诊, which belongs to 急救和急诊 (emergency_care)" in fault


def test_who_left_a_list_or_paid_a_fine_is_on_no_list_that_excludes() -> None:
    listed = Listed("失信被执行人", Nature.ADVERSE, "list", suspends=True)
    assert not list(find_list_misuse(listed))
    for other in (listed._replace(suspends=False), listed._replace(rule_class="penalty")):
        (fault,) = find_list_misuse(other)
        assert "is a bad record that the score has priced already" in fault


def test_the_order_of_treatment_is_decided_by_need() -> None:
    def jump(document: Document) -> None:
        serve(document, SERVICES["medical_care"], BenefitKind.PRIORITY)
        offer(document, "first")["title"]["zh"] = "优先手术"

    (fault,) = find_faults(jump)
    assert "gives 优先手术, and need alone decides that" in fault


def test_a_one_sided_exclusion_holds_on_both_sides() -> None:
    assert OFFERS.scenarios["deposit"].excludes == {"line"}
    assert OFFERS.scenarios["line"].excludes == {"deposit"}


def test_all_faults_come_at_once_and_the_digest_changes_with_any_figure() -> None:
    def spoil(document: Document) -> None:
        change(document, f"{DEPOSIT}.basis", None)
        change(document, f"{FIRST}.condition.hukou", "x")
        change(document, "bounds.held_fen", "much")

    assert len(find_faults(spoil)) == 3
    edited = read_scenarios(TEXT.replace("limit_fen = 10_000", "limit_fen = 10_001"), "edited", RULEBOOK)
    assert edited.digest != OFFERS.digest


def test_a_city_without_a_rulebook_brings_its_own_frame() -> None:
    document = parse_offers()
    document["scale"] = {"floor": 0, "ceiling": 150}
    document["indicators"] = [
        {"code": "HOURS", "name": "志愿", "nature": "favourable", "class": "volunteering"},
        {"code": "DEFAULTER", "name": "失信", "nature": "adverse", "class": "list"},
    ]
    assert build_scenarios(document, "free", None).scenarios.keys() == OFFERS.scenarios.keys()
    document["scale"]["ceiling"] = 139
    document["indicators"][0] |= {"class": "petition"}
    document["indicators"].append(document["indicators"][1] | {"class": "rumour"})
    document["indicators"].append(document["indicators"][1] | {"code": "x'"})
    with pytest.raises(DocumentError) as caught:
        build_scenarios(document, "spoilt", None)
    assert any("DEFAULTER stands twice" in fault for fault in caught.value.faults)
    assert any('"x\'" is not a code' in fault for fault in caught.value.faults)
    del document["indicators"][3]
    del document["indicators"][1]
    with pytest.raises(DocumentError) as caught:
        build_scenarios(document, "spoilt", None)
    for words in ("140 is beyond the scale", "may not be used: 信访", "'rumour' is not one of registration"):
        assert any(words in fault for fault in caught.value.faults), words

"""The catalogue: which kinds of record may be collected at all.

An indicator carries the ten columns that Art. 11 of the Henan social credit regulation demands: code, name, format,
providers, subjects, nature, sharing, coverage, update cycle and items.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from scoring.records import Value

PERMITTED_CLASSES = (
    "registration",
    "licence",
    "penalty",
    "traffic",
    "enforcement",
    "inspection",
    "levy",
    "arrears",
    "award",
    "commendation",
    "public_welfare",
    "volunteering",
    "conviction",
    "judgment",
    "contract",
    "finance",
    "list",
    "family_duty",
    "integrity",
    "other_by_law",
)

# What may never be counted, with the ground that a refusal names. The grounds are national: they bind in every city.
FORBIDDEN_CLASSES: Mapping[str, str] = {
    "petition": "信访是公民的法定权利，不是失信行为（国办发〔2020〕49号：认定失信须以具有法律效力的文书为依据）",
    "speech": "言论、转发不反映履行义务的状态，未有生效文书不得记入（国办发〔2020〕49号）",
    "religion": (
        "宗教信仰属于敏感个人信息，且不反映履行义务的状态，不得记入"
        "（《个人信息保护法》第六条、第二十八条；国办发〔2020〕49号）"
    ),
    "birth_policy": "生育情况不在公共信用信息目录内（国办发〔2020〕49号）",
    "refuse_sorting": "未经依法处罚的垃圾分类行为不得记入（国办发〔2020〕49号）",
    "party_discipline": "党务、党纪事项不属于公共信用信息（国办发〔2020〕49号）",
    "work_discipline": "单位内部的岗位管理、考核与奖惩不属于公共信用信息（国办发〔2020〕49号）",
    "investment_promotion": "招商引资与履行义务无关，不在目录内（国办发〔2020〕49号）",
    "personal_profile": (
        "个人身份、职务、学历、婚姻、户籍、收入等不是履行义务的行为（《个人信息保护法》第六条：限于实现目的的最小范围）"
    ),
    "job_change": "更换工作是劳动者的权利，不在目录内（国办发〔2020〕49号）",
    "village_rule": "村规民约、居民公约不是具有法律效力的文书，其加分减分均不记入（国办发〔2020〕49号）",
    "association_event": "社团评比、文体活动不属于公共信用信息（国办发〔2020〕49号）",
}

# Items that no row may carry, whatever the indicator (Henan regulation Art. 45 and 46), in words of their names.
SENSITIVE_TERMS = (
    *("religion", "religious", "gene", "genetic", "dna", "finger_print", "biometric"),
    *("blood_type", "blood_group", "disease", "illness", "diagnosis", "hiv"),
    *("medical_history", "medical_record", "health_status", "health_condition"),
    *("income", "salary", "wage", "deposit_balance", "bank_deposit", "saving_account", "saving_balance"),
    *("securities_holding", "stock_holding", "commercial_insurance", "insurance_policy"),
    *("real_estate_holding", "property_value", "house_value", "tax_amount", "tax_paid"),
)
# What a label of a choice may not speak of either, and what only the name or title of an item may not.
SENSITIVE_LABEL_WORDS = ("宗教", "信仰", "基因", "指纹", "血型", "疾病", "病史", "病历", "诊断")
SENSITIVE_TITLE_WORDS = (
    *SENSITIVE_LABEL_WORDS,
    *("收入", "工资", "薪酬", "存款", "有价证券", "股票", "商业保险", "房产价值", "房产状况", "纳税数额", "纳税额"),
)
# Words that turn a title about wages into one about what somebody owes.
OWED_WORDS = ("拖欠", "欠薪")
# What the name of an indicator may not speak of, whatever class it claims.
FORBIDDEN_NAME_WORDS = ("信访", "上访", "宗教", "计划生育", "党费", "言论")

FILTERS = (
    "outside_catalogue",
    "simple_procedure",
    "minor_remedied",
    "not_final",
    "unconfirmed_arrears",
    "sensitive_item",
    "expired",
    "no_document",
)
PENALTY_CLASSES = frozenset({"penalty", "traffic", "licence", "enforcement", "inspection", "levy"})
# Classes behind whose adverse records stands a decision or judgment that can be attacked for a time.
DECIDED_CLASSES = PENALTY_CLASSES | {"conviction", "judgment", "integrity", "family_duty", "other_by_law"}


_CAMEL_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[\u4e00-\u9fff])")
_SEPARATORS = re.compile(r"[\s\-_.·]+")


class Nature(StrEnum):
    """Whether a record speaks for the subject, against it, or neither."""

    FAVOURABLE = "favourable"
    ADVERSE = "adverse"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One information item of an indicator. `choices` maps codes to Chinese labels; bounds are inclusive."""

    name: str
    title: str
    type: str
    unit: str
    required: bool
    choices: Mapping[str, str]
    at_least: int | None
    at_most: int | None

    def find_fault(self, value: object) -> str | None:
        """Say what is wrong with a value for this item and what would be right; None when it is good."""
        match self.type:
            case "choice":
                if not isinstance(value, str) or value not in self.choices:
                    return f"{self.name}: {value!r} is not one of {', '.join(self.choices)}"
            case "flag":
                if not isinstance(value, bool):
                    return f"{self.name}: {value!r} is not true or false"
            case _:
                return self._find_integer_fault(value)
        return None

    def _find_integer_fault(self, value: object) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return f"{self.name}: {value!r} is not a whole number ({self.unit or 'count'})"
        if self.at_least is not None and value < self.at_least:
            return f"{self.name}: {value} is below {self.at_least}"
        if self.at_most is not None and value > self.at_most:
            return f"{self.name}: {value} is above {self.at_most}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """In how many working days something is due, and by which law; the day from which they run does not count."""

    working_days: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The person whom a record of an organisation reaches, under which indicator, and by which law.

    `when` is the flag item by which the row says that its document names this person as responsible; not true, the
    record does not reach him.
    """

    indicator: str
    who: str
    when: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A kind of record that may be collected, in the ten columns of Art. 11, with its class and legal basis.

    `due` says by when a decision must have been handed in, from the day on which it was made; None where no law does.
    `reaches` says whom a record of an organisation reaches.
    """

    code: str
    name: str
    name_en: str
    format: str
    providers: tuple[str, ...]
    subjects: tuple[str, ...]
    nature: Nature
    sharing: str
    coverage: str
    update_cycle: str
    items: Mapping[str, Item]
    rule_class: str
    basis: str
    continuing: bool
    due: Deadline | None = None
    reaches: Reach | None = None

    def find_field_faults(self, fields: Mapping[str, Value]) -> tuple[str, ...]:
        """Say what is wrong with the items of a row: unknown, missing and ill-valued ones; empty when all are good."""
        unknown = [
            f"{name}: is not an item of {self.code}; its items are {', '.join(self.items) or 'none'}"
            for name in fields
            if name not in self.items
        ]
        missing = [
            f"{item.name}: is missing ({item.title})"
            for item in self.items.values()
            if item.required and item.name not in fields
        ]
        wrong = [
            fault
            for name, value in fields.items()
            if name in self.items and (fault := self.items[name].find_fault(value))
        ]
        return tuple(unknown + missing + wrong)

    def find_end_faults(self, occurred_on: date, ended_on: date | None) -> tuple[str, ...]:
        """Say what is wrong with the end of an act: none may be given, or it lies before the beginning."""
        if ended_on is None:
            return ()
        if not self.continuing:
            return (f"ended_on: {self.code} is not a continuing act; leave it out",)
        return (f"ended_on: {ended_on} lies before {occurred_on}",) if ended_on < occurred_on else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A body that hands records in. `own` is the credit centre itself: no machine hands in for it."""

    code: str
    name: str
    name_en: str
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The dated list of indicators. `laws` says which admission filters bind in this city, and on what ground.

    `check_due` says by when the platform must have checked what it received, from the day of the receipt.
    """

    city: str
    version: str
    effective_on: date
    title: str
    title_en: str
    basis: str
    note: str
    laws: Mapping[str, str]
    adverse_kept_months: int
    departments: Mapping[str, Department]
    indicators: Mapping[str, Indicator]
    check_due: Deadline | None = None

    @property
    def senders(self) -> Mapping[str, Department]:
        """The departments that hand in for themselves, by machines of their own."""
        return {code: department for code, department in self.departments.items() if not department.own}


@lru_cache(2048)
def is_sensitive(name: str) -> bool:
    """Tell whether an item's name or title stands for something that may not be collected (Henan Art. 45, 46).

    Spelling does not matter: case, camelCase, hyphens, blanks, full-width letters and plurals are folded first.
    """
    spelt = _CAMEL_HUMP.sub("_", unicodedata.normalize("NFKC", name)).casefold()
    words = [_singular(word) for word in _SEPARATORS.split(spelt) if word]
    joined = "".join(words)
    if any(word in joined for word in SENSITIVE_TITLE_WORDS) and not any(word in joined for word in OWED_WORDS):
        return True
    if "arrear" in words:  # wages owed are a breach by whoever owes them, not somebody's income
        return False
    runs = {"".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)}
    return any(term.replace("_", "") in runs for term in SENSITIVE_TERMS)


def _singular(word: str) -> str:
    """Fold an English plural roughly: what is compared is folded alike."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if word.endswith("ses"):
        return f"{word[:-2]}is" if word.startswith("diagno") else word[:-1]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "is", "us")) else word


def is_sensitive_label(label: str) -> bool:
    """Tell whether a label of a choice speaks of faith, genes, blood or illness."""
    folded = _SEPARATORS.sub("", unicodedata.normalize("NFKC", label))
    return any(word in folded for word in SENSITIVE_LABEL_WORDS)


def find_forbidden(rule_class: str) -> str | None:
    """Give the ground on which a class of records may not be counted, None when it may."""
    return FORBIDDEN_CLASSES.get(rule_class)

"""Calls to paste into bash, with tokens that work."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources.abc import Traversable

from backend.demo.benefit_calls import write_benefit_calls
from backend.demo.operator_calls import write_operator_calls
from backend.demo.people import Person
from backend.demo.workplace import Workplace
from scoring.catalogue import PENALTY_CLASSES, Catalogue, Indicator, Nature
from scoring.records import Value
from scoring.rulebook import Rulebook

OPENING, CLOSING = "# ---- paste into bash ----", "# ---- end ----"
CLERK = "clerk-7"
HAPPENED_DAYS_AGO = 60
_JSON = "-H 'Content-Type: application/json'"
_READ = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"{member}\"])'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Who calls: a persona by its key, a department about a person, an operator, a merchant; with their tokens.

    A city without scenarios has no merchant.
    """

    persona: str
    department_token: str
    operator_token: str
    merchant_token: str | None
    reported: Person


def find_reported_indicator(catalogue: Catalogue) -> Indicator:
    """Find a penalty about persons: lawful or not by its procedure alone, it shows both kinds of receipt."""
    return next(
        indicator
        for indicator in catalogue.indicators.values()
        if indicator.nature is Nature.ADVERSE
        and indicator.rule_class in PENALTY_CLASSES
        and "natural_person" in indicator.subjects
        and not indicator.continuing
    )


def write_calls(place: Workplace, callers: Callers, rulebook: Rulebook, *, shipped: Traversable, day: date) -> str:
    """Write the calls of a citizen, a merchant, a department and an operator as one script for bash.

    `shipped` is the folder that `rulebook` stands in.
    """
    sections = [
        *_write_setting(place, callers),
        *_write_sign_in(callers),
        *_write_reads(),
        *_write_what_if(rulebook, day),
        *(write_benefit_calls(callers.merchant_token) if callers.merchant_token else ()),
        *_write_looks(),
        *_write_mini_program(callers),
        *_write_batch(callers, rulebook.catalogue, day),
        *_write_file(callers, rulebook.catalogue, day),
        *_write_metrics(),
        *write_operator_calls(place, rulebook, shipped, day=day),
    ]
    return "\n".join([OPENING, *sections, CLOSING])


def _write_setting(place: Workplace, callers: Callers) -> Iterator[str]:
    yield f"SERVICE={place.service_url}; PROVIDER={place.provider_url}"
    yield f"DEPARTMENT={callers.department_token}"
    yield f"OPERATOR={callers.operator_token}"
    yield "show() { python3 -m json.tool --no-ensure-ascii; }"
    yield (
        'get() { curl -sS --fail-with-body "$SERVICE$1" -H "Authorization: Bearer $TOKEN"'
        " -H 'Accept-Language: zh-CN' | show; }"
    )


def _write_sign_in(callers: Callers) -> Iterator[str]:
    persona = json.dumps({"persona": callers.persona})
    yield "# 演示人物；换一个 persona 就换一个人登录"
    yield 'curl -sS --fail-with-body "$PROVIDER/personas" | show'
    yield f"TICKET=$(curl -sS --fail-with-body \"$PROVIDER/tickets\" -d '{persona}' | {_READ.format(member='ticket')})"
    yield (
        f'TOKEN=$(curl -sS --fail-with-body "$SERVICE/v1/sign-in" {_JSON} -d "{{\\"ticket\\": \\"$TICKET\\"}}"'
        f" | {_READ.format(member='access_token')})"
    )


def _write_mini_program(callers: Callers) -> Iterator[str]:
    post = 'curl -sS --fail-with-body "$'
    who = f'\\"name\\": \\"{callers.reported.name}\\", \\"id_number\\": \\"{callers.reported.id_number}\\"'
    persona = json.dumps({"persona": callers.persona})
    yield "# 小程序登录：登录码只认账号；首次须核验姓名和证件号码，然后绑定"
    yield f"CODE=$({post}PROVIDER/mini-program-codes\" -d '{persona}' | {_READ.format(member='code')})"
    yield (
        f'LINK=$({post}SERVICE/v1/sign-in/mini-program" {_JSON} -d "{{\\"code\\": \\"$CODE\\"}}"'
        f" | {_READ.format(member='link_token')})"
    )
    yield (
        f'{post}SERVICE/v1/sign-in/mini-program/links" {_JSON}'
        f' -d "{{\\"link_token\\": \\"$LINK\\", {who}, \\"device\\": \\"小程序\\"}}" | show'
    )
    yield "# 我在哪里登录过"
    yield "get /v1/sessions"


def _write_reads() -> Iterator[str]:
    for title, path in (
        ("我的账户", "/v1/account"),
        ("我的信用分", "/v1/score"),
        ("积分明细：逐条相加等于总分", "/v1/score/statement"),
        ("积分历史", "/v1/score/history"),
        ("积分预测：不再有新记录时", "/v1/score/forecast"),
        ("如何到达下一等级", "/v1/score/route"),
    ):
        yield f"# {title}"
        yield f"get {path}"


def _write_looks() -> Iterator[str]:
    yield "# 谁查询过我，答复了什么"
    yield "get /v1/access-entries"


def _write_what_if(rulebook: Rulebook, day: date) -> Iterator[str]:
    rule, action = next((rule, rule.action) for rule in rulebook.rules if rule.action is not None)
    indicator = rulebook.catalogue.indicators[rule.indicator]
    items = {**_least_items(indicator), **action.fields}
    supposed = {"indicator": indicator.code, "occurred_on": str(day), "items": items}
    yield f"# 假如我{action.name}：{indicator.name}"
    yield (
        f'curl -sS --fail-with-body "$SERVICE/v1/score/what-if" -H "Authorization: Bearer $TOKEN" {_JSON}'
        f" -H 'Accept-Language: zh-CN' -d '{json.dumps({'add': [supposed]}, ensure_ascii=False)}' | show"
    )


def _write_batch(callers: Callers, catalogue: Catalogue, day: date) -> Iterator[str]:
    indicator = find_reported_indicator(catalogue)
    row = {
        "id_number": callers.reported.id_number,
        "name": callers.reported.name,
        "indicator": indicator.code,
        "occurred_on": str(day - timedelta(days=HAPPENED_DAYS_AGO)),
        "items": _least_items(indicator),
    }
    legal = {"document_no": "演示罚决字〔2026〕第1号", "procedure": "ordinary", "finality": "no_appeal_in_time"}
    unlawful = {**legal, "procedure": "simple"} if "simple_procedure" in catalogue.laws else {}
    batch = {
        "batch_no": "$KEY",
        "rows": [
            {"source_key": "$KEY-1", **row, "legal": legal},
            {"source_key": "$KEY-2", **row, "legal": unlawful},
        ],
    }
    yield f"# 部门报送两行“{indicator.name}”：一行接收，一行依法不接收；回执说明理由"
    yield "KEY=$(python3 -c 'import uuid; print(uuid.uuid4())')"
    yield (
        f'curl -sS --fail-with-body "$SERVICE/v1/batches" -H "Authorization: Bearer $DEPARTMENT" {_JSON}'
        f" -H 'Acting-Clerk: {CLERK}' -H 'Accept-Language: zh-CN'"
        ' -H "Idempotency-Key: $KEY" --data-binary @- <<END | show'
    )
    yield json.dumps(batch, ensure_ascii=False, indent=1)
    yield "END"


def _write_file(callers: Callers, catalogue: Catalogue, day: date) -> Iterator[str]:
    indicator = find_reported_indicator(catalogue)
    items = _least_items(indicator)
    titles = ["source_key", "id_number", "name", "indicator", "occurred_on", *(f"items.{name}" for name in items)]
    titles += ["legal.document_no", "legal.procedure", "legal.finality"]
    row = [
        callers.reported.id_number,
        callers.reported.name,
        indicator.code,
        f"{day - timedelta(days=40):%Y年%-m月%-d日}",
    ]
    row += [str(value) for value in items.values()]
    reads = '-H "Authorization: Bearer $DEPARTMENT"' + f" -H 'Acting-Clerk: {CLERK}' -H 'Accept-Language: zh-CN'"
    yield "# 部门报送文件：文件由后台读取，回执是同样的文件，每行旁边注明结果和理由"
    yield "KEY=$(python3 -c 'import uuid; print(uuid.uuid4())')"
    yield (
        f"FILE=$(curl -sS --fail-with-body \"$SERVICE/v1/files?file_no=$KEY\" {reads} -H 'Content-Type: text/csv'"
        f' -H "Idempotency-Key: $KEY" --data-binary @- <<END | {_READ.format(member="file_id")}'
    )
    yield ",".join(titles)
    yield ",".join(["$KEY-1", *row, "演示罚决字〔2026〕第2号", "ordinary", "upheld"])
    yield ",".join(["$KEY-2", *row, "演示罚决字〔2026〕第3号", "ordinary", "not_final"])
    yield "END"
    yield ")"
    yield f'file() {{ curl -sS --fail-with-body "$SERVICE/v1/files/$FILE${{1:-}}" {reads}; }}'
    yield 'until file | grep \'"ended_at":"\' > /dev/null; do sleep 0.2; done; file | show'
    yield "file /receipt"


def _write_metrics() -> Iterator[str]:
    yield "# 平台运行指标（运维）"
    yield (
        'curl -sS --fail-with-body "$SERVICE/metrics" -H "Authorization: Bearer $OPERATOR"'
        " | grep -E '^shangding_(build_info|.*_count)'"
    )


def _least_items(indicator: Indicator) -> dict[str, Value]:
    """Give an indicator's items with the first choice or the least value of each."""
    found: dict[str, Value] = {}
    for item in indicator.items.values():
        if item.type == "choice":
            found[item.name] = next(iter(item.choices))
        else:
            found[item.name] = False if item.type == "flag" else max(1, item.at_least or 0)
    return found

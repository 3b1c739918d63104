"""A visit in both directions: what leaves, what the other city gives, and what the person sees of it at home."""

import re
from collections.abc import Mapping
from typing import Any

from backend.demo.cities_calls import Answered
from backend.demo.cities_cast import (
    EXCELLENT,
    GOOD,
    HANGZHOU,
    LISTED,
    LOW,
    NANJING,
    SHOPS,
    SUPPLIED,
    UNKNOWN,
    UNLISTED,
    ZHENGZHOU,
)
from backend.demo.cities_stage import Stage
from backend.demo.cities_wording import ANSWERS, STATES, write_entitlements, write_level, write_moment

CLINIC = "medical_credit"
BICYCLE, UMBRELLA, LIBRARY = "bike_hire", "shared_items", "library_card"
_OWN = re.compile(r'"(verification_id|order_no|asked_at|answered_at)":"[^"]*"')


def consent(stage: Stage, home: str, persona: str, host: str, scope: str) -> dict[str, Any]:
    """Let a person consent at home that a city is told something; gives the consent."""
    purpose = "benefit" if scope == "entitlement" else "own_view"
    door = stage.doors[home]
    body = {"city": host, "purpose": purpose, "scope": scope, "scenario": None, "expires_at": None}
    answered = door.ask("POST", "/v1/exchange/consents", token=door.sign_in(persona), body=body)
    given: dict[str, Any] = stage.expect(answered, "the consent").value
    return given


def preview(stage: Stage, persona: str) -> dict[str, Any]:
    """Let a citizen of Zhengzhou see at home what Hangzhou would be told for a benefit, and why it is nothing."""
    door, query = stage.doors[ZHENGZHOU], f"city={HANGZHOU}&scope=entitlement&purpose=benefit"
    answered = door.ask("GET", f"/v1/exchange/preview?{query}", token=door.sign_in(persona))
    shown: dict[str, Any] = stage.expect(answered, "the preview").value
    return shown


def visit(stage: Stage, persona: str, home: str, host: str, scope: str) -> dict[str, Any]:
    """Let a visitor who is signed in at the host have the home city asked; gives what stands."""
    door = stage.doors[host]
    body = {"home_city": home, "scope": scope}
    answered = door.ask("POST", "/v1/visits", token=door.sign_in(persona), body=body)
    found: dict[str, Any] = stage.expect(answered, "the visit").value
    return found


def show_verification(stage: Stage, answered: Answered) -> Mapping[str, Any]:
    """Print what a merchant was answered."""
    found: Mapping[str, Any] = stage.expect(answered, "the verification").value
    benefit, reason = found["benefit"], found["reason"]
    told = benefit["text"] if benefit else f"{reason['text']}一般服务：{found['otherwise']}"
    stage.show(f"商户得到（{answered.took_s:.2f}秒）", f"{ANSWERS[found['answer']]}，{told}")
    return found


def end_grant(stage: Stage, host: str, grant_id: str, how: str) -> None:
    """Let the merchant take a grant into use and end it, or cancel it."""
    door = stage.doors[host]
    steps: tuple[tuple[str, object], ...] = (("cancel", {}),)
    if how == "complete":
        steps = (("start", {}), ("complete", {"final_fen": 0}))
    for step, body in steps:
        answered = door.ask("POST", f"/v1/grants/{grant_id}/{step}", token=door.merchant_token, body=body)
        stage.expect(answered, f"the {step} of a grant")


def go_out(stage: Stage) -> None:
    """A: a citizen of Zhengzhou gets something in Hangzhou by the number on his id, and sees all of it at home."""
    home, host = stage.doors[ZHENGZHOU], stage.doors[HANGZHOU]
    token = home.sign_in(EXCELLENT)
    content = write_entitlements(stage, ZHENGZHOU, EXCELLENT, HANGZHOU, preview(stage, EXCELLENT)["content"])
    stage.show("陆远在郑州预览，将告知杭州的就是", content)
    given = consent(stage, ZHENGZHOU, EXCELLENT, HANGZHOU, "entitlement")
    stage.show("陆远同意", f"{given['city_title']}，{given['purpose']['text']}：{given['scope']['told']}")
    found = show_verification(stage, host.verify_visitor(EXCELLENT, ZHENGZHOU, CLINIC))
    stage.check("杭州的商户核验：给予", "the merchant in Hangzhou hears yes", holds=found["answer"] == "granted")
    entries = stage.expect(home.ask("GET", "/v1/access-entries", token=token), "the access entries").value["items"]
    stage.show("郑州记下谁查询过他", f"{entries[0]['asker']['name']}：{entries[0]['answered_text']}")
    told = stage.expect(home.ask("GET", "/v1/exchange/disclosures", token=token), "the disclosures").value["items"]
    content = write_entitlements(stage, ZHENGZHOU, EXCELLENT, HANGZHOU, told[0]["content"])
    stage.show("以及告知了什么", f"{content}，告知的内容保留至{write_moment(told[0]['until'])}")
    is_same = [each["scenario"] for each in told[0]["content"]["entitlements"]] == [CLINIC]
    holds = is_same and set(told[0]["content"]) == {"entitlements"}
    stage.check("告知的只有权益，没有等级，没有分数", "an entitlement was told, no level and no score", holds=holds)
    end_grant(stage, HANGZHOU, found["grant_id"], "complete")
    uses, took = stage.wait_for(
        lambda: stage.expect(home.ask("GET", "/v1/exchange/uses", token=token), "the uses").value["items"],
        lambda items: any(each["state"] == "completed" for each in items),
    )
    for each in uses:
        stage.show(f"在外使用，{took:.1f}秒后报告回郑州", f"{each['place']}，{each['title']}，{STATES[each['state']]}")
    is_same = [each["use_id"] for each in uses] == [found["grant_id"]]
    stage.check("使用情况报告回家", "the use is reported home", holds=is_same)


def tell_nobody_apart(stage: Stage) -> None:
    """B: who stands low, is unknown, or has not consented gets one and the same answer; why, he alone reads at home."""
    home, host = stage.doors[ZHENGZHOU], stage.doors[HANGZHOU]
    consent(stage, ZHENGZHOU, LOW, HANGZHOU, "entitlement")
    plain = {}
    for who, persona in (("分低的钱迟", LOW), ("查无此人的何任", UNKNOWN), ("没有同意的谢未言", GOOD)):
        stage.tell(f"{who}：")
        answered = host.verify_visitor(persona, ZHENGZHOU, CLINIC)
        show_verification(stage, answered)
        plain[who] = _OWN.sub(r'"\1":"…"', answered.text)
    is_same, is_no = len(set(plain.values())) == 1, all('"answer":"not_granted"' in text for text in plain.values())
    stage.check("三个答复除编号和时刻外逐字节相同", "three answers, alike but for ids and moments", holds=is_same)
    stage.check("都是不给予", "each is a no", holds=is_no)
    answered = home.ask("GET", "/v1/exchange/disclosures", token=home.sign_in(LOW))
    told = stage.expect(answered, "the disclosures").value["items"]
    stage.check("郑州什么也没有告知", "Zhengzhou told nothing", holds=told == [])
    previews = {persona: preview(stage, persona) for persona in (LOW, GOOD)}
    for persona, shown in previews.items():
        consented = "已同意" if shown["is_consented"] else "没有同意"
        because = shown["because"]["text"] if shown["because"] else "如果同意，就告知以上内容。"
        content = write_entitlements(stage, ZHENGZHOU, persona, HANGZHOU, shown["content"])
        stage.show(f"{home.people[persona].name}自己在郑州预览", f"{consented}；{content}；{because}")
    holds = previews[LOW]["because"] is not None and not previews[GOOD]["is_consented"]
    stage.check("为什么，只有本人在郑州看得到", "why, he alone reads at home", holds=holds)


def show_score(stage: Stage) -> None:
    """C: a score is shown with its equivalent, upon a consent of its own."""
    before = visit(stage, EXCELLENT, ZHENGZHOU, HANGZHOU, "score")
    stage.show("只同意过权益，此时在杭州看分数", before["state_text"])
    holds = before["state"] == "nothing" and before["score"] is None
    stage.check("没有单独同意，分数不出城", "no score without a consent of its own", holds=holds)
    consent(stage, ZHENGZHOU, EXCELLENT, HANGZHOU, "score")
    score = visit(stage, EXCELLENT, ZHENGZHOU, HANGZHOU, "score")["score"]
    if score is None:
        stage.check("另行同意后显示分数", "a score upon consent", holds=False)
        return
    stage.show(
        "另行同意后，在杭州看到",
        f"{score['points']}分（{score['floor']}至{score['ceiling']}），按协议等效"
        f"{score['equivalent']}分（{score['equivalent_floor']}至{score['equivalent_ceiling']}）",
    )
    holds = (score["ceiling"], score["equivalent_ceiling"]) == (200, 1000) and score["points"] < score["equivalent"]
    stage.check("郑州的分数和它在杭州分制上的等效", "the score and its equivalent there", holds=holds)


def come_in(stage: Stage) -> None:
    """D: by a red list and by a score that was supplied to Zhengzhou, and by a level to where there are none."""
    for home, persona, host, scenario, expected in (
        (NANJING, LISTED, ZHENGZHOU, LIBRARY, "granted"),
        (NANJING, UNLISTED, ZHENGZHOU, LIBRARY, "not_granted"),
        (HANGZHOU, SUPPLIED, ZHENGZHOU, BICYCLE, "granted"),
        (ZHENGZHOU, EXCELLENT, NANJING, LIBRARY, "granted"),
    ):
        door, there = stage.doors[home], stage.doors[host]
        consent(stage, home, persona, host, "entitlement")
        stage.tell(f"{door.city.title}的{door.people[persona].name}到{there.city.title}：")
        found = show_verification(stage, there.verify_visitor(persona, home, scenario))
        stage.check(
            f"{there.city.title}答复：{ANSWERS[expected]}", f"{host}: {expected}", holds=found["answer"] == expected
        )
        if found["grant_id"] is not None:
            end_grant(stage, host, found["grant_id"], "complete")
    consent(stage, NANJING, LISTED, ZHENGZHOU, "level")
    level = visit(stage, LISTED, NANJING, ZHENGZHOU, "level")["level"]
    stage.show("秦月另行同意后，郑州得知的等级", write_level(level))
    holds = level is not None and level["tier"] == "T4"
    stage.check("南京没有分数，红名单归入共同的第四档", "no score in Nanjing; its red list is tier T4", holds=holds)


def show_code(stage: Stage) -> None:
    """E: a visitor signs in at the host and shows an ordinary one-time code."""
    host = stage.doors[ZHENGZHOU]
    token = host.sign_in(SUPPLIED)
    found = visit(stage, SUPPLIED, HANGZHOU, ZHENGZHOU, "entitlement")
    titles = "、".join(each["title"] for each in found["entitlements"])
    stage.show("江岚在郑州登录，郑州问杭州，他在这里可以有", titles)
    body = {"merchant": SHOPS[ZHENGZHOU].code, "scenario": LIBRARY}
    code = stage.expect(host.ask("POST", "/v1/codes", token=token, body=body), "the code").value["code"]
    order = {"order_no": f"code-{code[:16]}", "scenario": LIBRARY, "code": code}
    answered = host.ask("POST", "/v1/verifications", token=host.merchant_token, body=order)
    verified = show_verification(stage, answered)
    holds = verified["answer"] == "granted"
    stage.check("出示一次性码，和本地人一样核验：给予", "an ordinary code, and a yes", holds=holds)
    if verified["grant_id"] is not None:
        end_grant(stage, ZHENGZHOU, verified["grant_id"], "cancel")

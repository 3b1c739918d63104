"""The same walk on a bad day: a city that is away, a consent that ends, a treaty that is suspended, a forged bundle."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from backend.demo.cities_cast import EXCELLENT, GOOD, HANGZHOU, NANJING, SUPPLIED, SUPPLIED_GOOD, ZHENGZHOU
from backend.demo.cities_place import CityPlace
from backend.demo.cities_stage import Stage
from backend.demo.cities_walk import BICYCLE, CLINIC, LIBRARY, UMBRELLA, consent, end_grant, show_verification
from backend.demo.cities_wording import ANSWERS, ENDS, SCOPES, write_level, write_moment
from backend.demo.client import call
from backend.demo.workplace import DemoError, write_private
from backend.partners.message_log import Direction, MessageKind
from backend.partners.message_tables import MessageRow
from backend.partners.protocol import KEYS_PATH

COUNTER_S = 2.0
CARD_MINUTES = 60
TREATY, VERSION = "hangzhou-zhengzhou", "2026.1"
COMMAND_S = 60
FEWEST_EMPTY = 4  # those of step B, and the one after the withdrawal
_OWN = re.compile(r'"(question_id|question_digest|answered_at)":"[^"]*"')


def carry_card(stage: Stage) -> None:
    """F: a score card is read while the city that signed it is stopped."""
    home, host = stage.doors[HANGZHOU], stage.doors[ZHENGZHOU]
    order = {"city": ZHENGZHOU, "purpose": "benefit", "scope": "level", "minutes": CARD_MINUTES}
    answered = home.ask("POST", "/v1/exchange/cards", token=home.sign_in(SUPPLIED), body=order)
    card = stage.expect(answered, "the card").value
    level = write_level(card["content"]["level"])
    told = f"用途是{card['purpose']['text']}，等级是{level}，有效至{write_moment(card['expires_at'])}"
    stage.show("江岚在杭州做一张信用卡片，写着", told)
    stage.running.stop(HANGZHOU)
    stage.tell("杭州的服务已停止。")
    token = host.sign_in(SUPPLIED)
    presented = host.ask("POST", "/v1/visits/cards", token=token, body={"card": card["card"]})
    found = stage.expect(presented, "the card at the host").value
    stage.show(f"郑州不问任何人，凭公钥读出（{presented.took_s:.2f}秒）", write_level(found["level"]))
    holds = found["level"]["code"] == card["content"]["level"]["code"]
    stage.check("读出的等级和杭州签的一样", "the level is the one that Hangzhou signed", holds=holds)
    stage.check(
        "为享受权益而做，所以凭它有权益", "made for a benefit, so it entitles", holds=bool(found["entitlements"])
    )
    head, _, signature = card["card"].rpartition(".")
    forged = f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    refused = host.ask("POST", "/v1/visits/cards", token=token, body={"card": forged})
    stage.show("改动签名的一个字符", refused.value["detail"])
    stage.check("改过的卡片不认", "a changed card is refused", holds=refused.value["code"] == "score_card_refused")


def go_without(stage: Stage) -> None:
    """G: the home city is away, then stands still, then is there again; each time it is asked something new."""
    _expect_cannot_say(stage, "杭州停着", LIBRARY)
    stage.running.start(HANGZHOU)
    stage.running.wait(HANGZHOU)
    consent(stage, HANGZHOU, SUPPLIED_GOOD, ZHENGZHOU, "entitlement")
    stage.running.freeze(HANGZHOU)
    try:
        _expect_cannot_say(stage, "杭州接了电话却不出声", UMBRELLA)
    finally:
        stage.running.thaw(HANGZHOU)
    asked = _count_asked(stage, ZHENGZHOU, HANGZHOU)
    found, took = stage.wait_for(
        lambda: stage.doors[ZHENGZHOU].verify_visitor(SUPPLIED_GOOD, HANGZHOU, BICYCLE).value,
        lambda found: found["answer"] != "cannot_say",
    )
    stage.show(f"杭州恢复出声，{took:.2f}秒后顾桥得到答复", ANSWERS[found["answer"]])
    is_asked = _count_asked(stage, ZHENGZHOU, HANGZHOU) > asked
    holds = found["answer"] == "granted" and is_asked
    stage.check("恢复后问到杭州，给予", "asked and a yes once it is back", holds=holds)
    if found["grant_id"] is not None:
        end_grant(stage, ZHENGZHOU, found["grant_id"], "cancel")


def _expect_cannot_say(stage: Stage, when: str, scenario: str) -> None:
    """Let a merchant in Zhengzhou ask of a visitor what it has not asked yet, while nothing can come back."""
    stage.tell(f"{when}：")
    asked = _count_asked(stage, ZHENGZHOU, HANGZHOU)
    answered = stage.doors[ZHENGZHOU].verify_visitor(SUPPLIED_GOOD, HANGZHOU, scenario)
    found = show_verification(stage, answered)
    reason = found["reason"]["code"] if found["reason"] else None
    told = (found["answer"], reason, found["otherwise"] is not None)
    is_asked = _count_asked(stage, ZHENGZHOU, HANGZHOU) > asked
    stage.check("郑州确实向杭州发出了一个新问题", "a new question was sent", holds=is_asked)
    stage.check(
        "无法答复，照常办理",
        "cannot say: served as anybody",
        holds=told == ("cannot_say", "home_city_unreachable", True),
    )
    stage.check(f"{answered.took_s:.2f}秒，不到{COUNTER_S:.0f}秒", holds=answered.took_s < COUNTER_S)


def _count_asked(stage: Stage, host: str, home: str) -> int:
    """Count the questions that a city has sent to another, in its own log of messages."""
    row = MessageRow
    sent = (row.partner == home, row.kind == MessageKind.QUESTION, row.direction == Direction.OUT)
    with stage.doors[host].city.context.database.reading() as session:
        return session.scalar(select(func.count()).where(*sent)) or 0


def withdraw(stage: Stage) -> None:
    """H: all consents to one city are withdrawn: it deletes what it was told and says so; another one keeps its own."""
    home, host = stage.doors[ZHENGZHOU], stage.doors[HANGZHOU]
    token = home.sign_in(EXCELLENT)
    found = show_verification(stage, host.verify_visitor(EXCELLENT, ZHENGZHOU, CLINIC))
    stage.check("撤回之前：给予", "before the withdrawal: yes", holds=found["answer"] == "granted")
    if found["grant_id"] is not None:
        end_grant(stage, HANGZHOU, found["grant_id"], "cancel")
    answered = home.ask("DELETE", f"/v1/exchange/consents?city={HANGZHOU}", token=token)
    withdrawn = stage.expect(answered, "the withdrawal").value
    number = withdrawn["withdrawn_consents"]
    stage.show("陆远在郑州撤回", f"对{withdrawn['city_title']}的全部{number}项同意")
    told, took = stage.wait_for(
        lambda: _list_told(stage, token, HANGZHOU), lambda items: all(each["deleted_at"] for each in items)
    )
    for each in told:
        _show_told(stage, each)
    deleted = {each["scope"]["code"] for each in told if each["deleted_at"]}
    holds = deleted == {"entitlement", "score"} and all(each["deleted_at"] for each in told)
    stage.check(f"{took:.1f}秒内杭州确认删除权益和步骤C的分数", "Hangzhou confirms that all is deleted", holds=holds)
    kept = _list_told(stage, token, NANJING)
    for each in kept:
        _show_told(stage, each)
    holds = bool(kept) and not any(each["ended_at"] for each in kept)
    stage.check("没有撤回对南京的同意，告知南京的仍然有效", "what Nanjing was told still stands", holds=holds)
    asked = _count_asked(stage, HANGZHOU, ZHENGZHOU)
    after = show_verification(stage, host.verify_visitor(EXCELLENT, ZHENGZHOU, CLINIC))
    holds = after["answer"] == "not_granted" and _count_asked(stage, HANGZHOU, ZHENGZHOU) > asked
    stage.check("撤回之后：杭州重新问过，不给予", "after it: asked anew, no", holds=holds)


def _list_told(stage: Stage, token: str, city: str) -> list[dict[str, Any]]:
    answered = stage.doors[ZHENGZHOU].ask("GET", "/v1/exchange/disclosures", token=token)
    told = stage.expect(answered, "the disclosures").value["items"]
    return [each for each in told if each["city"] == city]


def _show_told(stage: Stage, told: Mapping[str, Any]) -> None:
    city, what = told["city_title"], f"告知{told['city_title']}的{SCOPES[told['scope']['code']]}"
    if told["ended_at"] is None:
        stage.show("郑州记着", f"{what}：仍然有效，至{write_moment(told['until'])}")
        return
    deleted = f"{write_moment(told['deleted_at'])}确认删除" if told["deleted_at"] else "还没有确认删除"
    because = ENDS[told["ended_because"]]
    stage.show("郑州记着", f"{what}：{because}，{write_moment(told['ended_at'])}结束，{city}{deleted}")


def suspend(stage: Stage) -> None:
    """I: a city suspends the treaty, and nothing more is given on either side until it resumes.

    Those who come get a yes before and after: nothing but the suspension stands between.
    """
    host, other = stage.doors[ZHENGZHOU], stage.doors[HANGZHOU]
    given = consent(stage, ZHENGZHOU, GOOD, HANGZHOU, "entitlement")
    stage.show("谢未言这时也同意告知", given["city_title"])
    _expect_everywhere(stage, "中止之前", "before", "granted")
    word = {"treaty_id": TREATY, "version": VERSION, "reason": "演示中止"}
    suspended = host.ask("POST", "/v1/treaty-suspensions", token=host.steward_token, body=word)
    stage.expect(suspended, "the suspension")
    _, took = stage.wait_for(lambda: _is_in_force(stage, HANGZHOU), lambda holds: not holds)
    holds = not _is_in_force(stage, HANGZHOU)
    stage.check(f"郑州中止协议，{took:.1f}秒内杭州得知", "suspended, and Hangzhou knows", holds=holds)
    _expect_everywhere(stage, "中止期间", "meanwhile", "cannot_say")
    refused = other.ask("POST", "/v1/treaty-resumptions", token=other.steward_token, body=word)
    stage.show("杭州想替郑州恢复", refused.value["title"])
    stage.check("谁中止谁恢复", "who suspended must resume", holds=not refused.is_fine)
    stage.expect(host.ask("POST", "/v1/treaty-resumptions", token=host.steward_token, body=word), "the resumption")
    stage.wait_for(lambda: _is_in_force(stage, HANGZHOU), bool)
    _expect_everywhere(stage, "恢复之后", "after", "granted")


def _expect_everywhere(stage: Stage, when: str, when_en: str, expected: str) -> None:
    """Let a visitor from each city come to the other; what is given is given back, so that the next is a new one."""
    for host, persona, home, scenario in (
        (ZHENGZHOU, SUPPLIED_GOOD, HANGZHOU, BICYCLE),
        (HANGZHOU, GOOD, ZHENGZHOU, CLINIC),
    ):
        door = stage.doors[host]
        stage.tell(f"{when}，{door.people[persona].name}在{door.city.title}：")
        found = show_verification(stage, door.verify_visitor(persona, home, scenario))
        holds = found["answer"] == expected
        stage.check(f"{when}在{door.city.title}：{ANSWERS[expected]}", f"{when_en}: {expected}", holds=holds)
        if found["grant_id"] is not None:
            end_grant(stage, host, found["grant_id"], "cancel")


def _is_in_force(stage: Stage, code: str) -> bool:
    door = stage.doors[code]
    partners = stage.expect(door.ask("GET", "/v1/partners", token=door.steward_token), "the partners").value["items"]
    return any(
        treaty["is_in_force"] for each in partners for treaty in each["treaties"] if treaty["treaty_id"] == TREATY
    )


def prove(stage: Stage) -> None:
    """J: the log of messages is exported and verified with public keys alone; a changed byte is found."""
    city = stage.doors[ZHENGZHOU].city
    directory = city.place.directory.resolve()
    bundle, keys = directory / "bundle.jsonl", {code: directory / f"{code}.jwks.json" for code in (ZHENGZHOU, HANGZHOU)}
    bundle.unlink(missing_ok=True)
    for code, path in keys.items():
        owner = stage.doors[code].city
        write_private(path, json.dumps(call(owner.place.port, "GET", KEYS_PATH)))
        stage.show(f"{owner.title}的公钥，取自它自己的地址", f"{owner.place.service_url}{KEYS_PATH}")
    exported = _run(city, "exchange", "export", HANGZHOU, "--out", str(bundle))
    stage.show("郑州导出与杭州的全部往来", exported.stdout.strip())
    stage.check("导出", "exported", holds=exported.returncode == 0)
    given = [part for code, path in keys.items() for part in ("--keys", f"{code}={path}")]
    verified = _run(None, "exchange", "verify", str(bundle), *given)
    stage.show("任何人凭公钥核验", verified.stdout.strip() or verified.stderr.strip())
    stage.check("核验无误", "verified, nothing wrong", holds=verified.returncode == 0)
    _compare_answers(stage, bundle)
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2] ^= 1
    changed = directory / "bundle-changed.jsonl"
    changed.unlink(missing_ok=True)
    changed.touch(mode=0o600)
    changed.write_bytes(content)
    found = _run(None, "exchange", "verify", str(changed), *given)
    stage.show("改动正中间一个字节", found.stderr.strip())
    stage.check("一个字节也瞒不过", "one changed byte is found", holds=found.returncode == 1)


def _compare_answers(stage: Stage, bundle: Path) -> None:
    """See whether the empty answers that left Zhengzhou differ in anything but ids, digests and moments."""
    places = [json.loads(line) for line in bundle.read_text(encoding="utf-8").splitlines()]
    answers = [each for each in places if "message" in each and each["body"] is not None]
    bodies = [
        each["body"] for each in answers if (each["message"]["kind"], each["message"]["direction"]) == ("answer", "out")
    ]
    empty = [body for body in bodies if '"content":{"entitlements":[]}' in body]
    plain, lengths = {_OWN.sub(r'"\1":"…"', body) for body in empty}, {len(body) for body in empty}
    size = " 或 ".join(str(each) for each in sorted(lengths))
    told = f"{len(empty)}个答复，各{size}字节：没有权益，没有期限，没有缘由；只有编号、摘要和时刻各不相同"
    stage.show("对什么也没有告知的人，郑州发给杭州的", told)
    holds = len(empty) >= FEWEST_EMPTY and len(plain) == len(lengths) == 1
    stage.check("各城市之间的答复也分不出是谁", "between cities they are alike, too", holds=holds)


def _run(city: CityPlace | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this software: with the settings of a city, or with none."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHANGDING_")}
    settings: Mapping[str, str] = {} if city is None else city.variables
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", "from backend.cli import main; main()", *arguments],
        env={**environ, **settings},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=COMMAND_S,
        check=False,
    )
    if done.returncode not in {0, 1}:
        raise DemoError(f"shangding {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done

"""The same walk on a bad day: a city that is away, a consent that ends, a treaty that is suspended, a forged bundle."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.demo.cities_calls import Answered
from backend.demo.cities_cast import EXCELLENT, HANGZHOU, SUPPLIED, SUPPLIED_GOOD, ZHENGZHOU
from backend.demo.cities_place import CityPlace
from backend.demo.cities_stage import Stage
from backend.demo.cities_walk import BICYCLE, CLINIC, UMBRELLA, consent, end_grant, show_verification
from backend.demo.cities_wording import ANSWERS, ENDS, write_level, write_moment
from backend.demo.workplace import DemoError, write_private

COUNTER_S = 2.0
CARD_MINUTES = 60
TREATY, VERSION = "hangzhou-zhengzhou", "2026.1"
COMMAND_S = 60
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
    """G: the home city is away, then stands still, then is there again."""
    host = stage.doors[ZHENGZHOU]
    _expect_cannot_say(stage, "杭州停着", host.verify_visitor(SUPPLIED_GOOD, HANGZHOU, BICYCLE))
    stage.running.start(HANGZHOU)
    stage.running.wait(HANGZHOU)
    consent(stage, HANGZHOU, SUPPLIED_GOOD, ZHENGZHOU, "entitlement")
    stage.running.freeze(HANGZHOU)
    try:
        answered = host.verify_visitor(SUPPLIED_GOOD, HANGZHOU, BICYCLE)
    finally:
        stage.running.thaw(HANGZHOU)
    _expect_cannot_say(stage, "杭州接了电话却不出声", answered)
    found, took = stage.wait_for(
        lambda: host.verify_visitor(SUPPLIED_GOOD, HANGZHOU, BICYCLE).value,
        lambda found: found["answer"] != "cannot_say",
    )
    stage.show(f"杭州恢复，顾桥再来一次（{took:.1f}秒）", ANSWERS[found["answer"]])
    stage.check("恢复后给予", "a yes once it is back", holds=found["answer"] == "granted")
    if found["grant_id"] is not None:
        end_grant(stage, ZHENGZHOU, found["grant_id"], "cancel")


def _expect_cannot_say(stage: Stage, when: str, answered: Answered) -> None:
    stage.tell(f"{when}：")
    found = show_verification(stage, answered)
    reason = found["reason"]["code"] if found["reason"] else None
    told = (found["answer"], reason, found["otherwise"] is not None)
    stage.check(
        "无法答复，照常办理",
        "cannot say: served as anybody",
        holds=told == ("cannot_say", "home_city_unreachable", True),
    )
    stage.check(f"{answered.took_s:.2f}秒，不到{COUNTER_S:.0f}秒", holds=answered.took_s < COUNTER_S)


def withdraw(stage: Stage) -> None:
    """H: a consent is withdrawn; the other city deletes what it was told, and says so."""
    home, host = stage.doors[ZHENGZHOU], stage.doors[HANGZHOU]
    token = home.sign_in(EXCELLENT)
    found = show_verification(stage, host.verify_visitor(EXCELLENT, ZHENGZHOU, CLINIC))
    stage.check("撤回之前：给予", "before the withdrawal: yes", holds=found["answer"] == "granted")
    if found["grant_id"] is not None:
        end_grant(stage, HANGZHOU, found["grant_id"], "cancel")
    consents = home.ask("GET", "/v1/exchange/consents", token=token).value["items"]
    standing = [each for each in consents if each["scope"]["code"] == "entitlement" and each["withdrawn_at"] is None]
    for each in standing:
        answered = home.ask("DELETE", f"/v1/exchange/consents/{each['consent_id']}", token=token)
        stage.expect(answered, "the withdrawal")
    told, took = stage.wait_for(
        lambda: _list_ended(stage, token), lambda items: bool(items) and all(each["deleted_at"] for each in items)
    )
    for each in told:
        ended, deleted = write_moment(each["ended_at"]), write_moment(each["deleted_at"])
        stage.show("郑州记着", f"{ENDS[each['ended_because']]}，{ended}结束，杭州{deleted}确认删除")
    holds = bool(told) and all(each["deleted_at"] for each in told)
    stage.check(f"{took:.1f}秒内杭州确认删除", "Hangzhou confirms that it is deleted", holds=holds)
    after = show_verification(stage, host.verify_visitor(EXCELLENT, ZHENGZHOU, CLINIC))
    stage.check("撤回之后：不给予", "after it: no", holds=after["answer"] == "not_granted")


def _list_ended(stage: Stage, token: str) -> list[dict[str, Any]]:
    told = stage.doors[ZHENGZHOU].ask("GET", "/v1/exchange/disclosures", token=token).value["items"]
    return [each for each in told if each["scope"]["code"] == "entitlement"]


def suspend(stage: Stage) -> None:
    """I: a city suspends the treaty, and nothing more is given on either side until it resumes."""
    host, other = stage.doors[ZHENGZHOU], stage.doors[HANGZHOU]
    word = {"treaty_id": TREATY, "version": VERSION, "reason": "演示中止"}
    suspended = host.ask("POST", "/v1/treaty-suspensions", token=host.steward_token, body=word)
    stage.expect(suspended, "the suspension")
    _, took = stage.wait_for(lambda: _is_in_force(stage, HANGZHOU), lambda holds: not holds)
    holds = not _is_in_force(stage, HANGZHOU)
    stage.check(f"郑州中止协议，{took:.1f}秒内杭州得知", "suspended, and Hangzhou knows", holds=holds)
    for door, persona, home, scenario in (
        (host, SUPPLIED_GOOD, HANGZHOU, UMBRELLA),
        (other, EXCELLENT, ZHENGZHOU, CLINIC),
    ):
        found = show_verification(stage, door.verify_visitor(persona, home, scenario))
        stage.check(f"中止期间在{door.city.title}：不再给予", "no yes meanwhile", holds=found["answer"] != "granted")
    refused = other.ask("POST", "/v1/treaty-resumptions", token=other.steward_token, body=word)
    stage.show("杭州想替郑州恢复", refused.value["title"])
    stage.check("谁中止谁恢复", "who suspended must resume", holds=not refused.is_fine)
    stage.expect(host.ask("POST", "/v1/treaty-resumptions", token=host.steward_token, body=word), "the resumption")
    stage.wait_for(lambda: _is_in_force(stage, HANGZHOU), bool)
    found = show_verification(stage, host.verify_visitor(SUPPLIED_GOOD, HANGZHOU, UMBRELLA))
    stage.check("恢复之后：给予", "resumed: yes", holds=found["answer"] == "granted")


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
    known = json.loads(_run(city, "exchange", "keys").stdout)
    for code, path in keys.items():
        write_private(path, json.dumps(known[code]))
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
    empty = {_OWN.sub(r'"\1":"…"', body) for body in bodies if '"content":{"entitlements":[]}' in body}
    lengths = {len(body) for body in bodies if '"content":{"entitlements":[]}' in body}
    stage.show("郑州对什么也没有告知的人，发出的都是", " 或 ".join(sorted(empty)))
    stage.check(
        "各城市之间的答复也分不出是谁", "between cities they are alike, too", holds=len(empty) == len(lengths) == 1
    )


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

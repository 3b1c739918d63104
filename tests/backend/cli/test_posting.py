"""`shangding work` sends notices to other cities beside everything else, and sweeps what the exchange leaves."""

import json
from datetime import timedelta
from pathlib import Path

from backend.cli.sweeping import sweep_once
from backend.clock import SystemClock
from backend.context import make_context
from backend.gateways.key_making import make_exchange_keys
from backend.partners.city_keys import list_all_keys, store_keys
from backend.partners.message_log import Direction, Logged, MessageKind, count_unlinked, log_message
from backend.partners.message_tables import NoticeRow
from backend.partners.notices import NoticeKind, leave_notice
from backend.partners.partners import register_partner
from backend.settings import read_settings
from backend.storage.identifiers import new_id
from tests.backend.cli.prompt import install, run
from tests.databases import migrated_database

NOBODY_THERE = "http://127.0.0.1:9"


def test_a_worker_tells_partners_chains_messages_and_keeps_keys(tmp_path: Path, sqlite_url: str) -> None:
    now = SystemClock().now()
    keys = tmp_path / "exchange-keys.jwks.json"
    keys.write_text(make_exchange_keys(now), encoding="utf-8")
    environment = install(tmp_path / "keys", sqlite_url) | {
        "SHANGDING_EXCHANGE_KEYS": str(keys),
        "SHANGDING_EXCHANGE_TARGETS": "any",
    }
    context = make_context(read_settings(environment))
    public = json.loads(make_exchange_keys(now))["keys"]
    theirs = [{name: value for name, value in entry.items() if name != "d"} for entry in public]
    with migrated_database(sqlite_url) as database:
        with database.transaction() as session:
            register_partner(
                session, "hangzhou", title="杭州市", url=NOBODY_THERE, city="zhengzhou", by="zhao", now=now
            )
            store_keys(session, "hangzhou", json.dumps({"keys": theirs}), now=now)
            content = {"question_ids": [str(new_id(now))]}
            notice_id = leave_notice(
                session,
                partner="hangzhou",
                kind=NoticeKind.WITHDRAWN,
                about=None,
                subject_id=None,
                content=content,
                now=now,
            )
            logged = Logged("hangzhou", Direction.IN, MessageKind.NOTICE, notice_id, NOBODY_THERE, None, {}, "{}")
            log_message(session, logged, now=now)
        result = run(["work", "--until-idle"], environment)
        assert result.exit_code == 0, result.output
        with database.reading() as session:
            notice = session.get_one(NoticeRow, notice_id)
            assert (notice.attempts, notice.fault, notice.confirmed_at) == (1, "unreachable", None)
            assert count_unlinked(session, "hangzhou", before=now + timedelta(microseconds=1)) == 0
            ours = {key.key_id for key in list_all_keys(session, "zhengzhou") if key.is_current}
        assert ours == {entry["kid"] for entry in json.loads(keys.read_text())["keys"]}
        assert [sweep_once(context), sweep_once(context)] == [1, 0]  # the notice, which was logged as it left
    context.database.dispose()


def test_a_city_without_keys_of_the_exchange_works_all_the_same(tmp_path: Path, sqlite_url: str) -> None:
    environment = install(tmp_path / "keys", sqlite_url)
    with migrated_database(sqlite_url) as database:
        assert run(["work", "--until-idle"], environment).exit_code == 0
        with database.reading() as session:
            assert list_all_keys(session, "zhengzhou") == []

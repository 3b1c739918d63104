import base64
from pathlib import Path

import pytest

from backend.setting_values import SecretKeys
from backend.settings import (
    EXPECTED,
    ServiceAccess,
    Settings,
    SettingsError,
    read_database_url,
    read_settings,
)

KEY = base64.b64encode(b"a" * 32).decode()
OTHER = base64.b64encode(b"b" * 32).decode()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The smallest environment that is complete."""
    file = tmp_path / "tokens.json"
    file.write_text("{}", encoding="utf-8")
    return {
        "SHANGDING_DATABASE_URL": "postgresql+psycopg://app:hunter2@db/shangding",
        "SHANGDING_TOKEN_KEYS": str(file),
        "SHANGDING_PSEUDONYM_KEYS": f"p2:{KEY},p1:{OTHER}",
        "SHANGDING_SEALING_KEYS": f"s1:{OTHER}",
        "SHANGDING_IDENTITY_ISSUER": "https://id.i-city.example",
        "SHANGDING_IDENTITY_JWKS_URL": "https://id.i-city.example/jwks.json",
        "SHANGDING_PUBLIC_URL": "https://score.example",
    }


def find_faults(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read_settings(environ)
    return caught.value.faults


def test_a_complete_environment_is_read_with_defaults_for_what_is_no_secret(environ: dict[str, str]) -> None:
    assert read_settings(environ) == Settings(
        database_url="postgresql+psycopg://app:hunter2@db/shangding",
        redis_url=None,
        city="zhengzhou",
        token_keys=Path(environ["SHANGDING_TOKEN_KEYS"]),
        pseudonym_keys=SecretKeys("p2", {"p2": b"a" * 32, "p1": b"b" * 32}),
        sealing_keys=SecretKeys("s1", {"s1": b"b" * 32}),
        identity_issuer="https://id.i-city.example",
        identity_jwks_url="https://id.i-city.example/jwks.json",
        public_url="https://score.example",
        commit="unknown",
        log_level="INFO",
        rate_limit="120/minute",
        trusted_proxies=0,
    )


def test_an_empty_environment_is_told_all_that_is_missing_at_once() -> None:
    faults = find_faults({})
    assert [fault.split()[0] for fault in faults] == [
        "SHANGDING_DATABASE_URL",
        "SHANGDING_TOKEN_KEYS",
        "SHANGDING_PSEUDONYM_KEYS",
        "SHANGDING_SEALING_KEYS",
        "SHANGDING_IDENTITY_ISSUER",
        "SHANGDING_IDENTITY_JWKS_URL",
        "SHANGDING_PUBLIC_URL",
    ]
    assert all(" is missing: give " in fault for fault in faults)


MINI_PROGRAM = {
    "SHANGDING_MINI_PROGRAM_ID": "wx0123456789",
    "SHANGDING_MINI_PROGRAM_SECRET": "hunter2-secret",
    "SHANGDING_MINI_PROGRAM_URL": "https://platform.example/sns/jscode2session",
}
REAL_NAME = {
    "SHANGDING_REAL_NAME_URL": "https://names.example/check",
    "SHANGDING_REAL_NAME_KEY": "hunter2-key",
}


def test_services_that_one_may_do_without_are_read_when_they_are_given(environ: dict[str, str]) -> None:
    settings = read_settings(environ | MINI_PROGRAM | REAL_NAME)
    platform = ServiceAccess(
        url="https://platform.example/sns/jscode2session", secret="hunter2-secret", name="wx0123456789"
    )
    assert settings.mini_program == platform
    assert settings.real_name == ServiceAccess(url="https://names.example/check", secret="hunter2-key")
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("name", [*MINI_PROGRAM, *REAL_NAME])
def test_of_a_service_all_is_given_or_nothing(environ: dict[str, str], name: str) -> None:
    group = MINI_PROGRAM if name in MINI_PROGRAM else REAL_NAME
    environ |= {other: value for other, value in group.items() if other != name}
    (fault,) = find_faults(environ)
    assert fault == f"{name} is missing: {EXPECTED[name]}"
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("SHANGDING_MINI_PROGRAM_ID", "wx 1", "is not made of 1 to 200 visible ASCII characters"),
        ("SHANGDING_MINI_PROGRAM_SECRET", "hunter2\r\nX: y", "is not made of"),
        ("SHANGDING_MINI_PROGRAM_URL", "http://platform.example/", "is plain http to another machine"),
        ("SHANGDING_MINI_PROGRAM_URL", "https://platform.example/?secret=hunter2", "has a query or a fragment"),
        ("SHANGDING_REAL_NAME_URL", "names.example", "is not a web address"),
        ("SHANGDING_REAL_NAME_KEY", "鼎" * 3, "is not made of"),
    ],
)
def test_an_unusable_service_is_refused_without_its_secret(
    environ: dict[str, str], name: str, value: str, what: str
) -> None:
    (fault,) = find_faults(environ | MINI_PROGRAM | REAL_NAME | {name: value})
    assert fault.startswith(f"{name} {what}")
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("SHANGDING_DATABASE_URL", "sqlite:///relative.sqlite", "names no absolute path"),
        ("SHANGDING_WEBHOOK_TARGETS", "private", "is neither public nor any"),
        ("SHANGDING_EXCHANGE_KEYS", "/nowhere/exchange.json", "names /nowhere/exchange.json, which is not a file"),
        ("SHANGDING_EXCHANGE_TARGETS", "private", "is neither public nor any"),
        ("SHANGDING_CITY_FILES", "var/files", "is not an absolute path"),
        ("SHANGDING_RULE_NOTICE_DAYS", "366", "is not a number of days from 0 to 365"),
        ("SHANGDING_DATABASE_URL", "sqlite://", "names no absolute path"),
        ("SHANGDING_DATABASE_URL", "postgresql://db/name", "names no database system that is supported"),
        ("SHANGDING_DATABASE_URL", "postgresql+psycopg://db", "names no database"),
        ("SHANGDING_DATABASE_URL", "postgresql+psycopg://db:port/name", "is not a URL"),
        ("SHANGDING_REDIS_URL", "localhost:6379", "is not the URL of a Redis server"),
        ("SHANGDING_REDIS_URL", "redis://", "is not the URL of a Redis server"),
        ("SHANGDING_CITY", "../etc", "is not the name of a city folder"),
        ("SHANGDING_TOKEN_KEYS", "/nowhere/keys.json", "names /nowhere/keys.json, which is not a file"),
        ("SHANGDING_PSEUDONYM_KEYS", KEY, "has no usable id"),
        ("SHANGDING_PSEUDONYM_KEYS", "k:not base64", "has a key k that is not base64"),
        ("SHANGDING_PSEUDONYM_KEYS", "k:YWJj", "has a key k of 3 bytes instead of 32"),
        ("SHANGDING_PSEUDONYM_KEYS", f"k:{KEY},k:{OTHER}", "repeats an id or a key at k"),
        ("SHANGDING_SEALING_KEYS", f"a:{KEY},b:{KEY}", "repeats an id or a key at b"),
        ("SHANGDING_SEALING_KEYS", f"a:{KEY},", "has no usable id"),
        ("SHANGDING_IDENTITY_JWKS_URL", "http://id.i-city.example/jwks", "is plain http to another machine"),
        ("SHANGDING_IDENTITY_JWKS_URL", "ftp://id.i-city.example/jwks", "is not a web address"),
        ("SHANGDING_IDENTITY_JWKS_URL", "file://host/jwks", "is not a web address"),
        ("SHANGDING_IDENTITY_JWKS_URL", "https://me:secret@id.example/jwks", "contains a user name"),
        ("SHANGDING_PUBLIC_URL", "https://score.example/", "has a slash, a query or a fragment"),
        ("SHANGDING_PUBLIC_URL", "http://score.example", "is plain http to another machine"),
        ("SHANGDING_LOG_LEVEL", "LOUD", "is not a log level"),
        ("SHANGDING_RATE_LIMIT", "0/minute", "is not a rate"),
        ("SHANGDING_TRUSTED_PROXIES", "-1", "is not a number of proxies"),
        ("SHANGDING_TRUSTED_PROXIES", "１", "is not a number of proxies"),
        ("SHANGDING_RATE_LIMIT", "１20/minute", "is not a rate"),
    ],
)
def test_a_fault_names_the_variable_what_is_wrong_and_what_would_be_right(
    environ: dict[str, str], name: str, value: str, what: str
) -> None:
    (fault,) = find_faults(environ | {name: value})
    assert fault.startswith(f"{name} {what}")
    assert fault.endswith(EXPECTED[name])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHANGDING_DATABASE_URL", "sqlite:////var/lib/shangding/data.sqlite"),
        ("SHANGDING_REDIS_URL", "unix:///run/redis.sock"),
        ("SHANGDING_REDIS_URL", "rediss://cache:6380/0"),
        ("SHANGDING_IDENTITY_JWKS_URL", "file:///etc/shangding/jwks.json"),
        ("SHANGDING_IDENTITY_JWKS_URL", "http://127.0.0.1:9000/jwks"),
        ("SHANGDING_PUBLIC_URL", "http://localhost:8000"),
        ("SHANGDING_LOG_LEVEL", "WARNING"),
        ("SHANGDING_RATE_LIMIT", "5/second"),
    ],
)
def test_what_is_right_is_taken_as_it_is(environ: dict[str, str], name: str, value: str) -> None:
    settings = read_settings(environ | {name: f" {value} "})
    assert value in {getattr(settings, field) for field in Settings.__slots__ if "keys" not in field}


def test_the_number_of_proxies_is_a_number(environ: dict[str, str]) -> None:
    assert read_settings(environ | {"SHANGDING_TRUSTED_PROXIES": "2"}).trusted_proxies == 2


def test_no_secret_is_shown(environ: dict[str, str]) -> None:
    shown = repr(read_settings(environ))
    faults = "".join(find_faults(environ | {"SHANGDING_PSEUDONYM_KEYS": f"k:{KEY}x", "SHANGDING_CITY": "1"}))
    for secret in ("hunter2", KEY, OTHER, repr(b"a" * 32)):
        assert secret not in shown
        assert secret not in faults


def test_migrations_need_the_database_url_alone() -> None:
    assert read_database_url({"SHANGDING_DATABASE_URL": "sqlite:////a"}) == "sqlite:////a"
    with pytest.raises(SettingsError, match="SHANGDING_DATABASE_URL is missing"):
        read_database_url({})

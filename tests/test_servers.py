"""The ground the other tests stand on: both engines give an empty database, and Redis answers."""

import socket

import pytest
import redis
import sqlalchemy
from pytest_socket import SocketConnectBlockedError

from tests.servers import ServerError, libpq_url, running_redis, sqlalchemy_url


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_gets_an_empty_database(empty_database_url: str, turn: int) -> None:
    engine = sqlalchemy.create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE only_once (turn integer)"))
        connection.execute(sqlalchemy.text("INSERT INTO only_once VALUES (:turn)"), {"turn": turn})
        assert connection.execute(sqlalchemy.text("SELECT turn FROM only_once")).scalars().all() == [turn]
    engine.dispose()


def test_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.set("test_redis_answers", "yes", px=1000)
        assert client.get("test_redis_answers") == b"yes"


def test_the_network_beyond_this_machine_is_closed() -> None:
    address_of_nobody = ("192.0.2.1", 80)
    with pytest.raises(SocketConnectBlockedError), socket.socket() as unconnected:
        unconnected.connect(address_of_nobody)


def test_a_missing_redis_is_an_error_that_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ServerError, match="apt-get install -y redis-server"), running_redis():
        pass


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("postgresql://u:p@h:5/postgres", "postgresql+psycopg://u:p@h:5/d"),
        ("postgresql://u@h", "postgresql+psycopg://u@h/d"),
        ("postgresql+psycopg://u:@/postgres?host=/s", "postgresql+psycopg://u:@/d?host=/s"),
    ],
)
def test_a_database_is_named_in_the_url_of_its_server(server: str, expected: str) -> None:
    assert sqlalchemy_url(server, "d") == expected
    assert libpq_url(expected) == expected.replace("+psycopg", "")

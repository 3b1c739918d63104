from tests.backend.web.probe import Probe, read_json


def guess(probe: Probe, word: str, address: str = "192.0.2.1") -> tuple[int, str]:
    answer = probe.client().post("/v1/probe/guess", json={"text": word}, environ_base={"REMOTE_ADDR": address})
    code = read_json(answer)["code"] if answer.text else ""
    if code == "too_many_attempts":
        assert 1 <= int(answer.headers["Retry-After"]) <= 1800
    return answer.status_code, code


def test_after_ten_failures_one_must_wait_from_wherever_he_tries(probe: Probe) -> None:
    found = [guess(probe, "wrong", f"192.0.2.{number}")[0] for number in range(12)]
    assert found == [401] * 10 + [429] * 2
    assert guess(probe, "wrong") == (429, "too_many_attempts")


def test_failures_with_one_name_do_not_lock_out_another(probe: Probe) -> None:
    assert [guess(probe, "wrong", f"192.0.2.{number}")[0] for number in range(11)][-1] == 429
    assert guess(probe, "other")[0] == 401


def test_success_is_not_counted(probe: Probe) -> None:
    assert {guess(probe, "right")[0] for _ in range(30)} == {200}


def test_many_names_from_one_address_are_counted_together(probe: Probe) -> None:
    found = [guess(probe, f"name-{number}")[0] for number in range(102)]
    assert found == [401] * 100 + [429] * 2
    assert guess(probe, "name-1", "192.0.2.9")[0] == 401

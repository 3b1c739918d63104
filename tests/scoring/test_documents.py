import pytest

from scoring.documents import MOST_INTEGER, MOST_POINTS, DocumentError, Table, parse


def test_a_line_with_dots_beyond_all_sense_is_refused_before_it_is_parsed() -> None:
    longest = "a" + ".a" * 200
    assert parse(f"{longest} = 1", "some")
    with pytest.raises(DocumentError, match="line 2 has more than 200 dots; break it into several"):
        parse(f"# a key\n{longest}.a = 1", "some")


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ({"held_fen": MOST_INTEGER, "points": -MOST_POINTS}, []),
        ({"held_fen": MOST_INTEGER + 1}, ["some.held_fen: 1000000000001 is out of reach; give -{0} to {0}"]),
        ({"held_fen": -(2**70)}, ["some.held_fen: a number is out of reach; give -{0} to {0}"]),
        ({"points": -MOST_POINTS - 1}, ["some.points: -10001 is out of reach; give -10000 to 10000"]),
    ],
)
def test_numbers_beyond_reach_are_faults(values: dict[str, object], faults: list[str]) -> None:
    table = Table({"held_fen": 0, "points": 0} | values, "some", [])
    read = table.integer("held_fen"), table.points("points")
    assert table.faults == [fault.format(MOST_INTEGER) for fault in faults]
    assert abs(read[0]) <= MOST_INTEGER
    assert abs(read[1]) <= MOST_POINTS

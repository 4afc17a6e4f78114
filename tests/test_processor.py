"""What is said of processor time at the end of a run."""

from pathlib import Path

from tests.processor import LONG, Meter, lines


def test_what_tests_cost_is_added_up_for_each_room_the_dearest_first() -> None:
    costs = [
        ("tests/e2e/test_demo.py::test_a", 150.0),
        ("tests/core/hcl/test_ast.py::test_b[x/y]", 100.5),
        ("tests/core/hcl/test_ast.py::test_c", 249.0),
        ("tests/web/test_inbox.py::test_d", 0.5),
        ("tests/test_names.py::test_e", 0.0),
    ]
    assert [line.split(maxsplit=2) for line in lines(costs)] == [
        ["349.5", "s", "tests/core/hcl"],
        ["150.0", "s", "tests/e2e"],
        ["0.5", "s", "2 other rooms"],
        ["500.0", "s", "in all"],
    ]


def test_nothing_is_said_of_a_few_tests() -> None:
    assert list(lines([("tests/test_names.py::test_a", LONG - 1)])) == []


def test_a_meter_counts_what_was_used_since_it_was_read() -> None:
    meter = Meter()
    while (used := meter.read()) == 0:
        Path(__file__).read_bytes()
    assert 0 < used < LONG

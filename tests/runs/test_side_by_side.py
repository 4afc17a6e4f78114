"""Work in several processes gives what it gives in one."""

import os
from collections.abc import Sequence

from bot.runs.side_by_side import PART, side_by_side


def with_process(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return [(number, os.getpid()) for number in numbers]


def test_results_come_in_the_order_of_what_is_given_from_several_processes() -> None:
    numbers = range(2 * PART + 1)
    found = list(side_by_side(with_process, numbers, worth_it=1))
    assert [number for number, _ in found] == list(numbers)
    if len(os.sched_getaffinity(0)) > 1:
        assert os.getpid() not in {process for _, process in found}


def test_few_things_are_not_worth_a_process() -> None:
    assert list(side_by_side(with_process, [1, 2])) == [(1, os.getpid()), (2, os.getpid())]

"""The judge of read histories, judged itself: known good, known bad, random ones against a naive twin."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.linearizability import (
    Operation,
    is_linearizable,
    is_linearizable_naively,
    read,
    write,
)

GOOD: dict[str, list[Operation]] = {
    "nothing": [],
    "one after the other": [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)],
    "an absence before the first write": [read(None, 0, 1), write(1, 2, 3), read(1, 4, 5)],
    "a read beside a write sees the old value": [write(1, 0, 1), write(2, 2, 7), read(1, 3, 4)],
    "a read beside a write sees the new value": [write(1, 0, 1), write(2, 2, 7), read(2, 3, 4)],
    "two reads beside a write, old then new": [write(1, 0, 9), read(None, 1, 2), read(1, 3, 4)],
    "writes beside each other, in either order": [write(1, 0, 5), write(2, 1, 4), read(1, 6, 7)],
    "an unknown write that never happened": [write(1, 0, 1), write(2, 2, None), read(1, 3, 4)],
    "an unknown write that happens late": [
        write(1, 0, 1),
        write(2, 2, None),
        read(1, 3, 4),
        read(2, 5, 6),
    ],
    "a read without an answer": [write(1, 0, 1), Operation(False, None, 2, None)],
}
BAD: dict[str, list[Operation]] = {
    "a stale read": [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)],
    "an absence after a write": [write(1, 0, 1), read(None, 2, 3)],
    "a value that nobody wrote": [write(1, 0, 1), read(7, 2, 3)],
    "a value before it was written": [read(1, 0, 1), write(1, 2, 3)],
    "new, then old, beside one write": [write(1, 0, 9), read(1, 1, 2), read(None, 3, 4)],
    "two readers who see two orders": [
        write(1, 0, 9),
        write(2, 1, 8),
        read(1, 10, 11),
        read(2, 12, 13),
    ],
    "an unknown write that is undone": [
        write(1, 0, 1),
        write(2, 2, None),
        read(2, 3, 4),
        read(1, 5, 6),
    ],
    "an unknown write before it began": [read(2, 0, 1), write(2, 2, None)],
}


@pytest.mark.parametrize("name", GOOD)
def test_good_histories_pass(name: str) -> None:
    assert is_linearizable(GOOD[name])
    assert is_linearizable_naively(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_bad_histories_are_caught(name: str) -> None:
    assert not is_linearizable(BAD[name])
    assert not is_linearizable_naively(BAD[name])


def random_history(random: Random, count: int) -> list[Operation]:
    """What a real register might answer: each operation takes effect at a moment inside its interval."""
    free = list(range(count * 10 + 90))
    intervals = []
    for index in range(count):
        # About six operations overlap at any moment, as with six clients.
        chosen = sorted(random.sample(free[index * 7 : index * 7 + 60], 3))
        free = [moment for moment in free if moment not in chosen]
        intervals.append(chosen)
    made: list[Operation] = []
    value: int | None = None
    for number, (began, _, ended) in enumerate(sorted(intervals, key=lambda each: each[1])):
        is_unknown = random.random() < 0.2
        if random.random() < 0.5:
            value = number if not is_unknown or random.random() < 0.5 else value
            made.append(Operation(True, number, began, None if is_unknown else ended))
        else:
            made.append(Operation(False, value, began, ended))
    return made


def mutated(random: Random, history: list[Operation]) -> list[Operation]:
    """The history with one answer or one moment changed; it may be linearizable still."""
    index = random.randrange(len(history))
    each = history[index]
    if not each.is_write and random.random() < 0.7:
        changed = Operation(False, random.choice([None, *range(len(history))]), each.began, each.ended)
    else:
        # Ended earlier: what it did must have happened by then. Odd moments are free.
        ended = None if each.ended is None else random.randrange(each.began * 2 + 1, each.ended * 2 + 2, 2)
        changed = Operation(each.is_write, each.value, each.began * 2, ended)
        history = [
            Operation(old.is_write, old.value, old.began * 2, None if old.ended is None else old.ended * 2)
            for old in history
        ]
    return [*history[:index], changed, *history[index + 1 :]]


@pytest.mark.parametrize("seed", range(40))
def test_what_a_register_answered_always_passes(seed: int) -> None:
    random = Random(seed)
    assert is_linearizable(random_history(random, random.randrange(1, 60)))


def test_small_histories_are_judged_as_by_the_naive_twin() -> None:
    random = Random(54)
    verdicts = {True: 0, False: 0}
    for _ in range(1_500):
        history = random_history(random, random.randrange(1, 7))
        for _ in range(random.randrange(3)):
            history = mutated(random, history)
        expected = is_linearizable_naively(history)
        assert is_linearizable(history) == expected, history
        verdicts[expected] += 1
    assert min(verdicts.values()) > 200, f"one verdict is hardly tried: {verdicts}"


def test_a_long_history_with_one_stale_read_is_caught() -> None:
    history = [write(number, number * 4, number * 4 + 1) for number in range(300)]
    reads = [read(number, number * 4 + 2, number * 4 + 3) for number in range(300)]
    assert is_linearizable([*history, *reads])
    reads[200] = read(199, 802, 803)
    assert not is_linearizable([*history, *reads])

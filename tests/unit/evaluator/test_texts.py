"""Many patterns on one text: kept results are those of trying each pattern, whichever rules were alive when."""

from __future__ import annotations

from random import Random

from tenetlang.evaluator import texts
from tenetlang.evaluator.runtime import ABSENT
from tenetlang.evaluator.texts import matching
from tenetlang.values.patterns import compile_glob


def test_what_is_kept_of_a_text_is_what_each_pattern_says() -> None:
    random = Random(1)
    words = ["a*", "*b", "ab", "*", "a?c*", "**c", "zz*", "*ab*"]
    patterns = {1 << (2 * n): compile_glob(word, None).matches for n, word in enumerate(words)}
    left = matching(patterns)
    for _ in range(3000):
        text = "".join(random.choice("abcz") for _ in range(random.randrange(5)))
        live = random.randrange(1 << 17)
        expected = sum(
            bit for bit in (1 << n for n in range(17)) if live & bit and (bit not in patterns or patterns[bit](text))
        )
        assert left(live, text) == expected


def test_rules_that_ask_for_a_text_that_is_not_there_are_dead() -> None:
    left = matching({2: compile_glob("*", None).matches})
    assert left(0b111, ABSENT) == 0b101
    assert left(0b101, ABSENT) == 0b101


def test_only_patterns_of_rules_that_are_alive_are_tried_and_each_once() -> None:
    tried: list[tuple[int, str]] = []

    def noting(number: int) -> texts.Matcher:
        def matches(text: str) -> bool:
            tried.append((number, text))
            return True

        return matches

    left = matching({1 << n: noting(n) for n in range(40)})
    for live in (0b1, 0b11, 0b10, 0b11, (1 << 40) - 1, (1 << 40) - 1):
        assert left(live, "x") == live
    assert sorted(tried) == [(n, "x") for n in range(40)]


def test_ever_new_texts_and_long_ones_fill_no_memory() -> None:
    calls = 0

    def matches(text: str) -> bool:
        nonlocal calls
        calls += 1
        return text == "3"

    left = matching({1: matches})
    for number in range(3 * texts.KEPT_TEXTS):
        assert left(1, str(number)) == (1 if number == 3 else 0)
    seen = next(cell.cell_contents for cell in left.__closure__ or () if isinstance(cell.cell_contents, dict) and "x" not in cell.cell_contents and 1 not in cell.cell_contents)  # fmt: skip
    assert len(seen) <= texts.KEPT_TEXTS
    long = "y" * (texts.LONGEST_KEPT + 1)
    calls = 0
    assert [left(1, long), left(1, long)] == [0, 0]
    assert calls == 2

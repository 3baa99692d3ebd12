from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenetlang.audit.payloads.absences import Absences


@given(st.sets(st.integers(0, 100)), st.none() | st.integers(-5, 120), st.lists(st.integers(-200, 200)))
def test_what_an_erasure_names_is_explained_and_nothing_else(
    missing: set[int], before: int | None, listed: list[int]
) -> None:
    absences = Absences()
    for index in sorted(missing):
        absences.note(index)
    absences.explain({"before": before, "records": listed, "subject": None}, None)
    left = {index for index in missing if index not in listed and (before is None or index >= before)}
    assert absences.unexplained() == len(left)
    assert absences.erased() == len(missing)


def test_hostile_erasures_explain_nothing_and_take_no_room() -> None:
    absences = Absences()
    absences.note(3)
    hostile: list[dict[object, object]] = [
        {},
        {"before": "4", "records": "3", "subject": 1},
        {"records": [None, "3", 3.0, 10**30, -(10**30), [3]]},
        {"records": {"digest": "x"}},
        {"before": -(2**60)},
    ]
    for record in hostile:
        absences.explain(record, b"{")
    assert absences.unexplained() == 1
    absences.explain({"before": 2**60}, None)
    assert absences.unexplained() == 0

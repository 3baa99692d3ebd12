"""Sessions at their edges: what falls out, what is refused, and what is never forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.facts.errors import LedgerConflict, LedgerDamaged, LedgerError, LedgerFull
from tenetlang.facts.limits import Limits
from tenetlang.facts.memory import MemoryLedger
from tenetlang.facts.moment import Begun
from tests.ledgers import NOON, SECOND
from tests.sources import both


def note(ledger: MemoryLedger, name: str, arguments: Mapping[str, object] | None = None, session: str = "s1") -> None:
    ledger.transact(NOON, lambda moment: moment.begin(Begun(name, "send", "deny", session, arguments)))


def history(ledger: MemoryLedger, session: str = "s1") -> list[dict[str, object]]:
    calls = ledger.transact(NOON, lambda moment: moment.session(session)["calls"])
    assert isinstance(calls, list)
    return calls


def allow(ledger: MemoryLedger, name: str, *labels: str, seconds: int = 60) -> None:
    call = Begun(name, "fetch", "allow", "s1", None, NOON + seconds * SECOND, (), labels)
    ledger.transact(NOON, lambda moment: moment.begin(call))


def labels_of(ledger: MemoryLedger, seconds: int = 0) -> object:
    return ledger.transact(NOON + seconds * SECOND, lambda moment: moment.session("s1", calls=False)["labels"])


def test_the_arguments_of_the_oldest_calls_fall_out_and_the_calls_stay() -> None:
    ledger = MemoryLedger(Limits(size=70, call_size=60))
    for number in range(4):
        note(ledger, f"c{number}", {"x": f"{number}" * 20})
    assert ["args" in call for call in history(ledger)] == [False, False, True, True]


def test_so_they_do_where_their_values_are_too_many() -> None:
    ledger = MemoryLedger(Limits(values=10))
    for number in range(3):
        note(ledger, f"c{number}", {"x": [1, 2, 3, 4]})
    assert ["args" in call for call in history(ledger)] == [False, False, True]


def test_room_that_falls_out_with_a_call_is_there_again() -> None:
    ledger = MemoryLedger(Limits(calls=2, size=70, call_size=60))
    for number in range(9):
        note(ledger, f"c{number}", {"x": "y" * 20} if number % 2 else None)
    assert ["args" in call for call in history(ledger)] == [True, False]
    for number in range(9, 12):
        note(ledger, f"c{number}", {"x": "y" * 20})
    assert ["args" in call for call in history(ledger)] == [True, True]


@pytest.mark.parametrize("arguments", [{"x": "y" * 100}, {"x": [[[[[[1]]]]]]}, {"x": list(range(60))}, {"x": '"' * 40}])
def test_a_call_with_more_than_is_kept_of_one_is_refused(arguments: Mapping[str, object]) -> None:
    ledger = MemoryLedger(Limits(call_size=64, call_depth=4, values=50))
    with pytest.raises(LedgerFull, match="the arguments of a call are too much to be kept"):
        note(ledger, "c1", arguments)


@pytest.mark.parametrize("arguments", [{"x": float("nan")}, {"x": object()}, {"x": "\ud800"}, {"x": 2**70}])
def test_arguments_that_are_not_json_are_refused(arguments: Mapping[str, object]) -> None:
    with pytest.raises(LedgerConflict, match="not JSON"):
        note(MemoryLedger(), "c1", arguments)


def test_numbers_come_back_as_they_were() -> None:
    ledger = MemoryLedger()
    numbers = [1, Decimal("1.10"), 0.1, Decimal("1e-12"), -(2**63), Decimal("123456789012345678.5")]
    note(ledger, "c1", {"x": numbers})
    (call,) = history(ledger)
    assert call["args"] == {
        "x": [1, Decimal("1.1"), Decimal("0.1"), Decimal("0.000000000001"), -(2**63), Decimal("123456789012345678.5")]
    }


def nested(depth: int) -> object:
    found: object = 1
    for _ in range(depth):
        found = [found]
    return found


POLICY = """\
package acme.mail
tool send(body: json)
allow first if { count(session.calls) < 3 }
deny seen if { some earlier in session.calls; earlier.tool is send; earlier.args is present; earlier.args.body is null }
"""


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return both(POLICY)[0]


def test_the_deepest_arguments_that_are_kept_make_no_later_request_invalid(evaluator: Evaluator) -> None:
    limits = Limits()
    ledger = MemoryLedger(limits)
    deepest = {"body": nested(limits.call_depth - 1)}
    note(ledger, "c1", deepest)
    session = ledger.transact(NOON, lambda moment: moment.session("s1"))
    assert evaluator.decide({"tool": "send", "args": {"body": 1}, "session": session}).verdict == "allow"
    with pytest.raises(LedgerFull):
        note(ledger, "c2", {"body": nested(limits.call_depth)})


def test_the_fullest_history_leaves_room_for_a_request(evaluator: Evaluator) -> None:
    limits = Limits()
    ledger = MemoryLedger(limits)
    for number in range(1100):
        note(ledger, f"c{number}", {"body": ["x" * 150, *range(40)]})
    session = ledger.transact(NOON, lambda moment: moment.session("s1"))
    calls = history(ledger)
    assert len(calls) == 1000
    assert 100 < sum("args" in call for call in calls) < 1000
    request = {"tool": "send", "args": {"body": ["y" * 200_000] * 2 + list(range(10_000))}, "session": session}
    assert evaluator.decide(request).decided_by == ("default",)


def test_labels_only_grow() -> None:
    ledger = MemoryLedger()
    allow(ledger, "c1", "a")
    allow(ledger, "c2", "b", "a")
    ledger.transact(NOON, lambda moment: moment.finish("c2", "error", ["c"]))
    assert labels_of(ledger) == ["a", "b", "c"]
    ledger.transact(NOON, lambda moment: moment.finish("c1", "ok"))
    assert labels_of(ledger) == ["a", "b", "c"]


def test_labels_that_come_after_the_end_of_a_call_are_taken_in() -> None:
    ledger = MemoryLedger()
    allow(ledger, "c1", seconds=5)
    at = NOON + 9 * SECOND
    assert ledger.transact(at, lambda moment: moment.finish("c1", "ok", ["late"])) == "overdue"
    assert ledger.transact(at, lambda moment: moment.finish("c1", "ok", ["later"])) == "overdue"
    assert labels_of(ledger, 9) == ["late", "later"]


@pytest.mark.parametrize("label", ["x" * 257, "\ud800"])
def test_a_label_that_is_too_long_or_no_text_closes_the_session(label: str) -> None:
    ledger = MemoryLedger()
    allow(ledger, "c1")
    ledger.transact(NOON, lambda moment: moment.finish("c1", "ok", [label]))
    with pytest.raises(LedgerFull, match="begin another session"):
        labels_of(ledger)


def test_with_very_many_calls_under_way_their_labels_are_there_at_once() -> None:
    ledger = MemoryLedger()
    for number in range(256):
        allow(ledger, f"c{number}", "a")
    assert labels_of(ledger) == []
    allow(ledger, "one-more", "b")
    assert labels_of(ledger) == ["b"]


def test_a_session_without_calls_for_a_long_time_is_forgotten() -> None:
    ledger = MemoryLedger(Limits(session_idle=100 * SECOND, remembered=SECOND, sessions=1))
    note(ledger, "c1")
    ledger.transact(NOON + 50 * SECOND, lambda moment: moment.begin(Begun("c2", "send", "deny", "s1")))
    ledger.transact(NOON + 120 * SECOND, lambda moment: None)
    calls = ledger.transact(NOON + 120 * SECOND, lambda moment: moment.session("s1")["calls"])
    assert isinstance(calls, list)
    assert len(calls) == 2
    ledger.transact(NOON + 150 * SECOND, lambda moment: None)
    ledger.transact(NOON + 151 * SECOND, lambda moment: None)
    assert set(ledger._rows) == {"state"}
    ledger.transact(NOON + 152 * SECOND, lambda moment: moment.begin(Begun("c3", "send", "deny", "s2")))


def test_a_call_that_ends_after_its_session_is_forgotten_ends_all_the_same() -> None:
    ledger = MemoryLedger(Limits(session_idle=SECOND))
    allow(ledger, "c1", "a")
    at = NOON + 2 * SECOND
    ledger.transact(at, lambda moment: None)
    assert ledger.transact(at, lambda moment: moment.finish("c1", "ok", ["b"])) == "settled"
    assert labels_of(ledger, 2) == []


def test_the_end_of_a_call_of_a_forgotten_session_is_not_taken_for_that_of_another() -> None:
    ledger = MemoryLedger(Limits(session_idle=SECOND))
    allow(ledger, "c1")
    at = NOON + 2 * SECOND
    ledger.transact(at, lambda moment: moment.begin(Begun("c2", "send", "allow", "s1", None, at + SECOND)))
    ledger.transact(at, lambda moment: moment.finish("c1", "ok"))
    assert ledger.transact(at, lambda moment: moment.session("s1")["calls"]) == [
        {"tool": "send", "verdict": "allow", "at": "2027-01-15T08:00:02Z"}
    ]


def test_what_people_wrote_can_be_forgotten_and_the_rest_stays() -> None:
    ledger = MemoryLedger(Limits(calls=3))
    for number in range(5):
        note(ledger, f"c{number}", {"x": 1} if number != 3 else None)
    assert ledger.transact(NOON, lambda moment: (moment.forget_arguments("s1"), moment.forget_arguments("s2"))) == (
        2,
        0,
    )
    assert [call.get("args") for call in history(ledger)] == [None, None, None]
    assert not any("x" in text for name, text in ledger._rows.items() if name.startswith("h:"))
    note(ledger, "c5", {"x": 2})
    assert [call.get("args") for call in history(ledger)] == [None, None, {"x": 2}]
    for number in range(6, 9):
        note(ledger, f"c{number}", {"x": number})
    assert [call.get("args") for call in history(ledger)] == [{"x": 6}, {"x": 7}, {"x": 8}]


def test_a_session_too_many_is_refused() -> None:
    ledger = MemoryLedger(Limits(sessions=1))
    note(ledger, "c1")
    note(ledger, "c2")
    with pytest.raises(LedgerFull, match="1 sessions already"):
        note(ledger, "c3", session="s2")
    assert history(ledger, "s2") == []


def test_the_name_of_a_session_is_any_text_but_no_other() -> None:
    ledger = MemoryLedger()
    note(ledger, "c1", session="é\0" * 9999)
    assert len(history(ledger, "é\0" * 9999)) == 1
    with pytest.raises(LedgerConflict, match="not a text"):
        history(ledger, "\ud800")
    with pytest.raises(LedgerError):
        note(ledger, "c2", session="\ud800")


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("s", "[]", "a row of the ledger, of the kind `s`"),
        ("h", '["c1","send","maybe","x"]', "a row of the ledger, of the kind `h`"),
        ("h", '["c1","send","deny","x",null,null,"{",1]', "the arguments of an earlier call are not JSON"),
        ("h", None, "an earlier call of a session is missing"),
    ],
)
def test_a_session_that_is_none_is_damage(kind: str, text: str | None, said: str) -> None:
    ledger = MemoryLedger()
    note(ledger, "c1")
    (name,) = [name for name in ledger._rows if name.startswith(f"{kind}:")]
    if text is None:
        del ledger._rows[name]
    else:
        ledger._rows[name] = text
    with pytest.raises(LedgerDamaged, match=said):
        history(ledger)

"""How much of a session's history a policy reads, so that nothing else is fetched or recorded."""

from __future__ import annotations

import pytest

from tenetlang.decision_tree.history import HistoryReads
from tests.sources import both

TOOLS = """\
package acme.mail
tool fetch(url: url)
tool send(to: string)
default deny
"""

NOTHING, CALLS, ARGUMENTS = HistoryReads(False, False), HistoryReads(True, False), HistoryReads(True, True)


@pytest.mark.parametrize(
    ("rules", "read"),
    [
        ("allow all if { tool is send }", NOTHING),
        ('deny labelled if { "untrusted" in session.labels }', NOTHING),
        ('deny named if { session.id == "s1" }', NOTHING),
        ("deny after if { some earlier in session.calls; earlier.tool is fetch }", CALLS),
        ("deny many if { count(session.calls) > 10 }", CALLS),
        ("deny same if { some e in session.calls; e.tool is fetch; e.args is present }", ARGUMENTS),
        (
            'deny host if { some e in session.calls; e.tool is fetch; e.args is present; e.args.url.host == "a.b" }',
            ARGUMENTS,
        ),
        ("let many = count(session.calls) > 10\ndeny many_calls if { many }", CALLS),
        ("let history = session.calls\nallow all if { tool is send }", ARGUMENTS),
        ("let _history = session.calls\nallow all if { count(_history) > 1 }", CALLS),
        ("fn busy(most: int) -> bool = count(session.calls) > most\ndeny many if { busy(3) }", CALLS),
        ("allow all if { tool is send } unless { count(session.calls) > 3 }", CALLS),
        ('allow all if { tool is send } because "after {count(session.calls)}"', CALLS),
        ('allow all if { tool is send } then mask("{count(session.calls)}")', NOTHING),
        ("default_deny_words", NOTHING),
        ("counter sent = count() of send by count(session.calls)\ndeny many if { sent > 3 }", CALLS),
        (
            """reviewers desk { who {e.verdict for e in session.calls}; within 1h; quorum 1; else deny }
               escalate all to desk if { tool is send }""".replace("\n               ", "\n"),
            CALLS,
        ),
    ],
)  # fmt: skip
def test_what_is_read_of_the_history(rules: str, read: HistoryReads) -> None:
    source = (
        TOOLS.replace("default deny", 'default deny because "no"') if rules == "default_deny_words" else TOOLS + rules
    )
    evaluator, _ = both(source + "\n")
    assert evaluator.history_reads == read
    assert evaluator.history_reads is evaluator.history_reads


def test_a_rule_that_shows_an_earlier_call_reads_its_arguments() -> None:
    rule = 'deny after if { some earlier in session.calls; earlier.tool is fetch } because "after {earlier}"'
    assert both(TOOLS + rule + "\n")[0].history_reads == ARGUMENTS

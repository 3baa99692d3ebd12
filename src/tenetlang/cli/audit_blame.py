"""`tenet audit blame`: who answers for a decision."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_payloads import OPENED_WITH, PAYLOAD_MASTER, opened_keyring
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, DATA, ENTRY, FORMAT
from tenetlang.cli.output import painter, say, say_json, waiting
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.audit.blame import Blame
    from tenetlang.cli.blame_again import Again


@click.command(
    "blame",
    cls=Command,
    short_help="Say who answers for a decision in LOG.",
    epilog=ending(
        [
            "tenet audit blame decisions.db 3",
            "tenet audit blame decisions.db 01KAPJ4ZM0QWRD3V0Q2W0V4R0Y --policy policies/",
            "tenet audit blame decisions.db 3 --payload-keys payload.keys",
        ],
        [
            (0, "said"),
            (1, "the record was changed, or the policy decides it in another way"),
            (5, "there is no such decision"),
        ],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.argument("decision", metavar="INDEX|ID")
@click.option(
    "--policy", type=ANYWHERE, metavar="PATH", help="Decide it again by this policy, and show each condition."
)
@DATA
@ENTRY
@OPENED_WITH
@PAYLOAD_MASTER
@FORMAT
def blame(
    log: Path,
    decision: str,
    policy: Path | None,
    *,
    given: tuple[str, ...],
    entry: str | None,
    payload_keys: Path | None,
    payload_master: Path | None,
    style: str,
) -> int:
    """Say who answers for a decision in LOG: the platform, the organization, or the developer of the agent.

    Each fact names the record that shows it, and `>` marks what a party has to answer for. With --policy the recorded request
    is decided again, and compared with the record to the last value. Whether the log as a whole is what was written is for
    `tenet audit verify`.
    """
    from tenetlang.audit.blame import blame as blame_for

    if policy is None and (given or entry is not None):
        raise click.UsageError("--data and --entry go with --policy")
    again = None
    with opened_keyring(payload_keys, payload_master) as keyring:
        with waiting("reading"):
            found = blame_for(log, decision) if keyring is None else blame_for(log, decision, keyring.key_of)
        if policy is not None:
            from tenetlang.cli.blame_again import decide_again

            again = decide_again(found, policy, given, entry)
    if style == "json":
        say_json(_document(found, again))
    else:
        say("".join(f"{line}\n" for line in _lines(found, again)))
    changed = any(fact.what in {"changed", "payload_changed"} for fact in found.facts)
    return statuses.FOUND if changed or (again is not None and again.came == "different") else statuses.FINE


def _lines(found: Blame, again: Again | None) -> Iterator[str]:
    from tenetlang.cli.blame_text import blame_lines

    paint = painter(sys.stdout)
    yield from blame_lines(found, paint)
    if again is not None:
        yield ""
        yield paint("decided again", "heading")
        yield f"  {' ' if again.came == 'identical' else '>'} {visible(again.detail)}"
        if again.explanation is not None:
            from tenetlang.cli.why_text import why_lines

            yield ""
            yield from (f"    {line}".rstrip() for line in why_lines(again.explanation, paint, bare=again.bare))


def _document(found: Blame, again: Again | None) -> dict[str, object]:
    from tenetlang.audit.blame import PARTIES

    decided, what, who = (
        part if isinstance(part := found.record.get(name), dict) else {} for name in ("decided", "what", "who")
    )
    parties: list[dict[str, object]] = []
    for party in PARTIES:
        standing, records = found.standing(party)
        facts = [
            {"what": fact.what, "against": fact.against, "record": fact.record, "details": dict(fact.details)}
            for fact in found.facts
            if fact.party == party
        ]
        parties.append({"party": party, "standing": standing, "records": list(records), "facts": facts})
    shape: dict[str, object] = {
        "index": found.index,
        "id": found.record.get("id"),
        "at": found.record.get("at"),
        "agent": who.get("agent"),
        "user": who.get("user"),
        "tool": what.get("tool"),
        "verdict": decided.get("verdict"),
        "decided_by": decided.get("decided_by"),
        "reason": found.reason,
        "answers": found.answers,
        "parties": parties,
        "untold": list(found.untold),
        "again": None,
    }
    if again is not None:
        explained = None if again.explanation is None else again.explanation.to_json()
        shape["again"] = {"came": again.came, "detail": again.detail, "explanation": explained}
    return shape

"""An agent whose refund needs somebody's approval: it asks, a person answers on the page, it goes on.

    python examples/review_desk/agent.py              with a reviewer that is a script, and answers through the same page
    python examples/review_desk/agent.py --by-hand    with you

The agent is a script too, so that this runs anywhere and says the same each time; put a model in its place, and nothing else
changes. What it may do stands in `desk.tenet`, what it did is in the log, and between it and its tools there is the guard.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from tenetlang import Denied, Escalated, Guard, acting

HERE = Path(__file__).parent
TENET = [sys.executable, "-m", "tenetlang"]


def work(guard: Guard, inbox: str, token: str, *, by_hand: bool) -> None:
    """The agent's day."""

    @guard.tool
    def lookup(customer: str) -> dict[str, str]:
        return {"customer": customer, "name": "Zoë"}

    @guard.tool
    def refund(customer: str, amount: Decimal, reason: str) -> str:
        return f"paid {amount} to {customer} ({reason})"

    with acting(agent="support-1", user="u7", session="ticket-4711"):
        print("agent: looks up c1:", lookup("c1")["name"])
        print("agent:", refund("c1", Decimal("20.00"), "late parcel"))
        try:
            refund("c1", Decimal("400.00"), "broken on arrival")
        except Escalated as escalated:
            print("agent: has to wait:", escalated)
            answer_somehow(inbox, token, by_hand=by_hand)
            print("agent: the answer is:", escalated.review.wait(timeout=30 * 60 if by_hand else 60))
            print("agent:", escalated.resume())
        try:
            refund("c1", Decimal("100.00"), "one more")
        except Denied as denied:
            print("agent: was told:", denied.reason)
            for suggestion in denied.suggestions():
                change = suggestion.arguments[0]
                print("agent: may still ask for", change["path"], "of at most", change["at_most"])


def answer_somehow(inbox: str, token: str, *, by_hand: bool) -> None:
    """Somebody answers: you, or a script in your place."""
    if by_hand:
        print(f"you:   open {inbox} and sign in with {token}")
    else:
        print(run([sys.executable, str(HERE / "reviewer.py"), inbox], given=token))


@contextlib.contextmanager
def desk(log: Path) -> Iterator[tuple[str, str]]:
    """The page on which people answer, and Ada's token for it."""
    token = run([*TENET, "review", "token", "add", str(log), "ada"])
    serving = subprocess.Popen(  # noqa: S603  # of our own
        [*TENET, "review", "serve", str(log), "--port", "0"], cwd=HERE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert serving.stderr is not None
        yield serving.stderr.readline().removeprefix("reviews at ").strip(), token
    finally:
        serving.terminate()
        serving.communicate()


def run(command: list[str], given: str = "") -> str:
    """What a command prints."""
    done = subprocess.run(command, cwd=HERE, input=given, capture_output=True, text=True, check=True)  # noqa: S603  # of our own
    return done.stdout.strip()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--by-hand", action="store_true", help="wait for you, on the page")
    options.add_argument("--log", type=Path, help="keep the log in this file, instead of throwing it away")
    given = options.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = (given.log or folder / "decisions.db").absolute()
        guard = stack.enter_context(Guard.open(HERE, log=log))
        inbox, token = stack.enter_context(desk(log))
        work(guard, inbox, token, by_hand=given.by_hand)
        guard.close()
        print("log:  ", run([*TENET, "audit", "check", str(log)]))


if __name__ == "__main__":
    main()

"""The pages of the inbox, in words: what waits, one task with all that speaks for and against it, what is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tenetlang.audit.records.record import time_text
from tenetlang.frozen import frozen
from tenetlang.inbox.call import call_card, history_card, reason_of, rules_card, summary
from tenetlang.inbox.html import Content, Markup, element, page, said
from tenetlang.inbox.inbox import Kept
from tenetlang.inbox.sessions import Session
from tenetlang.inbox.shown import claimed_by, possible, seconds_left, takers
from tenetlang.review.people import Directory
from tenetlang.review.state import LONGEST_COMMENT, approvers, asked_people
from tenetlang.review.tasks import Choice, Task

REFRESH: Final = 60
"""After so many seconds a list is loaded again."""

_URGENT: Final = 300


@frozen
class Notice:
    """What came of what somebody did; `good` is None for what is neither good nor bad."""

    text: str
    good: bool | None = None


STATUS: Final[Mapping[str, str]] = {
    "waiting": "waits for an answer",
    "approved": "approved",
    "denied": "denied",
    "expired": "nobody decided in time: denied",
    "cancelled": "no longer needed",
}

REFUSALS: Final[Mapping[str, str]] = {
    "over": "It had ended before your answer came, so it was not counted.",
    "not-asked": "You are not among those who are asked.",
    "requester": "You asked for this call yourself, so others have to decide.",
    "delegated": "You handed this on; take it back to answer it yourself.",
    "voted": "You have answered already.",
    "seen": "You have seen this already.",
    "claimed": "Somebody else looks after it.",
    "not-claimed": "You did not look after it.",
    "other-call": "This is another call than the one that you were shown. Read it again.",
    "not-allowed": "It can't be handed to this person.",
    "loop": "This person has handed it on already.",
}


def sign_in(problem: str | None = None, then: str = "/", provider: str | None = None) -> bytes:
    """The page that asks for a token, and leads to the provider, if there is one, by the name that it is given."""
    elsewhere = element(
        "p",
        {"class": "card"},
        element("a", {"href": f"/sign-in/begin?then={then}"}, "Sign in with ", said(provider or "")),
    )
    form = element(
        "form",
        {"method": "post", "action": "/sign-in", "class": "card"},
        element("label", {"for": "token"}, "Your token"),
        element(
            "input",
            {"type": "password", "id": "token", "name": "token", "required": True, "autofocus": True,
             "autocomplete": "current-password", "maxlength": 200},
        ),
        element("input", {"type": "hidden", "name": "then", "value": then}),
        element("div", {"class": "buttons"}, element("button", "Sign in")),
        element("p", {"class": "quiet"}, "Whoever runs this inbox gives it to you: ",
                element("code", "tenet review token add"), "."),
    )  # fmt: skip
    return _page(
        "Sign in", None, None, _notice(None if problem is None else Notice(problem, good=False)),
        None if provider is None else elsewhere, form,
    )  # fmt: skip


def waiting_list(tasks: Sequence[Kept], session: Session, notice: Notice | None = None) -> bytes:
    """What waits for this person."""
    content: Content = (
        element("ul", {"class": "tasks"}, [_entry(kept, session.who) for kept in tasks])
        if tasks
        else element("p", {"class": "quiet"}, "Nothing waits for you.")
    )
    number = f"{len(tasks)} waiting" if tasks else "Nothing waiting"
    return _page(number, session, "/", _notice(notice), element("h1", number), content, refresh=REFRESH)


def finished_list(tasks: Sequence[Kept], session: Session) -> bytes:
    """What this person was asked about, and how it ended."""
    content: Content = (
        element("ul", {"class": "tasks"}, [_entry(kept, session.who) for kept in tasks])
        if tasks
        else element("p", {"class": "quiet"}, "Nothing yet.")
    )
    return _page("Done", session, "/done", element("h1", "Done"), content)


def task_page(kept: Kept, session: Session, directory: Directory, notice: Notice | None = None) -> bytes:
    """One task, and what this person can do about it."""
    title = summary(kept)
    return _page(
        title,
        session,
        None,
        _notice(notice),
        *_task(kept),
        call_card(kept),
        rules_card(kept),
        _answer_card(kept, session, directory),
        history_card(kept),
        _people_card(kept),
    )


def confirm_page(kept: Kept, session: Session, choice: Choice, binding: str, comment: str) -> bytes:
    """Asks once more, with the call in sight."""
    word = "Approve" if choice == "approve" else "Deny"
    form = element(
        "form",
        {"method": "post", "action": f"/tasks/{kept.task.identifier}/answer"},
        _hidden(session, choice=choice, binding=binding, comment=comment, confirmed="yes"),
        element("p", {"class": "quiet"}, "Your comment:", element("span", {"class": "value"}, said(comment)))
        if comment
        else None,
        element(
            "div",
            {"class": "buttons"},
            element("button", {"class": choice, "autofocus": True}, f"Yes, {word.lower()}"),
            element("a", {"href": f"/tasks/{kept.task.identifier}"}, "Back"),
        ),
    )
    return _page(
        f"{word}?",
        session,
        None,
        element("h1", f"{word} this call?"),
        element("p", {"class": "reason"}, said(summary(kept))),
        call_card(kept),
        element("section", {"class": "card"}, form),
    )


def link_page(kept: Kept, who: str, link: str, *, seen: bool) -> bytes:
    """What a link in a message shows. It decides nothing: for that one signs in."""
    answer = element("a", {"href": f"/tasks/{kept.task.identifier}"}, "Sign in to answer")
    form = element(
        "form",
        {"method": "post", "action": f"/tasks/{kept.task.identifier}/seen", "class": "card"},
        element("input", {"type": "hidden", "name": "link", "value": link}),
        element("p", "This link was sent to ", said(who), "."),
        element(
            "div",
            {"class": "buttons"},
            None if seen or kept.task.status != "waiting" else element("button", "I have seen this"),
            answer,
        ),
    )
    told = Notice("It is noted that you have seen this.", good=True) if seen else None
    return _page(summary(kept), None, None, _notice(told), *_task(kept), form, call_card(kept), rules_card(kept))


def message_page(title: str, text: str, session: Session | None = None) -> bytes:
    """A page that says one thing."""
    back = element("p", element("a", {"href": "/"}, "To what waits for you"))
    return _page(title, session, None, element("h1", title), element("p", text), back)


# ------------------------------------------------------------------------------------------------------------ pieces


def _page(title: str, session: Session | None, current: str | None, *content: Content, refresh: int = 0) -> bytes:
    links = (("/", "Waiting"), ("/done", "Done"))
    navigation = element(
        "nav",
        {"aria-label": "Lists"},
        [element("a", {"href": to, "aria-current": "page" if to == current else None}, name) for to, name in links],
    )
    account = None if session is None else _account(session)
    head = element(
        "head",
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"http-equiv": "refresh", "content": refresh}) if refresh else None,
        element("title", f"{title} · Reviews"),
        element("link", {"rel": "stylesheet", "href": "/inbox.css"}),
        element("script", {"src": "/inbox.js", "defer": True}),
    )
    top = element(
        "header",
        {"class": "top"},
        element(
            "div", element("a", {"class": "name", "href": "/"}, "Reviews"), navigation if session else None, account
        ),
    )
    skip = element("a", {"class": "skip", "href": "#main"}, "To the content")
    return page(
        element("html", {"lang": "en"}, head, element("body", skip, top, element("main", {"id": "main"}, content)))
    )


def _account(session: Session) -> Markup:
    sign_out = element(
        "form",
        {"method": "post", "action": "/sign-out", "class": "inline"},
        _hidden(session),
        element("button", {"class": "plain"}, "Sign out"),
    )
    return element("div", {"class": "who"}, element("span", said(session.who)), sign_out)


def _notice(notice: Notice | None) -> Markup | None:
    if notice is None:
        return None
    kind = "" if notice.good is None else " good" if notice.good else " bad"
    return element("p", {"class": f"card notice{kind}", "role": "status"}, notice.text)


def _entry(kept: Kept, who: str) -> Markup:
    task = kept.task
    claimed = claimed_by(task, kept.now)
    facts = [
        f"asks {task.stage.reviewers}",
        f"{len(approvers(task))} of {task.stage.quorum} approved" if task.stage.quorum > 1 else "",
        f"{claimed} looks after it" if claimed else "",
        "you have answered" if task.status == "waiting" and "approve" not in possible(kept, who) else "",
    ]
    status = _left(kept) if task.status == "waiting" else element("span", {"class": "left quiet"}, task.status)
    return element(
        "li",
        status,
        element("a", {"href": f"/tasks/{task.identifier}"}, said(summary(kept))),
        element("p", said(reason_of(kept))),
        element("p", {"class": "quiet"}, said(" · ".join(filter(None, facts)))),
    )


def _left(kept: Kept, kind: str = "left") -> Markup:
    seconds = seconds_left(kept)
    urgent = " bad" if seconds < _URGENT else ""
    return element("span", {"class": f"{kind}{urgent}", "data-left": seconds}, duration(seconds))


def duration(seconds: int) -> str:
    """A time in the two largest units that it has."""
    if seconds <= 0:
        return "over"
    parts = [(seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    first = next(place for place, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2])


def _task(kept: Kept) -> Sequence[Content]:
    task = kept.task
    waiting = task.status == "waiting"
    facts: list[Content] = [
        ["asks ", element("strong", said(task.stage.reviewers)), f", {task.stage.quorum} must approve"],
        ["left: ", element("strong", _left(kept, ""))] if waiting else element("strong", STATUS[task.status]),
        ["until ", element("time", {"datetime": time_text(task.deadline)}, _clock(task.deadline))] if waiting else None,
        ["then ", said("denied" if task.next_reviewers == "deny" else f"{task.next_reviewers} are asked")]
        if waiting
        else None,
    ]
    return (
        element("h1", said(summary(kept))),
        element("p", {"class": "reason"}, said(reason_of(kept))),
        element("ul", {"class": "facts quiet"}, [element("li", fact) for fact in facts if fact is not None]),
        element("p"),
    )


def _clock(nanoseconds: int) -> str:
    return f"{time_text(nanoseconds)[:19].replace('T', ' ')} UTC"


def _answer_card(kept: Kept, session: Session, directory: Directory) -> Markup | None:
    task, may = kept.task, possible(kept, session.who, directory)
    if not may:
        return None
    where = f"/tasks/{task.identifier}"
    buttons = [
        element("button", {"name": "choice", "value": choice, "class": choice}, word)
        for choice, word in (("approve", "Approve"), ("deny", "Deny"))
        if choice in may
    ]
    unseen = (
        ""
        if kept.request is not None
        else "The call itself can't be shown any more; deny it unless you know what it is."
    )
    answer = element(
        "form",
        {"method": "post", "action": f"{where}/answer"},
        _hidden(session, binding=task.binding),
        element("label", {"for": "comment"}, "Comment (kept in the log)"),
        element("textarea", {"id": "comment", "name": "comment", "maxlength": LONGEST_COMMENT}),
        element("p", {"class": "bad"}, unseen) if unseen else None,
        element("div", {"class": "buttons"}, buttons),
    )
    words = (("claim", "I look after it"), ("release", "Give it back"))
    others = [
        element(
            "form",
            {"method": "post", "action": f"{where}/{name}", "class": "inline"},
            _hidden(session),
            element("button", {"class": "plain"}, word),
        )
        for name, word in words
        if name in may
    ]
    delegation = (
        element(
            "form",
            {"method": "post", "action": f"{where}/delegate", "class": "row"},
            _hidden(session),
            element(
                "div",
                element("label", {"for": "to"}, "Hand it to"),
                element(
                    "select",
                    {"id": "to", "name": "to"},
                    [element("option", {"value": name}, name) for name in takers(task, session.who, directory)],
                ),
            ),
            element("button", "Hand on"),
        )
        if "delegate" in may
        else None
    )
    more = element("details", element("summary", "Look after it, or hand it on"), others, delegation)
    return element(
        "section", {"class": "card"}, element("h2", "Your answer"), answer, more if others or delegation else None
    )


def _people_card(kept: Kept) -> Markup:
    task = kept.task
    claimed = claimed_by(task, kept.now)
    votes: list[tuple[str, Content]] = [
        (_clock(vote.at), [said(vote.who), f" {_voted(vote.choice)}"]) for vote in task.votes
    ]
    handed: list[tuple[str, Content]] = [
        ("handed on", [said(item.giver), " to ", said(item.taker)]) for item in task.delegations
    ]
    rows: list[tuple[str, Content]] = [
        ("asked", _names(asked_people(task))),
        *votes,
        *handed,
        ("seen by", _names(task.seen)),
        ("looked after by", said(claimed) if claimed else None),
        ("asked for by", _names(task.requesters)),
        ("rule", said(task.rule)),
        ("used by", task.used),
        ("task", element("code", task.identifier)),
        ("decision", element("code", task.decision)),
        ("call", element("code", task.binding)),
        ("policy", element("code", said(task.bundle))),
    ]
    shown = [
        element("tr", element("th", {"scope": "row"}, name), element("td", value)) for name, value in rows if value
    ]
    return element("section", {"class": "card"}, element("h2", "People and places"), element("table", shown))


def _voted(choice: str) -> str:
    return "approved" if choice == "approve" else "denied"


def _names(names: Sequence[str]) -> Content:
    return [[said(name), ", " if place < len(names) - 1 else ""] for place, name in enumerate(names)]


def _hidden(session: Session, **values: str) -> list[Markup]:
    given = {"form": session.form, **values}
    return [element("input", {"type": "hidden", "name": name, "value": value}) for name, value in given.items()]


def outcome_of(task: Task | None, choice: str) -> str:
    """The word for what a vote has led to, for the address of the page that says so."""
    return "gone" if task is None else f"{choice}-{task.status}"

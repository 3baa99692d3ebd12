"""What a reviewer has to know of a call: its arguments and where they come from, the rules that spoke, what was done before.

All of it is what a policy's author, an agent or a tool's answer wrote; the decision and the request are JSON of a shape that nothing
here relies on: what is not as expected is shown as it is, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from tenetlang.audit.canonical import number_text
from tenetlang.inbox.html import Content, Markup, element, said
from tenetlang.inbox.inbox import Kept
from tenetlang.inbox.shown import calls_before

_SUMMARY: Final = 110
_CALLS: Final = 50
_ON_A_LINE: Final = 72
_IN_ROWS: Final = ("tool", "args", "origins", "agent", "user", "session", "counters", "now", "approvals")


def summary(kept: Kept) -> str:
    """The call on one line: `refund(customer: "c1", amount: 120)`."""
    tool = _member(kept.request, "tool")
    if not isinstance(tool, str):
        return "A call that can't be shown any more"
    arguments = _member(kept.request, "args")
    pairs = arguments.items() if isinstance(arguments, Mapping) else ()
    text = f"{tool}({', '.join(f'{name}: {_short(value)}' for name, value in pairs)})"
    return text if len(text) <= _SUMMARY else f"{text[: _SUMMARY - 1]}…"


def reason_of(kept: Kept) -> str:
    """What the decision says."""
    reason = _member(kept.decision, "reason")
    return reason if isinstance(reason, str) else ""


def call_card(kept: Kept) -> Markup | None:
    """The call itself."""
    request = kept.request
    if request is None:
        return None
    origins = _mapping(request.get("origins"))
    arguments = _mapping(request.get("args"))
    rows: list[Content] = [
        _row(
            name,
            [
                _value(value),
                [" ", element("span", {"class": "tag"}, "from ", said(_plain(origins[name])))]
                if name in origins
                else None,
            ],
        )
        for name, value in arguments.items()
    ]
    who = [
        _row(name, _value(part))
        for name, part in (
            ("agent", request.get("agent")),
            ("user", request.get("user")),
            ("session", _member(_mapping(request.get("session")), "id")),
            ("labels", _member(_mapping(request.get("session")), "labels")),
            ("counters", request.get("counters")),
            ("asked at", request.get("now")),
            *((name, value) for name, value in request.items() if name not in _IN_ROWS),
        )
        if part not in (None, {}, [])
    ]
    return element(
        "section",
        {"class": "card"},
        element("h2", "The call"),
        element("p", element("strong", said(_plain(request.get("tool"))))),
        element("table", rows) if rows else element("p", {"class": "quiet"}, "It has no arguments."),
        element("details", {"open": True}, element("summary", "Who and when"), element("table", who)) if who else None,
    )


def rules_card(kept: Kept) -> Markup | None:
    """The rules that spoke, and what each of them looked at."""
    decision = kept.decision
    if decision is None:
        return None
    matched = [
        element(
            "li",
            element("strong", said(_plain(item.get("rule")))),
            f" {_plain(item.get('verdict'))}s it",
            [" · owner ", said(_plain(item["owner"]))] if item.get("owner") else None,
            element("span", {"class": "quiet"}, " · ", said(_plain(item.get("at")))),
        )
        for item in _entries(decision.get("matched"))
    ]
    errors = [
        element("li", {"class": "bad"}, said(_plain(item.get("rule"))), " failed: ", said(_plain(item.get("error"))))
        for item in _entries(decision.get("errors"))
    ]
    traced = [_traced(item) for item in _entries(decision.get("trace"))]
    if not (matched or errors or traced):
        return None
    return element(
        "section",
        {"class": "card"},
        element("h2", "Why you are asked"),
        element("ul", {"class": "rules"}, matched, errors),
        element("details", element("summary", "What the rules looked at"), element("ul", {"class": "rules"}, traced))
        if traced
        else None,
    )


def history_card(kept: Kept) -> Markup | None:
    """What the agent did before in the same session."""
    calls = calls_before(kept.request)
    if not calls:
        return None
    rows = [
        element(
            "tr",
            element("td", said(_plain(call.get("at")))),
            element("td", said(_called(call))),
            element("td", said(" ".join(filter(None, (_plain(call.get("verdict")), _plain(call.get("outcome"))))))),
        )
        for call in calls[:_CALLS]
    ]
    more = f"the latest {_CALLS} of {len(calls):,}" if len(calls) > _CALLS else f"{len(calls):,}"
    return element(
        "section",
        {"class": "card"},
        element("h2", "What the agent did before"),
        element("details", element("summary", f"Calls of this session: {more}"), element("table", rows)),
    )


def value_text(value: object) -> str:
    """A JSON value for people: a text as it is, a number with its digits, the rest as JSON, on lines where it is long."""
    return value if isinstance(value, str) else _json(value, "")


def _json(value: object, indent: str) -> str:
    """JSON with every digit; what fits on a line stands on one."""
    match value:
        case Decimal() | float():
            return number_text(value)
        case dict():
            parts = [
                f"{json.dumps(str(name), ensure_ascii=False)}: {_json(part, f'{indent}  ')}"
                for name, part in value.items()
            ]
            opening, closing = "{", "}"
        case list() | tuple():
            parts = [_json(part, f"{indent}  ") for part in value]
            opening, closing = "[", "]"
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)
    if sum(map(len, parts)) <= _ON_A_LINE and not any("\n" in part for part in parts):
        return f"{opening}{', '.join(parts)}{closing}"
    return "\n".join(
        (opening, *(f"{indent}  {part}," for part in parts[:-1]), f"{indent}  {parts[-1]}", f"{indent}{closing}")
    )


def _traced(item: Mapping[str, object]) -> Markup:
    marks = {True: ("✓", "good"), False: ("✗", "quiet")}
    conditions = []
    for condition in _entries(item.get("conditions")):
        value = condition.get("value")
        mark, kind = marks.get(value, ("·", "quiet")) if isinstance(value, bool) else ("·", "quiet")
        read = _mapping(condition.get("read"))
        values = ", ".join(f"{name} = {_short(part)}" for name, part in read.items())
        conditions.append(
            element(
                "li",
                element("span", {"class": kind, "aria-hidden": "true"}, f"{mark} "),
                element("code", said(_plain(condition.get("text")))),
                element("span", {"class": "quiet"}, "   ", said(values)) if values else None,
            )
        )
    holds = {"true": "holds", "false": "does not hold"}.get(_plain(item.get("holds")), "failed")
    name = element("strong", said(_plain(item.get("rule"))))
    return element("li", name, f" {holds}", element("ul", {"class": "conditions"}, conditions))


def _called(call: Mapping[str, object]) -> str:
    arguments = _mapping(call.get("args"))
    return f"{_plain(call.get('tool'))}({', '.join(f'{name}: {_short(value)}' for name, value in arguments.items())})"


def _row(name: str, value: Content) -> Markup:
    return element("tr", element("th", {"scope": "row"}, said(name)), element("td", value))


def _value(value: object) -> Markup:
    return element("span", {"class": "value"}, said(value_text(value)))


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value_text(value)
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"  # letters that fit on a line


def _plain(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else value_text(value)


def _member(value: Mapping[str, object] | None, name: str) -> object:
    return None if value is None else value.get(name)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _entries(value: object) -> Sequence[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

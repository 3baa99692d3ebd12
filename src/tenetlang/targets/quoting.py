"""A policy as it stands in a file of another language: one string literal of ASCII, and nothing that its host could read otherwise.

Numbers of JSON are read by JavaScript as doubles. The few whole numbers of a policy's own fields that are larger than doubles can
count (`within 200d` in nanoseconds) are written as values of the policy are, `{"int": "17280000000000000"}`.
"""

from __future__ import annotations

import json
from typing import Final

from tenetlang.decision_tree.json_form import canonical, to_json
from tenetlang.decision_tree.tree import Policy

_EXACT: Final = 2**53 - 1


def quoted_policy(policy: Policy) -> str:
    """The policy's JSON form as a string literal that Python and JavaScript read alike."""
    return quoted(canonical(_with_exact_numbers(to_json(policy))).decode("ascii"))


def quoted(text: str) -> str:
    """The text as a string literal of ASCII that Python and JavaScript read alike. Text beyond ASCII is refused, because the
    two write it differently; `<` is escaped, so that no browser sees the end of a script in it."""
    if not text.isascii():
        raise ValueError("only ASCII can be quoted for every language")
    return json.dumps(text).replace("<", "\\u003c")


def _with_exact_numbers(form: object) -> object:
    match form:
        case dict():
            return {name: _with_exact_numbers(inner) for name, inner in form.items()}
        case list():
            return [_with_exact_numbers(inner) for inner in form]
        case int() if not -_EXACT <= form <= _EXACT:
            return {"int": str(form)}
        case _:
            return form

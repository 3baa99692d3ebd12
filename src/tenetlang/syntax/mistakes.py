"""From the place where the parser stopped to a finding in the author's words.

The parser knows the terminals that could have come next, some forty of them inside a rule. Authors think in ideas: a
condition, a type, the name of a rule. So the set is covered, the largest idea first, with rules of the grammar: where
all that an expression can begin with would do, `an expression` is expected. Words of the language that remain are
named as they are written. What can follow is asked of the tables exactly, by trying each terminal on the stack of
states as it was before the wrong token.

Before that come the slips that are well known: `=` for `==`, `&&`, a forgotten `if`, two conditions on a line, habits
of Rego and of other languages. Each is told from the token, its neighbours and what could have followed, and gets a
suggestion. What the token itself is, a string without an end or a stray character, comes first of all.
"""

from __future__ import annotations

import functools
import re
from string import ascii_lowercase

from tenetlang.frozen import frozen
from tenetlang.report.finding import Finding
from tenetlang.report.nearest import nearest
from tenetlang.syntax.literals import unseen
from tenetlang.syntax.machine import Refused, Stop
from tenetlang.syntax.tables import END, STRAY, tables
from tenetlang.syntax.tokens import (
    CLOSING,
    DEEPEST,
    NEWLINE,
    STRAY_BRACKET,
    TOO_DEEP,
    Brackets,
    Token,
    lexicon,
    tokens,
)
from tenetlang.text import Span, Text

# Rules of the grammar as ideas: an idea is expected where all that the rule can begin with would do.
_IDEAS = (
    ("argument", "an expression"),
    ("word", "a name"),
    ("declaration", "a declaration"),
    ("claim_statement", "a condition"),
    ("statement", "a condition"),
    ("expression", "an expression"),
    ("signed", "a value"),
    ("postfix", "a value"),
    ("test_statement", "`call`, `with`, `let`, `expect`"),
    ("for_declaration", "a rule, a `let`, a `counter`"),
    ("type_form", "a type"),
    ("plain_type", "a type"),
    ("alternatives", "a tool, a type or `present`"),
    ("name", "a name"),
    ("tool_name", "the name of a tool"),
    ("free_name", "a name"),
    ("verdict", "`allow`, `deny` or `escalate`"),
    ("template", "a text in quotes"),
)
_OPERATORS = ("or", "and", "compare", "or_sign", "and_sign", "additive", "multiplicative", "otherwise")
_SAID_AS_WELL = {"alternatives": frozenset({"NOT", "PRESENT"})}
_GOES_ON = {"DOT", "QMARK", "QUESTION_MARK", "LSQB", "VBAR"}  # what may always follow is no help
_MOST_IDEAS = 5
_VERDICTS = {"ALLOW", "DENY", "ESCALATE"}

# What other languages write, and what it is here.
_ELSEWHERE = {
    "&&": ("an operator", "`and`"),
    "||": ("an operator", "`or`"),
    "!": ("an expression", "`not`"),
    ":=": ("`=`", "`let NAME = …` to name a value, `==` to compare"),
    "===": ("an operator", "`==`"),
    "!==": ("an operator", "`!=`"),
    "<>": ("an operator", "`!=`"),
    "=<": ("an operator", "`<=`"),
    "//": ("an operator", "`#` to begin a comment, `floor_div(a, b)` to divide without a rest"),
    "/*": ("an operator", "`#` to begin a comment"),
    "**": ("an operator", "a product"),
    "^": ("an operator", "`!=` between two conditions"),
    "~": ("an operator", "`like` or `matches`"),
    "::": ("an operator", "`.`"),
}


@frozen
class Situation:
    """What is known where the parser stopped."""

    text: Text
    kind: str
    word: str
    at: Span
    before: tuple[Token, ...]  # the tokens of the declaration so far
    accepted: frozenset[str]

    def previous(self, back: int = 1) -> str:
        """The kind of an earlier token, empty where there is none."""
        return self.before[-back][0] if len(self.before) >= back else ""

    @property
    def same_line(self) -> bool:
        """Whether the token stands on the line of the one before."""
        if not self.before:
            return False
        return "\n" not in self.text.content[self.before[-1][3] : self.at.start]


def explain(result: Stop | Refused, began: int, brackets: Brackets, text: Text) -> Finding:
    """The finding for what ended the reading of something that began at `began`."""
    if isinstance(result, Refused):
        return result.finding
    kind, word, start, end = result.token
    at = _place(text, kind, word, start, end)
    before = []
    for token in tokens(text, began, start, Brackets(), []):
        if token[0] == END:
            break
        before.append(token)
    situation = Situation(text, kind, word, at, tuple(before), _accepted(result.states))
    return (
        _unreadable(situation, brackets)
        or _unclosed(situation, brackets)
        or _slip(situation)
        or _reserved(situation)
        or _usual(situation)
    )


def missing_package(at: Span) -> Finding:
    """The finding for a file that does not begin with its package; `at` is what stands there instead."""
    word = at.source.split(None, 1)
    details = {
        "expected": "`package` and the name of the package",
        "suggestion": "`package acme.support` on the first line",
    }
    if not word:
        return Finding("syntax-error", at, details, "end")
    return Finding(
        "syntax-error", Span(at.text, at.start, at.start + len(word[0])), {"found": f"`{word[0]}`", **details}
    )


def late_package(at: Span, first: Span | None) -> Finding:
    """The finding for a package line below other declarations, or for a second one."""
    if first is not None:
        return Finding("syntax-error", at, {"found": "the name of the package"}, "twice", (("first", first),))
    details = {"found": "the name of the package", "expected": "a declaration", "suggestion": "it on the first line"}
    return Finding("syntax-error", at, details)


def open_hole(at: Span) -> Finding:
    """The finding for a hole that its text does not close; `at` is the opening brace."""
    return Finding("unclosed-bracket", at, {"bracket": "{", "closing": "}"})


def _place(text: Text, kind: str, word: str, start: int, end: int) -> Span:
    """The place to show: no newline, and the end of the text behind the last thing that stands there."""
    if kind == END and not word:
        last = len(text.content[:end].rstrip())
        return Span(text, last, last)
    if word == "\n":
        return Span(text, start, start)
    return Span(text, start, end)


def _accepted(states: tuple[int, ...]) -> frozenset[str]:
    """The terminals that could come next."""
    found = tables()
    rows, productions = found.rows, found.productions

    def fits(kind: str) -> bool:
        stack = list(states)
        while True:
            action = rows[stack[-1]].get(kind)
            if action is None:
                return kind == END and stack[-1] in found.end
            if action >= 0:
                return True
            production = productions[~action]
            del stack[len(stack) - production.length :]
            stack.append(rows[stack[-1]][production.rule])

    return frozenset(kind for kind in rows[states[-1]] if not kind.islower() and "{" not in kind and fits(kind))


# ------------------------------------------------------------------------------------------------ what the token is


def _unreadable(situation: Situation, brackets: Brackets) -> Finding | None:
    """What is wrong with the token itself."""
    at, word = situation.at, situation.word
    match situation.kind:
        case kind if kind == STRAY:
            return _stray(situation)
        case kind if kind == TOO_DEEP:
            return Finding("file-too-large", at, {"limit": str(DEEPEST)}, "depth")
        case kind if kind == STRAY_BRACKET:
            if not brackets.open:
                return Finding("unclosed-bracket", at, {"bracket": word}, "unopened")
            sign, start = brackets.open[-1]
            details = {"found": word, "bracket": sign, "closing": CLOSING[sign]}
            opened = Span(at.text, start, start + 1)
            return Finding("unclosed-bracket", at, details, "mismatch", (("opened", opened),))
        case "MISTAKEN_NUMBER":
            if re.fullmatch(r"[0-9]+[A-Za-zµ]+(?:[0-9]+[A-Za-z]+)*", word):
                return Finding("bad-literal", at, {"literal": word}, "duration")
            return Finding("bad-literal", at, {"literal": word, **_plainer(word)}, "number")
        case "MISTAKEN_TIME":
            return Finding("bad-literal", at, {"literal": word}, "time")
        case "MISTAKEN_STRING":
            quoted = '"' + word[1:-1].replace('"', '\\"') + '"'
            details = {
                "found": f"`{_short(word)}`",
                "expected": "a string in double quotes",
                "suggestion": f"`{quoted}`",
            }
            return Finding("syntax-error", at, details)
        case _:
            return None


def _plainer(word: str) -> dict[str, str]:
    digits = re.fullmatch(r"0*([0-9]+)(?:_|(\.[0-9]+))?", re.sub(r"_+", "_", word))
    return {"suggestion": digits[1] + (digits[2] or "")} if digits else {}


def _stray(situation: Situation) -> Finding:
    at, word, content = situation.at, situation.word, situation.text.content
    if word in "\"'`":
        end = content.find("\n", at.start)
        line = content[at.start : len(content) if end < 0 else end].rstrip()
        return Finding("unterminated-string", Span(at.text, at.start, at.start + len(line)))
    if not word.isascii() and (word.isalpha() or word.isalnum()) and unseen(at).variant == "":
        return Finding("bad-character", at, dict(unseen(at).details), "name")
    return unseen(at)


# -------------------------------------------------------------------------------------------------------- brackets


def _unclosed(situation: Situation, brackets: Brackets) -> Finding | None:
    """A bracket that was not closed before the declaration, or the line, came to its end."""
    if not brackets.open:
        return None
    sign, start = brackets.open[-1]
    missing = CLOSING[sign]
    ends = situation.kind == END
    overran = sign != "{" and not situation.same_line and tables().words[missing] in situation.accepted
    if not (ends or overran):
        return None
    opening = Span(situation.text, start, start + 1)
    here = situation.at
    if overran and situation.before:
        last = situation.before[-1]
        here = Span(situation.text, last[3], last[3])
    details = {"bracket": sign, "closing": missing}
    following = situation.text.content[here.end :].lstrip("\n ")
    word = following[: len(following) - len(following.lstrip(ascii_lowercase))]
    if ends and sign == "{" and word:
        details["declaration"] = word
    return Finding("unclosed-bracket", opening, details, also=(("here", here),))


# ----------------------------------------------------------------------------------------------------------- slips


def _slip(situation: Situation) -> Finding | None:
    """A slip that many make, with what to write instead."""
    slip = (
        _foreign(situation)
        or _of_a_head(situation)
        or _of_a_condition(situation)
        or _of_a_tool(situation)
        or _of_a_line(situation)
    )
    if slip is None:
        return None
    expected, suggestion = slip
    details = {"found": _found(situation), "expected": expected or _expected(situation.accepted)}
    return Finding("syntax-error", situation.at, {**details, "suggestion": suggestion})


def _foreign(situation: Situation) -> tuple[str, str] | None:
    gives_value = situation.word in {"=", ":="}
    if gives_value and situation.previous() in _VERDICTS and situation.previous(2) == "DEFAULT":
        return "the end of the line", "`default deny`; a default is a verdict, not a value"
    if situation.kind == "MISTAKEN_OPERATOR":
        return _ELSEWHERE.get(situation.word)
    if situation.kind == "EQUAL" and tables().words["=="] in situation.accepted:
        return "an operator", "`==` to compare, or `let NAME = …` to name a value"
    return None


def _of_a_head(situation: Situation) -> tuple[str, str] | None:
    kind, accepted = situation.kind, situation.accepted
    if kind in {"IF", "LBRACE"} and situation.previous() in _VERDICTS and "NAME" in accepted:
        verdict = situation.before[-1][1]
        return "the name of the rule", f"`{verdict} NAME if {{ … }}`"
    if kind == "LBRACE" and "IF" in accepted:
        return "`if`", "`if` before the block"
    if accepted == {"LBRACE"}:
        return "`{` to begin the block", "the conditions in braces, `{ … }`"
    return None


def _of_a_condition(situation: Situation) -> tuple[str, str] | None:
    if situation.kind in {NEWLINE, END, "SEMICOLON", "RBRACE"} and "IN" in situation.accepted:
        names = "".join(token[1] + (" " if token[0] == "COMMA" else "") for token in _since(situation, "SOME"))
        if names:
            return "`in` and what to look through", f"`some {names} in …`"
    return None


def _since(situation: Situation, kind: str) -> tuple[Token, ...]:
    """The last few tokens, from behind that kind."""
    for back in range(1, 5):
        if situation.previous(back) == kind:
            return situation.before[len(situation.before) - back + 1 :]
    return ()


def _of_a_tool(situation: Situation) -> tuple[str, str] | None:
    """`tool is get-issue` without quotes."""
    if situation.kind not in {"MINUS", "SLASH", "COLON"} or not situation.same_line:
        return None
    words = {"IS", "TOOL", "CALL", "OF", "FOR", "VBAR"}
    if not any(situation.previous(back) in words for back in range(2, 7)):
        return None
    content = situation.text.content
    start = situation.before[-1][2]
    while start > 0 and re.match(r"[\w.]", content[start - 1]):
        start -= 1
    name = re.compile(r"[\w./:-]+").match(content, start)
    return ("a name in quotes", f'`"{name[0]}"`') if name and situation.kind not in situation.accepted else None


def _of_a_line(situation: Situation) -> tuple[str, str] | None:
    accepted, kind = situation.accepted, situation.kind
    if situation.same_line and "SEMICOLON" in accepted and kind in tables().first["statement"]:
        return "the end of the line", "`;` or a new line between two conditions"
    if kind == NEWLINE and "COMMA" in accepted and "NEWLINE" not in accepted:
        return "`,`" + (" or `}`" if "RBRACE" in accepted else ""), "a comma at the end of the line"
    return None


def _reserved(situation: Situation) -> Finding | None:
    """A word of the language as a name."""
    kind, accepted = situation.kind, situation.accepted
    if kind not in tables().classes["reserved"] or "NAME" not in accepted or "NUMBER" in accepted:
        return None
    if "STRING" in accepted and "SET" not in accepted:
        return Finding("reserved-word", situation.at, {"word": situation.word}, "tool")
    return Finding("reserved-word", situation.at, {"word": situation.word})


# ------------------------------------------------------------------------------------------------ expected and found


def _usual(situation: Situation) -> Finding:
    expected = _expected(situation.accepted)
    if situation.kind == END and not situation.word:
        return Finding("syntax-error", situation.at, {"expected": expected}, "end")
    details = {"found": _found(situation), "expected": expected}
    if situation.kind == "NAME":
        meant = nearest(situation.word, sorted(tables().spelling[kind] for kind in _words_of(situation.accepted)))
        if meant is not None:
            return Finding("syntax-error", situation.at, {**details, "suggestion": f"`{meant}`"}, "word")
        if not situation.before:
            return Finding("syntax-error", situation.at, details, "word")
    return Finding("syntax-error", situation.at, details)


def _found(situation: Situation) -> str:
    if situation.word == "\n":
        return "the end of the line"
    if situation.kind == END and not situation.word:
        return "the end of the text"
    return f"`{_short(situation.word)}`"


def _short(word: str) -> str:
    return word if len(word) <= 40 else f"{word[:39]}…"


def _words_of(accepted: frozenset[str]) -> list[str]:
    spelling = tables().spelling
    return [kind for kind in accepted if spelling.get(kind, "").isidentifier()]


@functools.cache
def _operators() -> frozenset[str]:
    first = tables().first
    return frozenset().union(*(first[rule] for rule in _OPERATORS), {"IS", "HAS"})


def _expected(accepted: frozenset[str]) -> str:
    """What could have come, as ideas: `an expression`, ``an operator, `}` or the end of the line``."""
    left = set(accepted) - {"AT"} if len(accepted) > 1 else set(accepted)
    ideas: list[str] = []
    if "FN" in left and not tables().first["word"] <= left:  # behind annotations
        ideas.append("a declaration")
        left -= lexicon().begins_declaration | {"LPAR", NEWLINE}
    for rule, words in _IDEAS:
        first = tables().first[rule] - {"AT"}
        if first <= left:
            ideas.append(words)
            left -= first | _SAID_AS_WELL.get(rule, frozenset())
    if _operators() & left and len(_operators() & left) > 2:
        ideas.append("an operator")
        left -= _operators() | {"DOT", "LPAR", "LSQB", "QMARK"}
    if "NAME" in left:
        ideas.append("a name")
        left = {kind for kind in left if kind not in tables().first["word"]}
    if "STRING" in left:
        ideas.append("a string")
    ends = left & {NEWLINE, END, "SEMICOLON"}
    left -= {"STRING", *ends}
    left = left - _GOES_ON or left
    spelling = tables().spelling
    ideas += [f"`{text}`" for text in sorted(spelling[kind] for kind in left if kind in spelling)]
    if ends:
        ideas.append("the end of the line")
    ideas = list(dict.fromkeys(ideas))[:_MOST_IDEAS]
    return " or ".join(filter(None, (", ".join(ideas[:-1]), ideas[-1]))) if ideas else "nothing more"

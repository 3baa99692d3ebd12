"""Checks of `syntax/`: what is wrong before anything has a meaning."""

from __future__ import annotations

from tenetlang.report.catalogue.check import Wording, check

_OPENED = {"opened": "opened here", "declaration": "in this declaration", "first": "the first one"}

CHECKS = (
    check(
        "syntax-error",
        usual=Wording(
            "{found} stands where {expected} belongs",
            "expected {expected}",
            also=_OPENED,
            help=("?write {suggestion}",),
        ),
        end=Wording(
            "the file ends where {expected} belongs",
            "expected {expected}",
            also=_OPENED,
            help=("?write {suggestion}",),
        ),
        twice=Wording(
            "{found} stands twice",
            "the second one",
            also=_OPENED,
            help=("keep one of them",),
        ),
        after_else=Wording(
            "an arm stands after `else`",
            "never reached",
            also={"first": "takes everything"},
            help=("let `else` be the last arm",),
        ),
        word=Wording(
            "{found} is not a word of the language here",
            "expected {expected}",
            also=_OPENED,
            help=("?write {suggestion}",),
        ),
    ),
    check(
        "unclosed-bracket",
        usual=Wording(
            "`{bracket}` is never closed",
            "opened here",
            also={"here": "?`{closing}` belongs before this", "declaration": "in this declaration"},
            why=("?The word `{declaration}` in the first column begins a new declaration.",),
            help=("?write `{closing}` where it ends", "?indent `{declaration}`, where it belongs inside"),
        ),
        unopened=Wording(
            "`{bracket}` closes nothing",
            "nothing is open here",
            also=_OPENED,
            help=("take it out, or write its opening bracket",),
        ),
        mismatch=Wording(
            "`{found}` stands where `{bracket}` is still open",
            "?expected `{closing}`",
            also={"opened": "`{bracket}` opened here"},
            help=("?write `{closing}`",),
        ),
    ),
    check(
        "unterminated-string",
        usual=Wording(
            "a string has no end",
            "opened here, and the line ends",
            why=("A string ends on the line on which it begins.",),
            help=('close it with `"`, and write a line break inside it as `\\n`',),
        ),
    ),
    check(
        "bad-escape",
        usual=Wording(
            "`{escape}` is not an escape",
            "unknown escape",
            why=("A backslash in a string begins an escape, so that no character is dropped unseen.",),
            help=("write a backslash itself as `\\\\`",),
        ),
        codepoint=Wording(
            "`{escape}` names no character",
            "not a Unicode scalar value",
            why=("Characters run from `\\u{{0}}` to `\\u{{10FFFF}}`; the surrogates D800 to DFFF are none.",),
        ),
        template=Wording(
            "`{escape}` does not close a hole",
            "a brace that means itself stands twice",
            why=("In a text for people, `{{` opens a hole that shows a value, and `}}` closes it.",),
            help=("write a brace that means itself as `{{{{` or `}}}}`",),
        ),
        hole=Wording(
            "`{escape}` stands in a hole, where nothing is escaped",
            "no escape here",
            why=("A hole holds an expression as it is written anywhere else.",),
            help=('put the whole text in backticks, and write `"` as it is',),
        ),
    ),
    check(
        "bad-literal",
        usual=Wording("`{literal}` is not {expected}", "not {expected}", help=("?write `{suggestion}`",)),
        number=Wording(
            "`{literal}` is not a number",
            "not a number",
            why=("A number is digits, and a point with digits on both its sides if it is a decimal.",),
            help=("?write `{suggestion}`",),
        ),
        duration=Wording(
            "`{literal}` is not a duration",
            "not a duration",
            why=("A duration is whole numbers with their units, the greatest first.",),
            help=("write it like `30m`, `24h` or `1h30m`",),
        ),
        time=Wording(
            "`{literal}` is not a date or a time",
            "not a date or a time",
            why=("Dates and times are those of RFC 3339, from 1678 to 2261.",),
            help=("write it like `2027-01-01`",),
        ),
        range=Wording(
            "`{literal}` is outside the range of `{type}`",
            "too large or too small",
            why=("?A `{type}` holds {limit}.",),
        ),
    ),
    check(
        "bad-character",
        usual=Wording("{character} has no place in a policy", "not part of the language", help=("take it out",)),
        name=Wording(
            "a name holds {character}",
            "names are letters `a` to `z`, digits and `_`",
            why=("Letters of other scripts can look the same and differ, so that two names read as one.",),
            help=("spell the name in ASCII; strings and comments hold any script",),
        ),
        invisible=Wording(
            "the text holds {character}, which nobody sees",
            "here",
            why=("A reader approves what is seen, so a policy holds nothing that is not.",),
            help=("?inside a string, write it as `{escape}`", "outside of strings, take it out"),
        ),
        bidi=Wording(
            "the text holds {character}, which reorders what follows on the screen",
            "here",
            why=(
                "Direction controls let a policy read differently from what it does",
                "(Trojan Source, CVE-2021-42574).",
            ),
            help=("?inside a string, write it as `{escape}`", "outside of strings, take it out"),
        ),
        control=Wording(
            "the text holds {character}",
            "a control character",
            why=("Control characters can rewrite what a terminal shows.",),
            help=("?inside a string, write it as `{escape}`", "outside of strings, take it out"),
        ),
    ),
    check(
        "reserved-word",
        usual=Wording(
            "`{word}` is a word of the language and can't name anything here",
            "reserved",
            help=("?choose another name, such as `{suggestion}`",),
        ),
        tool=Wording(
            "`{word}` is a word of the language and needs quotes in the name of a tool",
            "reserved",
            help=('write it as `"{word}"`',),
        ),
    ),
    check(
        "file-too-large",
        usual=Wording(
            "the file holds {found}, and a policy file at most {limit}",
            "the limit is passed here",
            why=("A bound keeps a hostile file from holding up whoever checks it.",),
            help=("divide the package among several files; facts belong in `data`",),
        ),
        depth=Wording(
            "expressions nest deeper than {limit} levels",
            "too deep",
            why=("A bound keeps a hostile file from holding up whoever checks it.",),
            help=("name an inner part with `let`",),
        ),
        count=Wording(
            "there are more than {limit} {what}",
            "the first one too many",
            why=("A bound keeps a hostile file from holding up whoever checks it.",),
        ),
    ),
)

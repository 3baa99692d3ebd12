"""The grammar as tables: what the lexer and the parser run on.

`grammar/tokens.lark` and `grammar/tenet.lark` are the only description of the syntax. Lark reads them and computes the
LALR(1) tables; here these are turned into plain dictionaries, and that is all that Lark does for us: its lexers can
split a word in two, and building its generic parse trees took most of the time.

Computing the tables takes most of a second, reading them back a few milliseconds. So `grammar/tables.json` keeps them,
with a digest of the grammar that they were made from; where the digest differs, Lark computes them anew. The file is
written by `python -m tenetlang.syntax.tables`, and a test holds it to the grammar.

A row of the table maps a terminal to what the parser does (`n >= 0`: shift, and go to state n; `n < 0`: reduce by
production `~n`) and a rule's name to the state that follows it. Terminals are in capitals, rules are not.
"""

from __future__ import annotations

import functools
import hashlib
import re
import sys
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, TypeVar

import attrs
import msgspec

from tenetlang import resources

if TYPE_CHECKING:
    from lark.grammar import Rule
    from lark.lexer import TerminalDef
    from lark.parsers.lalr_analysis import ParseTableBase

State = TypeVar("State", bound=Hashable)

END = "$END"
SIGN = "SIGN"  # the group of the pattern that matches all signs, such as `==`
STRAY = "STRAY"  # the group that matches what is no token at all

_FILES = ("tokens.lark", "tenet.lark")
_STARTS = ("declaration", "expression")
STORED = "tables.json"
_CLASSES = ("reserved", "names_the_next_word", "no_newline_after", "no_newline_before", "begins_declaration")
_ONLY_CLASSES = frozenset(_CLASSES) - {"reserved"}


@attrs.frozen
class Production:
    """One alternative of a rule: `action` is its own name or the rule's, `keep` which of its symbols have a value."""

    rule: str
    action: str
    length: int
    keep: tuple[int, ...]
    annotated: bool


@attrs.frozen
class Tables:
    """What the two grammar files say.

    `pattern` matches any one token, with a group for each terminal that is no fixed text. `words` gives the terminal of each keyword
    and sign, `spelling` the text of each terminal that has only one. `classes` are the token classes of tokens.lark, and `first`
    holds, for each rule, the terminals that it can begin with.
    """

    rows: tuple[Mapping[str, int], ...]
    productions: tuple[Production, ...]
    start: Mapping[str, int]
    end: frozenset[int]
    pattern: str
    words: Mapping[str, str]
    spelling: Mapping[str, str]
    classes: Mapping[str, frozenset[str]]
    first: Mapping[str, frozenset[str]]


@attrs.frozen
class Stored:
    """The tables as they lie in `grammar/tables.json`: symbols by number, and each row once, as symbol, action, …"""

    digest: str
    symbols: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]
    row_of_state: tuple[int, ...]
    tables: Tables


@functools.cache
def tables() -> Tables:
    """The tables of the grammar, made once for each process."""
    grammar = grammar_text()
    try:
        stored = msgspec.json.decode(resources.grammar_text(STORED), type=Stored)
    except (FileNotFoundError, msgspec.DecodeError):  # it is only a shortcut
        return compute(grammar)
    if stored.digest != digest(grammar):
        return compute(grammar)
    rows = [
        {stored.symbols[symbol]: action for symbol, action in zip(row[::2], row[1::2], strict=True)}
        for row in stored.rows
    ]
    return attrs.evolve(stored.tables, rows=tuple(rows[number] for number in stored.row_of_state))


def grammar_text() -> str:
    """The two files of the grammar, which are one."""
    return "".join(resources.grammar_text(name) for name in _FILES)


def digest(grammar: str) -> str:
    """What `tables.json` is held to."""
    return hashlib.sha256(grammar.encode()).hexdigest()


def compute(grammar: str) -> Tables:
    """The tables of that grammar text, computed by Lark. Raises lark's GrammarError where it is not LALR(1)."""
    from lark.common import ParserConf
    from lark.load_grammar import load_grammar
    from lark.parsers.lalr_analysis import LALR_Analyzer

    loaded, _ = load_grammar(grammar, "tenet.lark", [], global_keep_all_tokens=False)  # type: ignore[no-untyped-call]
    terminals, rules, ignored = loaded.compile([*_STARTS, *_CLASSES], "*")
    of_syntax = sorted((rule for rule in rules if rule.origin.name not in _ONLY_CLASSES), key=str)
    analyzer = LALR_Analyzer(ParserConf(of_syntax, {}, list(_STARTS)), strict=True)
    analyzer.compute_lalr()  # type: ignore[no-untyped-call]
    rows, start, end = _in_order(analyzer.parse_table, {rule: number for number, rule in enumerate(of_syntax)})
    words = {
        str(terminal.name): str(terminal.pattern.value) for terminal in terminals if terminal.pattern.type == "str"
    }
    return Tables(
        rows=rows,
        productions=tuple(_production(rule) for rule in of_syntax),
        start=start,
        end=end,
        pattern=_pattern(terminals, ignored),
        words={text: name for name, text in words.items()},
        spelling=words,
        classes={
            name: frozenset(str(rule.expansion[0].name) for rule in rules if rule.origin.name == name)
            for name in _CLASSES
        },
        first={
            str(symbol.name): frozenset(str(terminal.name) for terminal in found if terminal.is_term)
            for symbol, found in analyzer.FIRST.items()
            if not symbol.is_term
        },
    )


def _in_order(
    table: ParseTableBase[State], numbers: dict[Rule, int]
) -> tuple[tuple[Mapping[str, int], ...], dict[str, int], frozenset[int]]:
    """The rows with states in the order in which they are met, so that the same grammar always gives the same tables."""
    from lark.parsers.lalr_analysis import Shift

    order = {state: number for number, state in enumerate(table.start_states.values())}
    waiting = list(order)
    for state in waiting:
        for _, (action, argument) in sorted(table.states[state].items()):
            if action is Shift and argument not in order:
                order[argument] = len(order)
                waiting.append(argument)
    rows = tuple(
        {
            str(symbol): order[argument] if action is Shift else ~numbers[argument]
            for symbol, (action, argument) in sorted(table.states[state].items())
        }
        for state in waiting
    )
    start = {str(name): order[state] for name, state in table.start_states.items()}
    return rows, start, frozenset(order[state] for state in table.end_states.values())


def _production(rule: Rule) -> Production:
    from lark.grammar import Terminal

    symbols = rule.expansion
    kept = (
        number
        for number, symbol in enumerate(symbols)
        if not (symbol.filter_out if isinstance(symbol, Terminal) else symbol.name.startswith("_"))
    )
    return Production(
        rule=str(rule.origin.name),
        action=str(rule.alias or rule.origin.name),
        length=len(symbols),
        keep=tuple(kept),
        annotated=bool(symbols) and symbols[0].name == "annotations",
    )


def _pattern(terminals: list[TerminalDef], ignored: list[str]) -> str:
    """One regular expression for any token: the patterns by their priority in the grammar, all signs as one group
    behind those of priority 5 and more, and last any other character.
    """
    assert set(ignored) == {"BLANK", "COMMENT"}
    blank = next(terminal.pattern for terminal in terminals if terminal.name == "BLANK")
    patterns = [t for t in terminals if t.pattern.type == "re" and t.name != "BLANK"]
    patterns.sort(key=lambda terminal: (-terminal.priority, -terminal.pattern.max_width, terminal.name))
    groups = [(t.priority, f"(?P<{t.name}>{t.pattern.to_regexp()})") for t in patterns]
    signs = [t.pattern.value for t in terminals if t.pattern.type == "str" and not t.pattern.value.isidentifier()]
    longer = [re.escape(sign) for sign in sorted(signs) if len(sign) > 1]
    single = "".join(re.escape(sign) for sign in sorted(signs) if len(sign) == 1)
    choices = (
        *(group for priority, group in groups if priority >= 5),
        f"(?P<{SIGN}>{'|'.join(longer)}|[{single}])",
        *(group for priority, group in groups if priority < 5),
        f"(?P<{STRAY}>[^ \\t])",
    )
    return f"(?:{blank.to_regexp()})?(?:{'|'.join(choices)})"


def store(made: Tables, made_from: str) -> bytes:
    """The bytes of `grammar/tables.json` for these tables."""
    symbols = tuple(sorted({symbol for row in made.rows for symbol in row}))
    numbers = {symbol: number for number, symbol in enumerate(symbols)}
    rows: dict[tuple[int, ...], int] = {}
    of_state = [
        rows.setdefault(tuple(n for symbol in sorted(row) for n in (numbers[symbol], row[symbol])), len(rows))
        for row in made.rows
    ]
    stored = Stored(
        digest=digest(made_from),
        symbols=symbols,
        rows=tuple(rows),
        row_of_state=tuple(of_state),
        tables=attrs.evolve(made, rows=()),
    )
    return msgspec.json.encode(stored, order="deterministic") + b"\n"


if __name__ == "__main__":
    text = grammar_text()
    sys.stdout.buffer.write(store(compute(text), text))

"""What databases can say, of what policies need. Others than these are refused: nobody has looked whether they say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from tenetlang.frozen import frozen
from tenetlang.values.pattern_syntax import AnyOf, Choice, Empty, PatternSyntax, Repeat, Sequence
from tenetlang.values.pattern_syntax import Literal as LiteralText
from tenetlang.values.patterns import re2_text

Engine: TypeAlias = Literal["re2", "java"]


@frozen
class Dialect:
    """`name` is sqlglot's. `engine` matches regular expressions: RE2 in linear time, or Java's, which goes back and forth.
    `lists`: a list may be NULL, which an absent one is; without that, lists stand as JSON text and
    are left to the evaluator. `products`: a product of two whole numbers of 64 bits can be
    computed without an error. `tested`: the answers of this database are compared with the evaluator's by the project's tests."""

    name: str
    engine: Engine
    lists: bool
    products: bool
    tested: bool


DIALECTS: Final[Mapping[str, Dialect]] = {
    "duckdb": Dialect("duckdb", "re2", lists=True, products=True, tested=True),
    "spark": Dialect("spark", "java", lists=True, products=True, tested=True),
    "bigquery": Dialect("bigquery", "re2", lists=False, products=False, tested=False),
    "clickhouse": Dialect("clickhouse", "re2", lists=False, products=False, tested=True),
}


def reads_alike(dialect: Dialect, syntax: PatternSyntax) -> bool:
    """Whether the dialect's engine can be trusted with the pattern: Java's not where it repeats what has a choice or a repetition
    inside, for which it may take exponential time and a deep stack."""
    return dialect.engine == "re2" or _is_flat(syntax)


def pattern_text(dialect: Dialect, syntax: PatternSyntax) -> str:
    """The pattern in the notation of both engines. What Java would make a group of is a class, over which it does not recurse."""
    written = re2_text(syntax)
    return written if dialect.engine == "re2" else written.replace("(?s:.)", r"[\x{0}-\x{10FFFF}]")


def _is_flat(syntax: PatternSyntax) -> bool:
    match syntax:
        case Empty() | LiteralText() | AnyOf():
            return True
        case Sequence(parts):
            return all(map(_is_flat, parts)) and sum(_is_open(part) for part in parts) <= 3
        case Choice(options):
            return all(map(_is_flat, options)) and not any(map(_has_open, options))
        case Repeat(of):
            return isinstance(of, AnyOf) or (isinstance(of, LiteralText) and len(of.text) == 1)


def _is_open(syntax: PatternSyntax) -> bool:
    return isinstance(syntax, Repeat) and syntax.most != syntax.least


def _has_open(syntax: PatternSyntax) -> bool:
    match syntax:
        case Sequence(parts):
            return any(map(_has_open, parts))
        case Choice(options):
            return any(map(_has_open, options))
        case _:
            return _is_open(syntax)

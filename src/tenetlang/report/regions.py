"""Regions of requests in words: `args.amount above 50 and up to 100, agent.team is "finance"`.

Terms and values are texts of the language and are shown as they are; what they hold may come from anybody, so whoever prints
the words passes them through `visible`. The words are the same for the same pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tenetlang.report.pieces import (
    Fitting,
    HasMember,
    Holds,
    Interval,
    OneOf,
    Piece,
    Presence,
    Relation,
    Several,
    Within,
)

_MOST_VALUES: Final = 8
_UNTOLD: Final = "…"


def region_words(pieces: Iterable[Piece]) -> str:
    """The pieces of a region, joined; a region without any is all requests.

    What only an evaluator understands has no words: then the region is some of what the others say.
    """
    listed = list(pieces)
    told = [piece for piece in listed if not _is_untold(piece)]
    words = ", ".join(map(piece_words, told)) or "every request"
    if len(told) == len(listed):
        return words
    return f"some of: {words}" if told else "some requests"


def _is_untold(piece: Piece) -> bool:
    """Whether the piece speaks of something that no text of a policy stands for."""
    match piece:
        case Within(term) | OneOf(term) | Holds(term) | Presence(term) | Fitting(term):
            return term == _UNTOLD
        case Relation(left, _, right):
            return _UNTOLD in (left, right)
        case _:
            return False


def piece_words(piece: Piece) -> str:
    """One piece in words."""
    match piece:
        case Within(term, intervals):
            return f"{term} {' or '.join(map(_interval, intervals))}"
        case OneOf(term, values, other):
            return _one_of(term, values, other=other)
        case Holds(text, holds):
            return (
                f"{text} {'holds' if holds else 'does not hold'}" if " " in text or "(" in text else _flag(text, holds)
            )
        case Presence(term, there):
            return f"{term} is {'there' if there else 'left out'}"
        case Fitting(term, kind, pattern, segment, fits):
            of = f"some of {term}.{segment}" if segment else term
            word = "like" if kind == "like" else "matching"
            return f"{of} {'' if fits else 'not '}{word} {pattern}"
        case Relation(left, operator, right):
            return f"{left} {operator} {right}"
        case HasMember():
            return _members(piece)
        case Several(kind, items):
            return f" {'and' if kind == 'all' else 'or'} ".join(map(_grouped, items))


def _flag(text: str, holds: bool) -> str:
    return f"{text} is {'true' if holds else 'false'}"


def _grouped(piece: Piece) -> str:
    return f"({piece_words(piece)})" if isinstance(piece, Several) else piece_words(piece)


def _one_of(term: str, values: Sequence[str], *, other: bool) -> str:
    shown = values if len(values) <= _MOST_VALUES else values[: _MOST_VALUES - 1]
    more = "" if len(values) <= _MOST_VALUES else f" and {len(values) - len(shown)} more"
    if len(values) == 1:
        return f"{term} is {'not ' if other else ''}{values[0]}"
    return f"{term} is {'none' if other else 'one'} of {', '.join(shown)}{more}"


def _interval(interval: Interval) -> str:
    low, high = interval.low, interval.high
    if low is None and high is None:
        return "any"
    if low is None:
        return f"{'up to' if interval.high_included else 'below'} {high}"
    if high is None:
        return f"{'at least' if interval.low_included else 'above'} {low}"
    if interval.low_included and interval.high_included:
        return f"from {low} to {high}"
    first = f"{'at least' if interval.low_included else 'above'} {low}"
    return f"{first} and {'up to' if interval.high_included else 'below'} {high}"


# --------------------------------------------------------------------------------------------------------------- members


def _members(piece: HasMember) -> str:
    collection, member, such = piece.collection, piece.member, piece.such
    match such:
        case (OneOf(term, (value,), False),) if term == member:
            return f"{collection} {'has' if piece.has else 'has no'} {value}"
        case (OneOf(term, values, False),) if term == member and not piece.has:
            return f"{collection} has none of {', '.join(values)}"
        case ():
            return f"{collection} has {'some' if piece.has else 'no'} {member}"
        case _:
            pass
    if piece.has:
        return f"some {member} in {collection} where {_with(such)}"
    opposite = _opposite(such[0]) if len(such) == 1 else None
    if opposite is not None:
        return f"for every {member} in {collection} {_with((opposite,))}"
    return f"no {member} in {collection} where {_with(such)}"


def _with(pieces: Sequence[Piece]) -> str:
    return " and ".join(map(_grouped, pieces))


def _opposite(piece: Piece) -> Piece | None:
    """The piece that says the opposite, where that is one piece."""
    match piece:
        case OneOf(term, values, other):
            return OneOf(term, values, other=not other)
        case Holds(text, holds):
            return Holds(text, not holds)
        case Presence(term, there):
            return Presence(term, not there)
        case Fitting(term, kind, pattern, "", fits):
            return Fitting(term, kind, pattern, "", not fits)
        case Within(term, (Interval(None, _, str() as high, included),)):
            return Within(term, (Interval(high, not included, None, False),))
        case Within(term, (Interval(str() as low, included, None, _),)):
            return Within(term, (Interval(None, False, low, not included),))
        case Relation(left, operator, right):
            opposites = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", "<=": ">", ">": "<="}
            return Relation(left, opposites[operator], right)
        case _:
            return None

"""A request without what does not matter: parts are left out one by one, as long as it still shows what it is there to show.

This is the greedy half of delta debugging (Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input*, 2002). No
schema is needed: without a part that is required a request is invalid, and shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import attrs

MOST_TRIES: Final = 200
"""Requests that are shown to the evaluators on the way; what is not done then stays as it is."""

Shows = Callable[[Mapping[str, object], Mapping[str, object]], bool]
Still = Callable[[object], bool]


def shrunk(
    request: Mapping[str, object], documents: Mapping[str, object], shows: Shows
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """The request and the documents with fewer parts; which documents there are stays as it is."""
    shrinking = _Shrinking(MOST_TRIES)
    found = shrinking.shrunk(request, lambda tried: isinstance(tried, Mapping) and shows(tried, documents))
    assert isinstance(found, Mapping)
    kept: dict[str, object] = dict(documents)
    for name in sorted(documents):
        kept[name] = shrinking.shrunk(
            kept[name], partial(_in_mapping, partial(_with_documents, shows, found), kept, name)
        )
    return found, kept


def _with_documents(shows: Shows, request: Mapping[str, object], documents: object) -> bool:
    return isinstance(documents, Mapping) and shows(request, documents)


def _in_mapping(still: Still, around: Mapping[str, object], name: str, tried: object) -> bool:
    return still({**around, name: tried})


def _in_list(still: Still, around: Sequence[object], place: int, tried: object) -> bool:
    return still([*around[:place], tried, *around[place + 1 :]])


@attrs.define
class _Shrinking:
    left: int

    def shrunk(self, value: object, still: Still) -> object:
        match value:
            case Mapping():
                return self._mapping(value, still)
            case list():
                return self._list(value, still)
            case _:
                return value

    def _tried(self, value: object, still: Still) -> bool:
        self.left -= 1
        return self.left >= 0 and still(value)

    def _mapping(self, value: Mapping[str, object], still: Still) -> Mapping[str, object]:
        made = dict(value)
        for name in list(value):
            without = {other: made[other] for other in made if other != name}
            if self._tried(without, still):
                made = without
                continue
            made[name] = self.shrunk(made[name], partial(_in_mapping, still, made, name))
        return made

    def _list(self, value: list[object], still: Still) -> list[object]:
        made = list(value)
        for place in range(len(value) - 1, -1, -1):
            without = made[:place] + made[place + 1 :]
            if self._tried(without, still):
                made = without
                continue
            made[place] = self.shrunk(made[place], partial(_in_list, still, made, place))
        return made

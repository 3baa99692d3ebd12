"""Texts: a text with the patterns it may match, its parts and its length, as the search narrows them and as requests need them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

import attrs

from tenetlang.analysis.languages.find import NO_TEXT, NoText, Undecided, find_text
from tenetlang.analysis.languages.text_types import TEXT_TYPES, embedded, embedded_segment, find_value, language
from tenetlang.analysis.regions import interval, region_of, regions
from tenetlang.analysis.space import FALSE_BIT, TRUE_BIT, Masks, Space, TextGroup
from tenetlang.program import types as t
from tenetlang.values.pattern_syntax import ANYTHING, AnyOf, Literal, PatternSyntax, Repeat, choice, sequence
from tenetlang.values.patterns import matcher
from tenetlang.values.regular_expressions import parse_regex

URL_HOST: Final = "host of a url"
"""The type of `url.host`: a host, or an address of version 6 in brackets, which is no `host` elsewhere."""

_MOST_WORK: Final = 1_500
"""What one question to automata costs at most of a budget."""

_BRACKETED: Final = parse_regex(r"\[[0-9a-f:.]+\]")
_NUMBER: Final = AnyOf(((ord("0"), ord("9")),))
_DOTTED_QUAD: Final = sequence(
    [Repeat(_NUMBER, 1, 3), *(part for _ in range(3) for part in (Literal("."), Repeat(_NUMBER, 1, 3)))]
)


@attrs.define(eq=False)
class Texts:
    """What is known of the texts of one space."""

    space: Space
    found: dict[tuple[object, ...], str | NoText | Undecided] = attrs.field(factory=dict)
    fitting: dict[int, list[tuple[int, ...] | None]] = attrs.field(factory=dict)
    """For each text and each of its constants what `_fit` says."""
    concerned: dict[int, tuple[int, ...]] = attrs.field(factory=dict)
    work: int = 0
    """How much has been asked of automata: they are gone through together, so that more patterns cost more than each alone."""

    def narrow(self, masks: Masks, group: TextGroup) -> bool:
        variable = self.space.variables[group.variable]
        mask = masks[variable.number]
        watched = self._watched(group)
        if (
            all(masks[number] == self.space.variables[number].initial for number in watched)
            and mask == variable.initial
        ) and group.refinement is None:
            return True
        table = self._fitting(group)
        for place in regions(mask & ~variable.other):
            fit = table[place]
            if fit is None or any(not masks[number] & bits for number, bits in zip(watched, fit, strict=True)):
                mask &= ~(1 << place)
        if mask & variable.other and isinstance(self.other_text(masks, group), NoText):
            mask &= ~variable.other
        masks[variable.number] = mask
        if not mask:
            return False
        if not mask & variable.other:
            fits = [fit for place in regions(mask) if (fit := table[place]) is not None]
            for position, number in enumerate(watched):
                allowed = 0
                for fit in fits:
                    allowed |= fit[position]
                masks[number] &= allowed
                if not masks[number]:
                    return False
        return True

    def _watched(self, group: TextGroup) -> list[int]:
        watched = [number for number, _, _ in group.patterns] + [number for _, number in group.parts]
        return watched if group.length is None else [*watched, group.length]

    def _concerned(self, group: TextGroup) -> tuple[int, ...]:
        """All that is said of the text: what is watched, and what is said of its parts and theirs."""
        found = self.concerned.get(group.variable)
        if found is None:
            below = [
                number
                for _, part in group.parts
                for inner in (self.space.groups[place] for place in self.space.variables[part].groups)
                if isinstance(inner, TextGroup) and inner.variable == part
                for number in self._concerned(inner)
            ]
            found = self.concerned[group.variable] = tuple(dict.fromkeys([*self._watched(group), *below]))
        return found

    def _fitting(self, group: TextGroup) -> list[tuple[int, ...] | None]:
        """For each constant of a text, the regions that its patterns, parts and length then have; None for what the
        refinement refuses."""
        found = self.fitting.get(group.variable)
        if found is None:
            values = self.space.variables[group.variable].values
            found = self.fitting[group.variable] = [self._fit(group, value) for value in values]
        return found

    def _fit(self, group: TextGroup, value: object) -> tuple[int, ...] | None:
        bits: list[int] = []
        refinement = group.refinement
        if refinement is not None and not _meets(str(value), refinement):
            return None
        for _, syntax, segment in group.patterns:
            matches = matcher(syntax)
            if segment:
                holds = any(matches(str(item)) for item in getattr(value, segment))
            else:
                holds = matches(str(value))
            bits.append(TRUE_BIT if holds else FALSE_BIT)
        for name, number in group.parts:
            part = getattr(value, name.rstrip("?"), None)
            variable = self.space.variables[number]
            if name.endswith("?"):
                bits.append(FALSE_BIT if part is None else TRUE_BIT)
            elif part is None or isinstance(part, tuple):
                bits.append(variable.full)
            else:
                bits.append(1 << region_of(variable, part))
        if group.length is not None:
            bits.append(1 << region_of(self.space.variables[group.length], len(str(value))))
        return tuple(bits)

    def other_text(self, masks: Masks, group: TextGroup, excluding: Sequence[str] = ()) -> str | NoText | Undecided:
        """A text that is no constant and fits the masks."""
        key = (group.variable, tuple(masks[number] for number in self._concerned(group)), tuple(excluding))
        if key not in self.found:
            self.found[key] = self._find_text(masks, group, excluding)
        return self.found[key]

    def _find_text(self, masks: Masks, group: TextGroup, excluding: Sequence[str]) -> str | NoText | Undecided:
        positive, negative = self.demands(masks, group)
        self.work += min(1 + len(positive) ** 3 // 2 + len(negative), _MOST_WORK)
        values = [str(value) for value in self.space.variables[group.variable].values]
        found: NoText | Undecided = NO_TEXT
        for shortest, longest in self.lengths(masks, group):
            text = text_of(group.type, positive, negative, [*values, *excluding], (shortest, longest))
            if isinstance(text, str):
                return text
            if isinstance(text, Undecided):
                found = text
        return found

    def demands(self, masks: Masks, group: TextGroup) -> tuple[list[PatternSyntax], list[PatternSyntax]]:
        """The patterns that a text has to match, and those that it must not, under the masks."""
        positive: list[PatternSyntax] = []
        negative: list[PatternSyntax] = []
        if group.refinement is not None and group.refinement.pattern is not None:
            positive.append(parse_regex(group.refinement.pattern))
        for number, syntax, segment in group.patterns:
            whole = embedded_segment(_plain_type(group.type), syntax) if segment else syntax
            if whole is not None and masks[number] != TRUE_BIT | FALSE_BIT:
                (positive if masks[number] == TRUE_BIT else negative).append(whole)
        for name, number in group.parts:
            self._part_demands(masks, group, name, number, (positive, negative))
        return positive, negative

    def _part_demands(
        self,
        masks: Masks,
        group: TextGroup,
        name: str,
        number: int,
        demands: tuple[list[PatternSyntax], list[PatternSyntax]],
    ) -> None:
        variable, mask = self.space.variables[number], masks[number]
        if mask == variable.initial and variable.kind != "open":
            return
        positive, negative = demands
        match name:
            case "ip?" if group.type in {"host", URL_HOST}:
                (positive if mask == TRUE_BIT else negative).append(choice([_DOTTED_QUAD, _BRACKETED]))
            case "absolute":
                (positive if mask == TRUE_BIT else negative).append(sequence([Literal("/"), ANYTHING]))
            case _ if variable.kind == "open":
                wanted: list[tuple[bool, PatternSyntax]] = []
                if not mask & variable.other:
                    wanted.append((True, _any_text([str(variable.values[place]) for place in regions(mask)])))
                elif mask != variable.full:
                    left_out = [str(value) for place, value in enumerate(variable.values) if not mask >> place & 1]
                    wanted.append((False, _any_text(left_out)))
                for inner in (self.space.groups[number] for number in variable.groups):
                    if isinstance(inner, TextGroup) and inner.variable == variable.number:
                        required, forbidden = self.demands(masks, inner)
                        wanted += [*((True, syntax) for syntax in required), *((False, syntax) for syntax in forbidden)]
                for wished, syntax in wanted:
                    whole = embedded(_plain_type(group.type), name, syntax)
                    if whole is not None:
                        (positive if wished else negative).append(whole)
            case _:
                pass

    def lengths(self, masks: Masks, group: TextGroup) -> Iterator[tuple[int, int | None]]:
        shortest: int = 0
        longest: int | None = None
        if group.refinement is not None and group.refinement.length is not None:
            shortest = max(shortest, group.refinement.length[0])
            longest = group.refinement.length[1] if longest is None else min(longest, group.refinement.length[1])
        if group.length is None:
            yield shortest, longest
            return
        variable = self.space.variables[group.length]
        for region in regions(masks[group.length]):
            low, high, point = interval(variable, region)
            assert low is None or isinstance(low, Fraction)
            assert high is None or isinstance(high, Fraction)
            least = shortest if low is None else max(shortest, int(low) + (0 if point else 1))
            most = longest if high is None else int(high) - (0 if point else 1)
            if longest is not None and most is not None:
                most = min(most, longest)
            if most is None or least <= most:
                yield least, most


def _plain_type(type_name: str) -> str:
    return "host" if type_name == URL_HOST else type_name


def text_of(
    type_name: str,
    positive: Sequence[PatternSyntax],
    negative: Sequence[PatternSyntax],
    excluding: Sequence[str],
    span: tuple[int, int | None] = (0, None),
) -> str | NoText | Undecided:
    """The text of a value of the type that matches all of `positive` and none of `negative`, and is none of `excluding`."""
    shortest, longest = span
    left_out = frozenset(excluding)
    if type_name == URL_HOST:
        hosts = [choice([language("host"), _BRACKETED]), *positive]
        return find_text(hosts, negative, excluding=left_out, shortest=shortest, longest=longest)
    if type_name in TEXT_TYPES:
        return find_value(type_name, positive, negative, excluding=left_out, shortest=shortest, longest=longest)
    return find_text(positive, negative, excluding=left_out, shortest=shortest, longest=longest)


def _any_text(texts: Sequence[str]) -> PatternSyntax:
    return choice([Literal(text) if text else sequence([]) for text in texts])


def _meets(text: str, refinement: t.Refinement) -> bool:
    if refinement.length is not None and not refinement.length[0] <= len(text) <= refinement.length[1]:
        return False
    return refinement.pattern is None or matcher(parse_regex(refinement.pattern))(text)

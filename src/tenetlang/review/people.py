"""Who the reviewers are beyond their names: other names of theirs, addresses, and who may stand in for whom.

A policy says `who {"ada", "grace"}`. Everything else about Ada is the organization's business and may change without a new
policy, so it stands in the configuration (`configuration.py` reads it). Somebody whom the configuration doesn't know can be asked all
the same: through the inbox, and through channels that are nobody's in particular.

`also` are the other names of a person: the user id with which she gives tasks to agents, an e-mail address in a group that
comes from outside. Without them nobody can tell that `u7`, who asked for the refund, is Ada, who may approve it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from tenetlang.review.tasks import person


@attrs.frozen
class Person:
    """A person. `addresses` are by the name of the channel; `may_hand_to` are people who may stand in."""

    name: str
    also: tuple[str, ...] = ()
    addresses: Mapping[str, str] = attrs.field(factory=dict)
    may_hand_to: tuple[str, ...] = ()


@attrs.frozen
class Route:
    """One way to tell somebody. `who` is empty for a channel that is nobody's in particular, which then has no `address`."""

    channel: str
    who: str = ""
    address: str = ""


@attrs.frozen
class Directory:
    """The people and channels that are configured.

    `shared` names the channels that tell nobody in particular, `personal` those that need an address, and `usual` the ones that are
    used for reviewers whose `notify` says nothing. Raises `ValueError` where one name belongs to two people.
    """

    people: tuple[Person, ...] = ()
    shared: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    usual: tuple[str, ...] = ()
    _by_name: Mapping[str, Person] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        found: dict[str, Person] = {}
        for somebody in self.people:
            for name in (somebody.name, *somebody.also):
                other = found.setdefault(person(name), somebody)
                if other is not somebody:
                    raise ValueError(f"`{name}` is a name of `{other.name}` and of `{somebody.name}`")
        object.__setattr__(self, "_by_name", found)

    def named(self, name: str) -> str:
        """The one name of the person who is meant."""
        known = self._by_name.get(person(name))
        return name if known is None else known.name

    def names_of(self, names: Sequence[str]) -> tuple[str, ...]:
        """These names and all others of the same people, each once."""
        found: dict[str, None] = {}
        for name in names:
            known = self._by_name.get(person(name))
            found |= dict.fromkeys((name,) if known is None else (known.name, name, *known.also))
        return tuple(found)

    def may_hand(self, giver: str, taker: str) -> bool:
        """Whether the configuration lets one person hand tasks to the other."""
        known = self._by_name.get(person(giver))
        return known is not None and person(self.named(taker)) in {
            person(self.named(name)) for name in known.may_hand_to
        }

    def routes(self, notify: Sequence[str], people: Sequence[str], *, shared: bool = True) -> tuple[Route, ...]:
        """The ways to tell these people, in order. `notify` is what the policy says; a channel that is not there is no way."""
        found: dict[Route, None] = {}
        for entry in notify or self.usual:
            channel = entry.rpartition(":")[2]
            if channel in self.shared and shared:
                found[Route(channel)] = None
            elif channel in self.personal:
                for name in people:
                    known = self._by_name.get(person(name))
                    if known is not None and channel in known.addresses:
                        found[Route(channel, known.name, known.addresses[channel])] = None
        return tuple(found)

    @property
    def channels(self) -> frozenset[str]:
        """The names of all channels."""
        return self.shared | self.personal

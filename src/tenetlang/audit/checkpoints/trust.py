"""Whom to trust for a log: the C2SP tlog-policy file, which says which keys are the log's, who witnesses it, and how many of
them there must be.

    log example.com/refunds+33d7b496+AeHTu4Q3…

    witness north  witness.example/north+…  https://witness.example/north
    witness south  witness.example/south+…
    witness other  other.example/w+…
    group ours  any  north south
    group both  all  ours other

    quorum both

A witness has seen that a log only grew (`cosignature`). One of them is somebody who could be in league with the log; several, of
different people, are what makes two stories of one log impossible to tell: any two quorums have an honest witness in
common, who signs but one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

from tenetlang.audit.checkpoints.cosignature import CosignerKey, cosigned_at, is_by, read_cosigner_key
from tenetlang.audit.checkpoints.note import VerifierKey, read_verifier_key, split_note
from tenetlang.audit.errors import UnusableKey, UnusableTrust

MAX_TRUST = 256 * 1024
"""The longest file that is read, in bytes."""

_MAX_LINES = 1024
_NONE = "none"
_forbidden = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_spaces = re.compile("[ \t]+")
_number = re.compile("[1-9][0-9]{0,3}")


@attrs.frozen
class Witness:
    """One who witnesses: what it is called here, its key, and where it answers."""

    name: str
    key: CosignerKey
    url: str | None = None


@attrs.frozen
class Group:
    """Witnesses and other groups, of which at least so many must have signed."""

    name: str
    least: int
    members: tuple[str, ...]


@attrs.frozen
class Trust:
    """Keys of logs, witnesses, groups, and which of them must have signed: a name, or `none`."""

    logs: tuple[VerifierKey, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str


@attrs.frozen
class Witnessed:
    """Who of the witnesses signed a checkpoint and when (seconds since 1970), whose line is wrong, who did not sign; and whether
    those who did are enough."""

    signed: tuple[tuple[Witness, int], ...]
    wrong: tuple[Witness, ...]
    missing: tuple[Witness, ...]
    enough: bool


def at_least(keys: Sequence[CosignerKey], quorum: int | None = None) -> Trust:
    """That so many of these witnesses must have signed, or all of them. Raises `UnusableTrust`."""
    witnesses = tuple(Witness(key.short, key) for key in keys)
    if len({key.public for key in keys}) != len(keys):
        raise UnusableTrust("a witness is named twice, and would count twice")
    least = len(keys) if quorum is None else quorum
    if not 1 <= least <= len(keys):
        raise UnusableTrust(f"of {len(keys)} witnesses {least} can't have signed")
    return Trust((), witnesses, (Group("all", least, tuple(each.name for each in witnesses)),), "all")


def witnessed(notes: Iterable[bytes], trust: Trust) -> Witnessed:
    """Who witnessed the one checkpoint that these notes are of. Raises `InvalidNote` and `NoSignatures`."""
    lines = [(text, line) for text, signatures in map(split_note, notes) for line in signatures]
    signed: list[tuple[Witness, int]] = []
    wrong: list[Witness] = []
    missing: list[Witness] = []
    for witness in trust.witnesses:
        times = [cosigned_at(text, line, witness.key) for text, line in lines if is_by(line, witness.key)]
        right = [time for time in times if time is not None]
        if len(right) < len(times):
            wrong.append(witness)
        elif right:
            signed.append((witness, max(right)))
        else:
            missing.append(witness)
    return Witnessed(tuple(signed), tuple(wrong), tuple(missing), _enough(trust, {each.name for each, _ in signed}))


def _enough(trust: Trust, signed: set[str]) -> bool:
    for group in trust.groups:  # each names only what stands before it
        if sum(member in signed for member in group.members) >= group.least:
            signed = {*signed, group.name}
    return trust.quorum == _NONE or trust.quorum in signed


# Reading the file.


def read_trust(content: bytes) -> Trust:
    """What a tlog-policy file says. Raises `UnusableTrust`, which names the line."""
    if len(content) > MAX_TRUST:
        raise UnusableTrust(f"a file of {len(content):,} bytes is longer than any that is read")
    bad = _forbidden.search(content)
    if bad is not None:
        line = content.count(b"\n", 0, bad.start()) + 1
        raise UnusableTrust(f"line {line}: a control character that is neither a tab nor a newline")
    if not content.endswith(b"\n"):
        raise UnusableTrust("the file does not end in a newline, so a part of it may be missing")
    reading = _Reading()
    for number, words in _lines(content):
        try:
            _take(reading, words)
        except (UnusableKey, UnusableTrust) as mistake:
            raise UnusableTrust(f"line {number}: {mistake}") from mistake
    if reading.quorum is None:
        raise UnusableTrust("there is no line `quorum`, which says who must have signed; `quorum none` is for nobody")
    return Trust(tuple(reading.logs), tuple(reading.witnesses), tuple(reading.groups), reading.quorum)


@attrs.define
class _Reading:
    logs: list[VerifierKey] = attrs.field(factory=list)
    witnesses: list[Witness] = attrs.field(factory=list)
    groups: list[Group] = attrs.field(factory=list)
    quorum: str | None = None
    used: set[str] = attrs.field(factory=set)

    def names(self) -> set[str]:
        return {each.name for each in self.witnesses} | {each.name for each in self.groups}


def _lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    if len(lines) > _MAX_LINES:
        raise UnusableTrust(f"a file has at most {_MAX_LINES:,} lines")
    for number, line in enumerate(lines, 1):
        stripped = line.strip(" \t")
        if stripped and not stripped.startswith("#"):
            yield number, _spaces.split(stripped)


def _take(reading: _Reading, words: list[str]) -> None:
    match words:
        case ["log", key] | ["log", key, _]:
            log = read_verifier_key(key)
            if any(log.public == other.public for other in reading.logs):
                raise UnusableTrust("this log stands in the file already")
            reading.logs.append(log)
        case ["witness", name, key] | ["witness", name, key, _]:
            witness = Witness(_new(reading, name), read_cosigner_key(key), words[3] if len(words) == 4 else None)
            if any(witness.key.public == other.key.public for other in reading.witnesses):
                raise UnusableTrust("this witness stands in the file already, under another name")
            reading.witnesses.append(witness)
        case ["group", name, least, _, *_]:
            reading.groups.append(_group(reading, _new(reading, name), least, words[3:]))
        case ["quorum", name]:
            if reading.quorum is not None:
                raise UnusableTrust("there is a line `quorum` already")
            if name != _NONE and name not in reading.names():
                raise UnusableTrust(f"no line above defines {name!a}")
            reading.quorum = name
        case ["log" | "witness" | "group" | "quorum", *_]:
            raise UnusableTrust(f"a line `{words[0]}` is written `{_FORMS[words[0]]}`")
        case _:
            raise UnusableTrust(f"{words[0]!a} begins no line; there are `log`, `witness`, `group` and `quorum`")


_FORMS = {
    "log": "log KEY [URL]",
    "witness": "witness NAME KEY [URL]",
    "group": "group NAME all|any|K NAME…",
    "quorum": "quorum NAME",
}


def _new(reading: _Reading, name: str) -> str:
    if name == _NONE or name in reading.names():
        raise UnusableTrust(f"the name {name!a} has a meaning already")
    return name


def _group(reading: _Reading, name: str, least: str, members: list[str]) -> Group:
    for member in members:
        if member not in reading.names():
            raise UnusableTrust(f"no line above defines {member!a}")
        if member in reading.used:
            raise UnusableTrust(f"{member!a} is a member already, and would count twice")
        reading.used.add(member)
    if least == "all":
        return Group(name, len(members), tuple(members))
    if least == "any":
        return Group(name, 1, tuple(members))
    if not _number.fullmatch(least) or int(least) > len(members):
        raise UnusableTrust(f"of {len(members)} members {least!a} can't have signed")
    return Group(name, int(least), tuple(members))

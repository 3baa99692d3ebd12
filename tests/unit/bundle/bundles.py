"""Bundles to try things with, made as `tenet build` makes them, and what a gate that takes them is set to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

import attrs
import msgspec

from tenetlang import pipeline
from tenetlang.audit.checkpoints.note import SigningKey, signing_key
from tenetlang.bundle.activator import Settings
from tenetlang.bundle.building import Term, contents_of, signed_bundle
from tenetlang.bundle.contents import PAYLOAD_TYPE, Contents, encoded
from tenetlang.bundle.envelope import Envelope, sign, write_envelope
from tenetlang.bundle.memory import FolderMemory
from tenetlang.bundle.trust import Trust
from tenetlang.decision_tree.tree import Policy
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.testing.carried import carried
from tenetlang.text import Text
from tenetlang.values.times import parse_time

SOURCE = """package shop

tool refund(customer: string, amount: decimal)
data frozen: set[string]
default deny because "no rule allows this call"

allow small if { tool is refund; args.amount <= LIMIT }
deny stopped if { tool is refund; args.customer in data.frozen }

test "the limit" for amount, verdict in [(LIMIT, allow), (LIMIT + 1.00, deny)] {
    call refund(customer: "c1", amount: amount)
    expect verdict
}

test "frozen" {
    call refund(customer: "c13", amount: 1.00)
    with data.frozen = {"c13"}
    expect deny by stopped
}
"""
FROZEN = {"frozen": ["c7"]}

KEY = signing_key("acme/policies", b"1" * 32)
OTHER = signing_key("acme/security", b"2" * 32)
STRANGER = signing_key("evil/policies", b"3" * 32)
TRUST = Trust((KEY.verifier,))
BOTH = Trust((KEY.verifier, OTHER.verifier), 2)

MADE = int(parse_time("2026-11-22T20:00:00Z"))
DAY = 24 * 3600 * 10**9


@cache
def program(limit: str = "50.00", name: str = "shop") -> Program:
    """The policy with this limit, checked."""
    text = Text("shop.tenet", source(limit, name))
    compiled = pipeline.compile_texts([text], standard_library())
    assert compiled.program is not None
    assert not compiled.findings, compiled.findings
    return compiled.program


def source(limit: str = "50.00", name: str = "shop") -> str:
    """The text of that policy."""
    return SOURCE.replace("LIMIT", limit).replace("package shop", f"package {name}")


@cache
def tree(limit: str = "50.00", name: str = "shop") -> Policy:
    """Its decision tree."""
    return pipeline.decision_tree(program(limit, name))


def contents(
    version: int = 1,
    limit: str = "50.00",
    *,
    expires: int | None = None,
    hard_expires: int | None = None,
    name: str = "shop",
    documents: Mapping[str, object] = FROZEN,
) -> Contents:
    """What is signed; times in days after `MADE`."""
    policy = tree(limit, name)
    tests = carried(program(limit, name), pipeline.evaluator(policy, documents))
    term = Term(
        version,
        MADE,
        None if expires is None else MADE + expires * DAY,
        None if hard_expires is None else MADE + hard_expires * DAY,
    )
    return contents_of(policy, documents, tests, [Text("shop.tenet", source(limit, name))], term)


@cache
def bundle(
    version: int = 1,
    limit: str = "50.00",
    *,
    expires: int | None = None,
    hard_expires: int | None = None,
    name: str = "shop",
    keys: tuple[SigningKey, ...] = (KEY,),
) -> bytes:
    """The file of a bundle."""
    return signed_bundle(contents(version, limit, expires=expires, hard_expires=hard_expires, name=name), keys)


@cache
def failing(version: int = 1) -> bytes:
    """A bundle, rightly signed, whose own tests expect something else than what it decides."""
    sound = contents(version)
    wrong = tuple(msgspec.structs.replace(example, verdict="escalate") for example in sound.tests)
    return signed_bundle(msgspec.structs.replace(sound, tests=wrong), [KEY])


def call(amount: str = "50", customer: str = "c1") -> bytes:
    """A request, as JSON."""
    return f'{{"tool": "refund", "args": {{"customer": "{customer}", "amount": {amount}}}}}'.encode()


Tell: TypeAlias = Callable[[str, Mapping[str, object]], None]


@attrs.define
class Told:
    """Keeps what it is told."""

    events: list[tuple[str, Mapping[str, object]]] = attrs.field(factory=list)

    def __call__(self, kind: str, members: Mapping[str, object]) -> None:
        self.events.append((kind, members))

    @property
    def kinds(self) -> list[str]:
        """The kinds of what it was told, in order."""
        return [kind for kind, _ in self.events]


@attrs.define
class Clock:
    """Says what it is set to."""

    now: int = MADE + DAY

    def __call__(self) -> int:
        return self.now


def settings(
    folder: Path, told: Tell | None = None, clock: Clock | None = None, trust: Trust | None = TRUST
) -> Settings:
    """A gate whose memory and copy lie in the folder."""
    memory = FolderMemory(folder / "state", told or Told())
    return Settings(trust, memory, folder / "state" / "good.bundle", clock=clock or Clock(), prepare=False)


def forced(signed: Contents | bytes, *keys: SigningKey, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Whatever is given, rightly signed, though no builder would make it."""
    payload = signed if isinstance(signed, bytes) else encoded(signed)
    envelope = Envelope(payload, payload_type, ())
    for key in keys or (KEY,):
        envelope = sign(envelope, key)
    return write_envelope(envelope)

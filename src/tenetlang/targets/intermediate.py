"""The target `ir`: the policy's JSON form, as canonical bytes. Its SHA-256 is the digest that every decision names."""

from __future__ import annotations

from tenetlang.decision_tree.json_form import encode
from tenetlang.decision_tree.tree import Policy


def intermediate(policy: Policy) -> str:
    """The document's text; no line break ends it, so that the file's SHA-256 is the policy's digest."""
    return encode(policy).decode("ascii")

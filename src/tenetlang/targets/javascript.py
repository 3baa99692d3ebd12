"""The target `javascript`: one ES module, without dependencies, for Node 20 and later and for browsers.

The parts of the runtime follow one another in a fixed order, because each uses what stands before it when it is loaded.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

from tenetlang.decision_tree.json_form import digest
from tenetlang.decision_tree.tree import Policy
from tenetlang.targets.quoting import quoted, quoted_policy
from tenetlang.values import unicode_tables

PARTS: Final = (
    "text", "numbers", "times", "network", "urls", "code_points", "patterns", "regular_expressions", "matching",
    "values", "reading", "hashes", "schema", "builtins", "builtins_text", "operations", "expressions", "quantifiers",
    "rules", "search", "combining", "policy",
)  # fmt: skip

_HEADING: Final = """\
// A policy of Tenet as an ES module, made by `tenet build --target javascript`. Do not edit: build it again.
//
//     import { Policy } from "./policy.mjs";
//     const policy = new Policy(documents);            // the policy's data, where it has any
//     const decision = policy.decideJson(text);        // or decide(object); never throws for a request
//     decision.verdict, decision.decided_by, decision.trace, decision.toText()
//
// The rules are the string below the tables, as data. All else is the runtime, the same for every policy. Apache-2.0.
"""


def javascript(policy: Policy) -> str:
    """The module's text."""
    pieces = [
        _HEADING,
        f"const BUNDLE = {quoted(digest(policy))};",
        f"const UNICODE = JSON.parse({quoted(unicode_data())});",
        f"const DOCUMENT = JSON.parse({quoted_policy(policy)});",
        *map(_part, PARTS),
    ]
    return "\n".join(pieces)


def unicode_data() -> str:
    """The tables of Unicode that patterns and letter case need, as JSON."""
    return json.dumps(
        {
            "categories": unicode_tables.CATEGORIES,
            "scripts": unicode_tables.SCRIPTS,
            "folding": unicode_tables.FOLDING,
            "lower": unicode_tables.LOWER,
            "upper": unicode_tables.UPPER,
        },
        separators=(",", ":"),
    )


def _part(name: str) -> str:
    return (files("tenetlang.targets") / "javascript" / f"{name}.js").read_text(encoding="utf-8")

"""The target `python`: one module for Python 3.9 and later that needs only the standard library.

The parts of `standalone/` are joined in a fixed order. Their imports of one another fall away, those of the standard library are
gathered at the top, and their docstrings become comments, so that the file reads from top to bottom.
"""

from __future__ import annotations

import ast
from importlib.resources import files
from typing import Final

from tenetlang.decision_tree.json_form import digest
from tenetlang.decision_tree.tree import Policy
from tenetlang.targets.javascript import unicode_data
from tenetlang.targets.quoting import quoted, quoted_policy

PARTS: Final = (
    "faults", "numbers", "times", "network", "urls", "places", "code_points", "patterns", "regular_expressions", "matching",
    "values", "reading", "schema", "requests", "operations", "builtins_collections", "builtins_text", "builtins_time",
    "builtins_network", "expressions", "quantifiers", "rules", "search", "combining", "policy",
)  # fmt: skip

_HEADING: Final = '''\
"""A policy of Tenet as a Python module, made by `tenet build --target python`. Do not edit: build it again.

    from policy import Policy
    policy = Policy(documents)                 # the policy's data, where it has any
    decision = policy.decide_json(text)        # or decide(object); never raises for a request
    decision.verdict, decision.decided_by, decision.trace, decision.to_text()

The rules are the string below the tables, as data. All else is the runtime, the same for every policy. Apache-2.0.
"""
'''


def python(policy: Policy) -> str:
    """The module's text."""
    imports: dict[str, set[str]] = {"": set()}
    bodies = [_body(name, imports) for name in PARTS]
    pieces = [
        _HEADING,
        "from __future__ import annotations\n",
        "\n".join(_import_lines(imports)) + "\n",
        f"BUNDLE = {quoted(digest(policy))}",
        f"UNICODE = json.loads({quoted(unicode_data())})",
        f"DOCUMENT = json.loads({quoted_policy(policy)})",
        *bodies,
    ]
    return "\n".join(pieces)


def _import_lines(imports: dict[str, set[str]]) -> list[str]:
    named = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(imports.items()) if module]
    return [f"import {module}" for module in sorted(imports[""])] + named


def _body(name: str, imports: dict[str, set[str]]) -> str:
    """What a part says, without its imports, which are added to the others: names by module, whole modules below no name."""
    text = (files("tenetlang.targets") / "standalone" / f"{name}.py").read_text(encoding="utf-8")
    lines = text.split("\n")
    introduction, *statements = ast.parse(text).body
    assert isinstance(introduction, ast.Expr)
    dropped = set(range(introduction.lineno, (introduction.end_lineno or 0) + 1))
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            dropped |= set(range(statement.lineno, (statement.end_lineno or 0) + 1))
            _gather(statement, imports)
    body = "\n".join(line for number, line in enumerate(lines, 1) if number not in dropped).strip("\n")
    prose = (ast.get_docstring(ast.parse(text)) or "").split("\n")
    comment = "\n".join(f"# {line}".rstrip() for line in prose)
    return f"\n\n# {'-' * 118}\n{comment}\n\n\n{body}\n"


def _gather(statement: ast.Import | ast.ImportFrom, imports: dict[str, set[str]]) -> None:
    names = {alias.name for alias in statement.names}
    if isinstance(statement, ast.Import):
        imports[""] |= names
    elif statement.module != "__future__" and not str(statement.module).startswith("tenetlang"):
        imports.setdefault(str(statement.module), set()).update(names)

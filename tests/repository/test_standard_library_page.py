"""`docs/standard-library.md` says what `stdlib/` and the functions without an import are; `pytest --accept -n 0` writes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenetlang.program.intrinsics import INTRINSICS
from tenetlang.resources import stdlib_files
from tenetlang.syntax import tree
from tenetlang.syntax.parse import parse
from tenetlang.syntax.print import print_declaration
from tenetlang.text import Text
from tenetlang.values.builtin_faults import FAULTS
from tests.repository.checkout import ROOT

PAGE = ROOT / "docs" / "standard-library.md"

HEAD = """# The standard library

What every package has without an import, then the packages of `std`. This page is made from `stdlib/` and from the table of
the checker; the files hold the same prose above each function, and tests.

A function that can end in an error names it in `@faults`; the others cannot.

## Without an import

| function | takes | can err |
|---|---|---|
"""


def prose(text: Text, declaration: tree.Declaration) -> str:
    """The comment above a declaration and its annotations."""
    number = declaration.at.line - 1
    lines: list[str] = []
    while number > 0 and text.line(number).startswith(("#", "@")):
        if text.line(number).startswith("#"):
            lines.insert(0, text.line(number).lstrip("#").strip())
        number -= 1
    return "\n".join(lines)


def opening(text: Text) -> str:
    """The comment at the top of the file."""
    lines: list[str] = []
    for number in range(1, len(text.line_starts) + 1):
        if not text.line(number).startswith("#"):
            break
        lines.append(text.line(number).lstrip("#").strip())
    return "\n".join(lines)


def signature(declaration: tree.FunctionDeclaration) -> str:
    head = print_declaration(declaration).partition(" = ")[0] if declaration.body else print_declaration(declaration)
    lines = [line for line in head.splitlines() if not line.startswith("@faults")]
    return "\n".join(lines).removeprefix("extern ").strip()


def faults(declaration: tree.FunctionDeclaration) -> str:
    named = [
        a.value
        for n in declaration.annotations
        if n.name == "faults"
        for a in n.arguments
        if isinstance(a, tree.String)
    ]
    return f" Errs with {', '.join(f'`{name}`' for name in named)}." if named else ""


def sections() -> Iterator[str]:
    for name, content in stdlib_files():
        text = Text(name, content)
        file, _ = parse(text)
        assert file.package is not None
        yield f"\n## {file.package.text}\n\n{opening(text)}\n"
        if not any(isinstance(item, tree.FunctionDeclaration) for item in file.declarations):
            yield f"\n```text\n{content[content.index('package ') :].rstrip()}\n```\n"
        for declaration in file.declarations:
            if isinstance(declaration, tree.FunctionDeclaration) and not declaration.name.startswith("_"):
                said = prose(text, declaration).replace("\n\n", "\n")
                yield f"\n```\n{signature(declaration)}\n```\n\n{(said + faults(declaration)).strip()}\n"


def page() -> str:
    rows = "".join(
        f"| `{name}` | {intrinsic.takes} | {'yes' if name in FAULTS else 'no'} |\n"
        for name, intrinsic in sorted(INTRINSICS.items())
    )
    note = "\n`min`, `max`, `first` and `last` of what may be empty are optional: `max(xs) ?? 0`. `origin(args.x)` is where an\n"
    note += "argument's value came from.\n"
    return HEAD + rows + note + "".join(sections())


def test_the_page_of_the_standard_library_is_what_the_library_says(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--accept"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()

"""Checks of name resolution: what a name stands for, and what nothing stands for."""

from __future__ import annotations

from tenetlang.report.catalogue.check import Check, Wording, check

_KINDS = (
    "variable",
    "type",
    "function",
    "tool",
    "field",
    "argument",
    "package",
    "rule",
    "reviewers",
    "annotation",
    "data",
    "counter",
    "obligation",
    "parameter",
    "name",
)
_NEAREST = "?write `{nearest}`, the nearest declared name"
_DECLARED = {"declared": "declared here", "first": "first declared here", "here": "looked up here"}


def _unknown(what: str) -> Wording:
    verb = "are" if what == "reviewers" else "is"
    return Wording(
        f"no {what} {verb} called `{{name}}`",
        "not declared",
        also=_DECLARED,
        why=("?`{owner}` declares none of that name.",),
        help=(_NEAREST, "?import its package: `import {package}`"),
    )


_UNKNOWN_NAME = Check("unknown-name", "error", {"": _unknown("{kind}"), **{kind: _unknown(kind) for kind in _KINDS}})

CHECKS = (
    _UNKNOWN_NAME,
    check(
        "duplicate-name",
        usual=Wording(
            "`{name}` is declared twice",
            "declared again",
            also=_DECLARED,
            why=("A name means one thing in a package, whichever file is read first.",),
            help=("rename one of the two",),
        ),
        field=Wording(
            "the field `{name}` stands twice",
            "the second one",
            also=_DECLARED,
            help=("keep one of the two",),
        ),
        argument=Wording(
            "the argument `{name}` is given twice",
            "the second one",
            also=_DECLARED,
            help=("keep one of the two",),
        ),
        key=Wording(
            "the key `{name}` stands twice",
            "the second one",
            also=_DECLARED,
            help=("keep one of the two",),
        ),
        library=Wording(
            "`{name}` is a name of the standard library",
            "declared again",
            also=_DECLARED,
            why=("A reader who knows the library would take it for the library's.",),
            help=("choose another name",),
        ),
    ),
    check(
        "unused-import",
        "warning",
        usual=Wording(
            "`{name}` is imported and not used",
            "nothing here uses it",
            help=("take the line out",),
        ),
        twice=Wording(
            "`{name}` is imported twice",
            "the second import",
            also=_DECLARED,
            help=("take the line out",),
        ),
    ),
    check(
        "unused-definition",
        "warning",
        usual=Wording(
            "`{name}` is defined and not used",
            "nothing uses it",
            why=("A name that begins with `_` is seen only in its own package.",),
            help=("take it out, or drop the `_` if other packages ask for it",),
        ),
        local=Wording(
            "`{name}` is bound and not used",
            "nothing below uses it",
            help=("?write `{suggestion}` instead", "take it out, or use it in a condition"),
        ),
        parameter=Wording(
            "the parameter `{name}` is not used",
            "the body does not read it",
            help=("take it out, or begin its name with `_`",),
        ),
    ),
    check(
        "import-cycle",
        usual=Wording(
            "packages import each other in a circle",
            "closes the circle",
            also={"next": "and this one imports", "first": "the circle begins here"},
            facts=(("circle", "?{cycle}"),),
            why=("No package of a circle can be read before the others.",),
            help=("move what they share into a package of its own",),
        ),
        itself=Wording("`{name}` imports itself", "takes in its own package", help=("take the line out",)),
    ),
    check(
        "misplaced-extern",
        usual=Wording(
            "`{name}` is declared `extern` outside of the standard library",
            "has no body",
            why=("What is not written in Tenet is part of every target, so only the library may declare it.",),
            help=("give it a body: `fn {name}(...) -> ... = ...`",),
        ),
    ),
    check(
        "recursion",
        usual=Wording(
            "`{name}` depends on itself",
            "needs its own value",
            also={"next": "which reads this", "first": "the circle begins here", "declared": "declared here"},
            facts=(("circle", "?{cycle}"),),
            why=("Every request gets its verdict in bounded time, so no definition may wait for itself.",),
            help=("break the circle: state one of these in terms of arguments or facts",),
        ),
        large=Wording(
            "the type `{name}` unfolds to more than {limit} parts",
            "too large",
            why=("Types are compared by structure, so each name in them is unfolded.",),
            help=("break it up, or use `json` for what no rule reads",),
        ),
        deep=Wording(
            "`{name}` stands on a chain of more than {limit} definitions",
            "too deep",
            why=("Every request gets its verdict in bounded time and space.",),
            help=("put the values of the chain into one list, set or map",),
        ),
        calls=Wording(
            "`{name}` may take more than {limit} calls of functions",
            "too many",
            why=(
                "Every request gets its verdict in bounded time; what a function calls twice doubles with each step.",
            ),
            help=("name a value that is needed twice with `let`",),
        ),
    ),
    check(
        "unknown-tool",
        usual=Wording(
            "no tool is called `{name}`",
            "not declared",
            also=_DECLARED,
            why=("A rule about a tool that does not exist never matches, and looks as if it protected something.",),
            help=(_NEAREST, "?declare it: `tool {name}(...)`, or import its package"),
        ),
        pattern=Wording(
            "no declared tool fits `{name}`",
            "fits none",
            why=("A rule about tools that do not exist never matches, and looks as if it protected something.",),
            help=(_NEAREST,),
        ),
    ),
    check(
        "unknown-argument",
        usual=Wording(
            "the tool `{tool}` has no argument `{name}`",
            "not declared",
            also={"declared": "the tool is declared here"},
            facts=(("arguments", "?{known}"),),
            help=(_NEAREST,),
        ),
        function=Wording(
            "`{tool}` has no parameter `{name}`",
            "not declared",
            also={"declared": "declared here"},
            facts=(("parameters", "?{known}"),),
            help=(_NEAREST,),
        ),
        shared=Wording(
            "not every tool here has the argument `{name}`",
            "not shared by all of them",
            also={"narrowed": "narrowed to these tools here", "declared": "this tool lacks it"},
            facts=(("tools", "?{tools}"),),
            why=("After `tool is a | b`, `args` holds what both declare.",),
            help=("write one rule for each tool, or narrow further",),
        ),
    ),
    check(
        "private-name",
        usual=Wording(
            "`{name}` is private to `{package}`",
            "begins with `_`",
            also={"declared": "declared here"},
            why=("Names that begin with `_` can change without notice to other packages.",),
            help=("?write `{nearest}`, which is exported", "or drop the `_` where it is declared"),
        ),
    ),
    check(
        "unknown-package",
        usual=Wording(
            "no package is called `{name}`",
            "not found",
            help=(
                "?write `{nearest}`, the nearest package",
                "a file belongs to the package that its first line names: `package {name}`",
            ),
        ),
    ),
    check(
        "shadowed-name",
        usual=Wording(
            "`{name}` hides another `{name}`",
            "bound again here",
            also={"declared": "hides this one", "first": "hides this one", "outer": "hides this one"},
            why=("Two meanings of one name in one rule are read wrongly sooner or later.",),
            help=("choose another name",),
        ),
        library=Wording(
            "`{name}` hides a name of the standard library",
            "bound again here",
            also={"declared": "hides this one"},
            help=("choose another name",),
        ),
    ),
)

"""What `tenet build` makes: a fixed runtime, and the policy as one quoted string."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from tenetlang import pipeline
from tenetlang.decision_tree import json_form
from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.tree import Policy, program_of
from tenetlang.evaluator.builtins import BUILTINS
from tenetlang.evaluator.operations import OPERATIONS
from tenetlang.evaluator.reference import Reference
from tenetlang.program.expression import Expression
from tenetlang.project.project import standard_library
from tenetlang.targets import javascript, python
from tenetlang.targets.building import TARGETS
from tenetlang.targets.quoting import quoted
from tenetlang.text import Text
from tests.sources import lists_with_one_hash

NODE = shutil.which("node")
NEEDS_NODE = pytest.mark.skipif(NODE is None, reason="there is no `node` here to run JavaScript")

HOSTILE = r"""
package evil

type Odd = { constructor: string, prototype: int }
data __proto__: map[string, Odd]
tool "constructor"."__proto__"(toString: string, hasOwnProperty?: int)
tool pay(amount: decimal)

reviewers valueOf { who {"a"}; quorum 1; within 36500d; else deny }

@owner("\"); process.exit(1); (\"")
escalate __proto__ to valueOf if {
    tool is "constructor"."__proto__"
    args.toString == "</script><script>alert('x')//\u{2028}\u{2029}\\\" + `${1}` + '''\"\"\" \u{1f600}"
} because "*/ {args.toString} {{}} </script> \u{202e}"

@priority(9007199254740993)
allow hasOwnProperty if {
    tool is "constructor"."__proto__"
    args.toString != "\n"
    (data.__proto__["__proto__"].prototype ?? 0) < 9007199254740993
}

deny big if { tool is pay; args.amount > 9007199254740993.5 }
"""

PLAIN = "package plain\n\ntool pay(amount: decimal)\n\nallow small if { tool is pay; args.amount < 10.0 }\n"


def policy(text: str) -> Policy:
    made = pipeline.compile_texts([Text("a.tenet", text)], standard_library())
    assert made.program is not None
    return build(made.program)


def requests() -> list[str]:
    odd = "</script><script>alert('x')//\u2028\u2029\\\" + `${1}` + '''\"\"\" \U0001f600"
    additions: list[dict[str, object]] = [{}, {"hasOwnProperty": 2**53 + 1}, {"valueOf": 1}, {"__proto__": {}}]
    return [
        json.dumps({"tool": "constructor.__proto__", "args": {"toString": text, **more}})
        for text in (odd, "\n", "__proto__", "")
        for more in additions
    ] + [
        '{"tool": "toString", "args": {}}',
        '{"tool": "constructor", "args": {}}',
        '{"tool":"pay","args":{"amount":1e17}}',
    ]


DOCUMENTS = '{"__proto__": {"__proto__": {"constructor": "x", "prototype": 9007199254740993}, "toString": {"constructor": "", "prototype": -1}}}'


def expected(made: Policy) -> list[str]:
    evaluator = Reference(program_of(made), json.loads(DOCUMENTS), json_form.digest(made))
    return [
        json.dumps(evaluator.decide_json(text).to_json(), ensure_ascii=False, separators=(",", ":"))
        for text in requests()
    ]


def jobs(module: Path) -> bytes:
    lines = [json.dumps({"module": str(module), "documents": DOCUMENTS, "pieces": [text]}) for text in requests()]
    return "\n".join(lines).encode()


GOLDEN = Path(__file__).parents[2] / "golden"
PYTHON = [sys.executable, "-I", "-S", str(GOLDEN / "run_standalone.py")]


@NEEDS_NODE
def test_a_hostile_policy_is_only_data_to_javascript(tmp_path: Path) -> None:
    made = policy(HOSTILE)
    module = tmp_path / "policy.mjs"
    module.write_text(TARGETS["javascript"](made), encoding="ascii")
    ran = subprocess.run([str(NODE), str(GOLDEN / "run.mjs")], input=jobs(module), capture_output=True, check=True)
    assert ran.stdout.decode().split("\n")[:-1] == expected(made)


def test_a_hostile_policy_is_only_data_to_python(tmp_path: Path) -> None:
    made = policy(HOSTILE)
    module = tmp_path / "policy.py"
    module.write_text(TARGETS["python"](made), encoding="ascii")
    ran = subprocess.run(PYTHON, input=jobs(module), capture_output=True, check=True)
    assert ran.stdout.decode().split("\n")[:-1] == expected(made)


@pytest.mark.parametrize("target", ["javascript", "python"])
def test_two_policies_differ_in_the_lines_of_the_document_and_the_digest_only(target: str) -> None:
    pairs = zip(TARGETS[target](policy(HOSTILE)).split("\n"), TARGETS[target](policy(PLAIN)).split("\n"), strict=True)
    different = [one.removeprefix("const ").partition(" ")[0] for one, two in pairs if one != two]
    assert different == ["BUNDLE", "DOCUMENT"]


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_what_is_built_is_ascii_and_ends_no_script(target: str) -> None:
    built = TARGETS[target](policy(HOSTILE))
    assert built.isascii()
    assert target == "ir" or "</script" not in built


def test_only_ascii_can_be_quoted() -> None:
    assert json.loads(quoted('a"\\\n<')) == 'a"\\\n<'
    with pytest.raises(ValueError, match="ASCII"):
        quoted("é")


def test_the_intermediate_form_is_named_by_its_own_hash_and_reads_back() -> None:
    made = policy(HOSTILE)
    built = TARGETS["ir"](made)
    assert "sha256:" + hashlib.sha256(built.encode()).hexdigest() == json_form.digest(made)
    assert json_form.encode(json_form.decode(built)) == built.encode()


# Values that were chosen to have one hash in Python: the same decision wherever it is made

CHOSEN = """package chosen
request xs: list[list[int]]
request set_of?: set[list[int]]
request numbers?: list[decimal]
request deep?: set[set[list[decimal]]]
default allow
deny made if { count({x for x in xs}) > 1 }
deny distinct_ones if { count(distinct(xs)) > 100000 }
"""


def chosen_requests() -> list[str]:
    lists = lists_with_one_hash(150)
    multiples = [7 + n * (2**61 - 1) for n in range(1, 200_000, 150)]
    one_remainder = [f"{number // 10**12}.{number % 10**12:012}" for number in multiples]
    deep = [[[n]] for n in range(200)] + [[lists[0], lists[1]], [lists[1], lists[0]]]
    return [
        json.dumps({"xs": lists}),
        json.dumps({"xs": lists[:101]}),
        json.dumps({"xs": lists[:100]}),
        json.dumps({"xs": [lists[0]] * 150}),
        json.dumps({"xs": [[n, n] for n in range(1000)]}),
        json.dumps({"xs": [], "set_of": lists}),
        json.dumps({"xs": [], "set_of": lists[:100]}),
        json.dumps({"xs": [], "deep": deep}),
        f'{{"xs": [], "numbers": [{",".join(one_remainder)}]}}',
        f'{{"xs": [], "numbers": [{",".join(one_remainder[:90] * 20)}]}}',
    ]


@pytest.mark.parametrize(("target", "ending"), [pytest.param("javascript", "mjs", marks=NEEDS_NODE), ("python", "py")])
def test_members_that_were_chosen_to_have_one_hash_are_met_alike(target: str, ending: str, tmp_path: Path) -> None:
    made = policy(CHOSEN)
    module = tmp_path / f"policy.{ending}"
    module.write_text(TARGETS[target](made), encoding="ascii")
    evaluator = Reference(program_of(made), {}, json_form.digest(made))
    wanted = [evaluator.decide_json(text).to_json(trace=False) for text in chosen_requests()]
    lines = [json.dumps({"module": str(module), "documents": "{}", "pieces": [text]}) for text in chosen_requests()]
    command = [str(NODE), str(GOLDEN / "run.mjs")] if target == "javascript" else PYTHON
    ran = subprocess.run(command, input="\n".join(lines).encode(), capture_output=True, check=True)
    found = [json.loads(line) for line in ran.stdout.decode().split("\n")[:-1]]
    assert [{**decision, "trace": 0} for decision in found] == [{**decision, "trace": 0} for decision in wanted]
    assert [error["error"] for error in found[0]["errors"]] == ["too_much_work", "too_much_work"]
    assert found[2]["errors"] == []
    assert ["chosen to have the same hash" in found[number]["reason"] for number in (5, 6, 8, 9)] == [
        True, False, True, False,
    ]  # fmt: skip


# The runtimes


def parts(folder: str, names: tuple[str, ...], ending: str) -> Iterator[tuple[str, str]]:
    for name in names:
        yield name, (files("tenetlang.targets") / folder / f"{name}.{ending}").read_text(encoding="utf-8")


def test_every_part_of_a_runtime_is_used() -> None:
    root = Path(str(files("tenetlang.targets")))
    assert {path.stem for path in (root / "javascript").glob("*.js")} == set(javascript.PARTS)
    assert {path.stem for path in (root / "standalone").glob("*.py")} == {*python.PARTS, "__init__", "document"}


def test_no_part_of_a_runtime_is_longer_than_a_module_may_be() -> None:
    assert [name for name, text in parts("javascript", javascript.PARTS, "js") if text.count("\n") > 500] == []


def test_javascript_matches_nothing_with_its_own_regular_expressions_and_evaluates_no_text() -> None:
    forbidden = re.compile(r"RegExp|\beval\b|\bFunction\(|\.match\(|\.search\(|matchAll|[(,=!&|]\s*/(?![/*])\S")
    found = [
        f"{name}: {line}"
        for name, text in parts("javascript", javascript.PARTS, "js")
        for line in text.split("\n")
        if not line.lstrip().startswith(("//", "*", "/*")) and forbidden.search(line)
    ]
    assert found == []


def test_the_stand_alone_file_is_python_3_9() -> None:
    ast.parse(TARGETS["python"](policy(PLAIN)), feature_version=(3, 9))
    types_at_run_time = [
        node.lineno
        for node in ast.walk(ast.parse(TARGETS["python"](policy(PLAIN))))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and (
            (node.func.id in {"isinstance", "issubclass"} and any(isinstance(a, ast.BinOp) for a in node.args))
            or (node.func.id == "zip" and node.keywords)
        )
    ]
    assert types_at_run_time == []


def test_the_stand_alone_file_imports_nothing_but_the_standard_library() -> None:
    imported = {
        (node.module or "").partition(".")[0]
        if isinstance(node, ast.ImportFrom)
        else node.names[0].name.partition(".")[0]
        for node in ast.walk(ast.parse(TARGETS["python"](policy(PLAIN))))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= sys.stdlib_module_names


def test_the_parts_of_the_stand_alone_file_give_no_name_twice() -> None:
    given = Counter(name for _, text in parts("standalone", python.PARTS, "py") for name in names_in(ast.parse(text)))
    assert [name for name, times in given.items() if times > 1] == []


def names_in(module: ast.Module) -> Iterator[str]:
    for statement in module.body:
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case _:
                pass


def test_the_runtimes_know_every_expression_builtin_and_operation() -> None:
    kinds = {kind.__name__ for kind in Expression.__args__}
    script = "".join(text for _, text in parts("javascript", javascript.PARTS, "js"))
    module = "".join(text for _, text in parts("standalone", python.PARTS, "py"))
    assert {kind for kind in kinds if f"  make{kind}(" not in script} == set()
    assert {kind for kind in kinds if f'"{kind}": Compiler.' not in module} == set()
    for name in (*BUILTINS, *OPERATIONS):
        assert f'"{name}":' in module, name
        assert re.search(rf'^  (?:"{re.escape(name)}"|{re.escape(name)})[:,]', script, re.MULTILINE) or (
            f'"{name}":' in script
        ), name

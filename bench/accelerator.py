"""What the generated functions would gain as C: `python bench/accelerator.py [--rules 10,1000]`.

Needs Cython, setuptools and a C compiler (`pip install cython setuptools`). The functions that an evaluator generates are
written out, compiled by Cython as they are, and called in turn with the originals on the requests of `decide.py`. Both
give the same decisions, which is checked first. So this measures what an accelerator over the same code and the same objects
could gain at least by being compiled; it says nothing of one that would keep requests in structures of its own.
Printed are microseconds, medians, and how long Cython and the compiler took.
"""

from __future__ import annotations

import argparse
import ast
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, perf_counter_ns
from types import CodeType, FunctionType

from tenetlang.evaluator import fused
from tenetlang.evaluator.evaluator import Evaluator

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.decide import compiled, requests, rules  # found by the line above

Deciding = Callable[[object], object]
SETUP = """
from setuptools import Extension, setup
from Cython.Build import cythonize
setup(ext_modules=cythonize([Extension("{name}", ["{name}.pyx"], extra_compile_args=["-O2"])], language_level=3))
"""


def watched() -> dict[CodeType, str]:
    """The source of the modules that are compiled from now on, by the code of the functions in them."""
    found: dict[CodeType, str] = {}

    def compiling(tree: ast.Module, name: str, mode: str) -> CodeType:
        code = compile(tree, name, mode)
        assert isinstance(code, CodeType)
        found.update(dict.fromkeys((item for item in code.co_consts if isinstance(item, CodeType)), ast.unparse(tree)))
        return code

    vars(fused)["compile"] = compiling
    return found


def written(number: int, source: str, names: dict[str, object]) -> tuple[str, dict[str, object]]:
    """A function under a name of its own, and what it needs of the module, under names of their own."""
    tree = ast.parse(source)
    needed: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names and node.id != "decide":
            name = f"g{number}_{node.id}"
            needed[name] = names[node.id]
            node.id = name
        elif isinstance(node, ast.FunctionDef):
            node.name = f"decide{number}"
    return ast.unparse(tree), needed


def in_c(functions: Sequence[FunctionType], sources: dict[CodeType, str], name: str) -> Iterator[Deciding]:
    """The functions, compiled to C."""
    texts: list[str] = []
    needed: dict[str, object] = {}
    for number, function in enumerate(functions):
        text, names = written(number, sources[function.__code__], function.__globals__)
        texts.append(text)
        needed.update(names)
    declared = "\n".join(f"{global_name} = None" for global_name in needed)
    install = "def install(names):\n    globals().update(names)\n"
    with TemporaryDirectory() as folder:
        Path(folder, f"{name}.pyx").write_text("\n".join([declared, *texts, install]))
        Path(folder, "setup.py").write_text(SETUP.format(name=name))
        build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        subprocess.run(build, cwd=folder, check=True, capture_output=True)
        sys.path.insert(0, folder)
        module = import_module(name)
    module.install(needed)
    for number in range(len(functions)):
        yield getattr(module, f"decide{number}")


def measure(count: int, rounds: int) -> None:
    sources = watched()
    made = rules(count)
    evaluator = Evaluator(compiled(made))
    evaluator.prepare()
    asked = requests(made)
    quick = evaluator._quick  # noqa: SLF001  # its functions are what is measured
    functions = {str(request["tool"]): quick[str(request["tool"])] for request in asked}
    originals = [function for function in functions.values() if isinstance(function, FunctionType)]
    start = perf_counter()
    in_tool = dict(zip(functions, in_c(originals, sources, f"accelerated{count}"), strict=True))
    seconds = perf_counter() - start
    python: list[int] = []
    c: list[int] = []
    for request in asked:
        tool = str(request["tool"])
        if repr(in_tool[tool](request)) != repr(functions[tool](request)):
            sys.exit(f"{request} is decided differently")
    for _ in range(rounds):
        for request in asked:
            tool = str(request["tool"])
            first, second = functions[tool], in_tool[tool]
            start_ns = perf_counter_ns()
            first(request)
            between = perf_counter_ns()
            second(request)
            c.append(perf_counter_ns() - between)
            python.append(between - start_ns)
    ours, theirs = statistics.median(python) / 1000, statistics.median(c) / 1000
    print(
        f"{count:6} rules   {ours:.2f} as Python, {theirs:.2f} as C: {ours / theirs:.2f} times; compiled in {seconds:.0f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", default="10,1000", help="numbers of rules, with commas")
    parser.add_argument("--rounds", type=int, default=20, help="times that all requests are decided")
    options = parser.parse_args()
    for count in options.rules.split(","):
        measure(int(count), options.rounds)


if __name__ == "__main__":
    main()

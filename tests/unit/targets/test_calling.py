"""The files that `tenet build` makes, as programs call them: with values of the language, with documents, with nonsense."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tenetlang import pipeline
from tenetlang.project.project import standard_library
from tenetlang.targets.building import TARGETS
from tenetlang.text import Text

NODE = shutil.which("node")

POLICY = """
package calls

data blocked: set[string]
tool pay(amount: decimal, to: string, count?: int, at?: time)

default allow
deny blocked if { tool is pay; args.to in data.blocked }
deny shown if { tool is pay; args.to == "show"; args.amount > 0.0 } because "{args.amount}"
deny counted if { tool is pay; args.count is present; args.count > 4 } because "{args.count}"
deny late if { tool is pay; args.at is present; args.at > 2026-01-01 } because "{args.at}"
"""

JAVASCRIPT = """
import { readFileSync } from "node:fs";
const { Policy, Decision, DataError, decide, decideJson, bundle } = await import(process.argv[1]);
const policy = new Policy({ blocked: ["eve"] });
const pay = (args) => policy.decide({ tool: "pay", args });
const told = {};
const say = (name, decision) => { told[name] = [decision.verdict, decision.reason]; };
say("fraction", pay({ amount: 0.1, to: "show" }));
say("bigint", pay({ amount: 1, to: "a", count: 9007199254740993n }));
say("unsafe", pay({ amount: 1, to: "a", count: 2 ** 53 }));
say("nan", pay({ amount: NaN, to: "a" }));
say("date", pay({ amount: 1, to: "a", at: new Date("2027-01-02T03:04:05.678Z") }));
say("undefined", pay({ amount: 1, to: "a", count: undefined }));
say("null prototype", policy.decide(Object.assign(Object.create(null), { tool: "pay", args: { amount: 1, to: "eve" } })));
say("map", policy.decide(new Map([["tool", "pay"], ["args", new Map([["amount", 1], ["to", "eve"]])]])));
say("getter", pay({ amount: 1, get to() { return "a"; } }));
say("class", pay({ amount: 1, to: new (class Name { toString() { return "a"; } })() }));
say("throwing", policy.decide(new Proxy({}, { getPrototypeOf() { throw new Error("no"); } })));
say("surrogate", pay({ amount: 1, to: "\\ud800" }));
const circle = { tool: "pay" };
circle.args = circle;
say("circle", policy.decide(circle));
for (const [name, value] of Object.entries({ nothing: undefined, symbol: Symbol("x"), list: [], text: "x" })) say(name, policy.decide(value));
say("bytes", policy.decideJson(new TextEncoder().encode('{"tool":"pay","args":{"amount":2,"to":"eve"}}')));
say("no text", policy.decideJson(42));
const decision = decideJson('{"tool":"pay","args":{"amount":1,"to":"a","count":9007199254740993}}', { blocked: [] });
told.shape = [decision instanceof Decision, typeof decision.toObject().trace[1].conditions[2].read["args.count"], decision.trace.length];
told.spelled = decision.toText({ trace: false }) === JSON.stringify(decision.toObject({ trace: false }));
told.same = decide({ tool: "pay", args: { amount: 1, to: "eve" } }, { blocked: ["eve"] }).verdict;
told.bundle = bundle === decision.toObject().bundle;
told.errors = [];
for (const make of [() => new Policy(), () => new Policy({ blocked: "eve" }), () => new Policy({ blocked: [], more: 1 }), () => Policy.fromJson("{")]) {
  try { make(); } catch (error) { told.errors.push([error instanceof DataError, error.message]); }
}
console.log(JSON.stringify(told));
"""

PYTHON = """
import json, sys
from datetime import datetime, timezone
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("policy", sys.argv[1])
module = module_from_spec(spec)
spec.loader.exec_module(module)
policy = module.Policy({"blocked": ["eve"]})
pay = lambda **args: policy.decide({"tool": "pay", "args": args})
told = {}
def say(name, decision):
    told[name] = [decision.verdict, decision.reason]
say("fraction", pay(amount=0.1, to="show"))
say("decimal", pay(amount=Decimal("1.50"), to="show"))
say("large", pay(amount=1, to="a", count=2**53 + 1))
say("too large", pay(amount=1, to="a", count=2**70))
say("nan", pay(amount=float("nan"), to="a"))
say("date", pay(amount=1, to="a", at=datetime(2027, 1, 2, 3, 4, 5, 678000, timezone.utc)))
say("naive", pay(amount=1, to="a", at=datetime(2027, 1, 2)))
class Name(str):
    pass
say("subclass", pay(amount=1, to=Name("a")))
say("surrogate", pay(amount=1, to="\\ud800"))
circle = {"tool": "pay"}
circle["args"] = circle
say("circle", policy.decide(circle))
for name, value in {"nothing": None, "list": [], "text": "x", "key": {1: 2}, "object": object()}.items():
    say(name, policy.decide(value))
say("bytes", policy.decide_json(b'{"tool":"pay","args":{"amount":2,"to":"eve"}}'))
say("no text", policy.decide_json(42))
decision = module.decide_json('{"tool":"pay","args":{"amount":1,"to":"a","count":9007199254740993}}', {"blocked": []})
told["shape"] = [decision.to_json()["trace"][1]["conditions"][2]["read"]["args.count"], len(decision.trace)]
told["spelled"] = json.loads(decision.to_text()) == decision.to_json()
told["same"] = module.decide({"tool": "pay", "args": {"amount": 1, "to": "eve"}}, {"blocked": ["eve"]}).verdict
told["errors"] = []
for make in (module.Policy, lambda: module.Policy({"blocked": "eve"}), lambda: module.Policy({"blocked": [], "more": 1}), lambda: module.Policy.from_json("{")):
    try:
        make()
    except module.DataError as error:
        told["errors"].append(str(error))
print(json.dumps(told))
"""

INVALID = "invalid request: "
DOCUMENT_ERRORS = [
    "the document `blocked` of `calls` is missing",
    "`blocked`: expected a list, got a string",
    "no document `more` is declared",
    "the document is not JSON, at character 1",
]


def built(target: str, file: Path) -> Path:
    made = pipeline.compile_texts([Text("calls.tenet", POLICY)], standard_library())
    assert made.program is not None
    file.write_bytes(TARGETS[target](pipeline.decision_tree(made.program)).encode("ascii"))
    return file


@pytest.mark.skipif(NODE is None, reason="there is no `node` here to run JavaScript")
def test_javascript_takes_the_values_of_javascript_and_denies_what_is_no_request(tmp_path: Path) -> None:
    module = built("javascript", tmp_path / "policy.mjs")
    command = [str(NODE), "--input-type=module", "-e", JAVASCRIPT, module.as_uri()]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told.pop("shape") == [True, "bigint", 4]
    assert told.pop("errors") == [[True, message] for message in DOCUMENT_ERRORS]
    assert (told.pop("spelled"), told.pop("same"), told.pop("bundle")) == (True, "deny", True)
    beyond = "a whole number beyond 2^53 - 1 is given as a BigInt, or as JSON text"
    assert told == {
        "fraction": ["deny", "0.1"],
        "bigint": ["deny", "9007199254740993"],
        "unsafe": ["deny", f"{INVALID}args.count: {beyond}"],
        "nan": ["deny", f"{INVALID}args.amount: infinities and NaN are not numbers"],
        "date": ["deny", "2027-01-02T03:04:05.678Z"],
        "undefined": ["deny", f'{INVALID}args.count: "undefined" is not a type that a request can hold'],
        "null prototype": ["deny", "rule blocked"],
        "map": ["deny", "rule blocked"],
        "getter": ["deny", f"{INVALID}args.to: the value could not be read"],
        "class": ["deny", f"{INVALID}args.to: an object of this class is not a type that a request can hold"],
        "throwing": ["deny", "internal error"],
        "surrogate": ["deny", f"{INVALID}args.to: the string has half of a surrogate pair"],
        "circle": ["deny", INVALID + "args" + ".args" * 31 + ": lists and objects are nested deeper than 32"],
        "nothing": ["deny", f'{INVALID}"undefined" is not a type that a request can hold'],
        "symbol": ["deny", f'{INVALID}"symbol" is not a type that a request can hold'],
        "list": ["deny", f"{INVALID}expected an object, got a list"],
        "text": ["deny", f"{INVALID}expected an object, got a string"],
        "bytes": ["deny", "rule blocked"],
        "no text": ["deny", f"{INVALID}the text of a document is a string, or bytes"],
    }


def test_stand_alone_python_takes_the_values_of_python_and_denies_what_is_no_request(tmp_path: Path) -> None:
    module = built("python", tmp_path / "policy.py")
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PYTHON, str(module)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told.pop("shape") == [9007199254740993, 4]
    assert told.pop("errors") == DOCUMENT_ERRORS
    assert (told.pop("spelled"), told.pop("same")) == (True, "deny")
    assert told == {
        "fraction": ["deny", "0.1"],
        "decimal": ["deny", "1.5"],
        "large": ["deny", "9007199254740993"],
        "too large": ["deny", f"{INVALID}args.count: the number does not fit in 64 bits"],
        "nan": ["deny", f"{INVALID}args.amount: infinities and NaN are not numbers"],
        "date": ["deny", "2027-01-02T03:04:05.678Z"],
        "naive": ["deny", f"{INVALID}args.at: a datetime without a time zone is no time"],
        "subclass": ["deny", f'{INVALID}args.to: "Name" is not a type that a request can hold'],
        "surrogate": ["deny", f"{INVALID}args.to: the string has half of a surrogate pair"],
        "circle": ["deny", INVALID + "args" + ".args" * 31 + ": lists and objects are nested deeper than 32"],
        "nothing": ["deny", f"{INVALID}expected an object, got null"],
        "list": ["deny", f"{INVALID}expected an object, got a list"],
        "text": ["deny", f"{INVALID}expected an object, got a string"],
        "key": ["deny", f"{INVALID}a key is not a string"],
        "object": ["deny", f'{INVALID}"object" is not a type that a request can hold'],
        "bytes": ["deny", "rule blocked"],
        "no text": ["deny", f"{INVALID}the text of a document is a string, or bytes"],
    }

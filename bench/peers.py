"""Other engines that a Python program can embed, with the policy of `decide.py`, each in its quickest documented use.

`peers(rules)` gives those that are installed (`pip install -r bench/requirements.txt`; nothing else needs them) as functions from a
request, a dict as it comes, to the verdict and the names of the rules that the engine says matched, which for some are
only those of the deciding verdict and for some none. Parsing is done beforehand, and what a request has to be turned into is
counted. Each engine's errors are the caller's to see.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec

Rule = tuple[str, str, str, list[tuple[str, str, object]]]
Answer = tuple[str, list[str] | None]
Peer = Callable[[dict[str, object]], Answer]


def peers(rules: Sequence[Rule]) -> Iterator[tuple[str, Peer]]:
    """The engines that are installed, by name, ready for these rules."""
    makers: list[tuple[str, str, Callable[[Sequence[Rule]], Peer]]] = [
        ("Cedar (cedarpy)", "cedarpy", cedar),
        ("Rego (regopy)", "regopy", rego),
        ("oso", "oso", oso),
        ("casbin", "casbin", casbin),
        ("CEL (Google's C++)", "cel_expr_python", cel_in_cpp),
        ("CEL (in Rust)", "cel", cel_in_rust),
        ("CEL (cel-python)", "celpy", cel),
    ]
    for name, module, make in makers:
        if find_spec(module) is not None:
            yield name, make(rules)


def cedar(rules: Sequence[Rule]) -> Peer:
    """A policy set that is parsed once; no entities, all facts in the context."""
    engine = import_module("cedarpy")

    def condition(path: str, operator: str, value: object) -> str:
        shown = json.dumps(value)
        return f"context.{path}.contains({shown})" if operator == "in" else f"context.{path} {operator} {shown}"

    texts = [
        f'@id("{name}")\n{"permit" if verdict == "allow" else "forbid"}'
        f'(principal, action == Action::"{tool}", resource) when {{ {" && ".join(condition(*c) for c in conditions)} }};'
        for name, verdict, tool, conditions in rules
    ]
    policies = engine.PolicySet.from_str("\n".join(texts))
    entities = engine.Entities.from_json_str("[]")
    names = {f"policy{number}": name for number, (name, *_) in enumerate(rules)}
    principal, resource = {"type": "User", "id": "u"}, {"type": "Thing", "id": "t"}

    def decide(request: dict[str, object]) -> Answer:
        asked = {
            "principal": principal,
            "action": {"type": "Action", "id": request["tool"]},
            "resource": resource,
            "context": {"args": request["args"], "agent": request["agent"]},
        }
        answer = engine.is_authorized(asked, policies, entities)
        found = sorted(names.get(reason, reason) for reason in answer.diagnostics.reasons)
        return ("allow" if answer.allowed else "deny"), found or None

    return decide


def rego(rules: Sequence[Rule]) -> Peer:
    """One partial set of the rules that match, compiled into a bundle once."""
    engine = import_module("regopy")

    def condition(path: str, operator: str, value: object) -> str:
        shown = json.dumps(value)
        return f"{shown} in input.{path}" if operator == "in" else f"input.{path} {operator} {shown}"

    lines = ["package bench", "import rego.v1"]
    lines += [
        f'matched contains "{name}" if {{\n  input.tool == "{tool}"\n  '
        + "\n  ".join(condition(*item) for item in conditions)
        + "\n}"
        for name, _, tool, conditions in rules
    ]
    interpreter = engine.Interpreter()
    interpreter.add_module("bench.rego", "\n".join(lines))
    bundle = interpreter.build(None, ["bench/matched"])
    denying = frozenset(name for name, verdict, *_ in rules if verdict == "deny")

    def decide(request: dict[str, object]) -> Answer:
        interpreter.set_input(request)
        output = interpreter.query_bundle_entrypoint(bundle, "bench/matched")
        found = sorted(json.loads(str(output))["expressions"][0])
        return _verdict(found, denying), found

    return decide


def oso(rules: Sequence[Rule]) -> Peer:
    """A rule for each, whose first argument is the tool, by which Polar finds them."""
    engine = import_module("oso")

    def condition(path: str, operator: str, value: object) -> str:
        shown = json.dumps(value)
        return f"{shown} in request.{path}" if operator == "in" else f"request.{path} {operator} {shown}"

    lines = ["allow(_actor, _action, _resource) if false;"]  # without it oso prints that there is none
    lines += [
        f'matched("{tool}", "{name}", request) if ' + " and ".join(condition(*item) for item in conditions) + ";"
        for name, _, tool, conditions in rules
    ]
    known = engine.Oso()
    known.load_str("\n".join(lines))
    variable = engine.Variable("rule")
    denying = frozenset(name for name, verdict, *_ in rules if verdict == "deny")

    def decide(request: dict[str, object]) -> Answer:
        asked = known.query_rule("matched", request["tool"], variable, request)
        found = sorted({answer["bindings"]["rule"] for answer in asked})
        return _verdict(found, denying), found

    return decide


def casbin(rules: Sequence[Rule]) -> Peer:
    """An enforcer for each tool, whose policies have their condition as text: casbin compares or evaluates one after the other."""
    engine, models = import_module("casbin"), import_module("casbin.model")

    def condition(path: str, operator: str, value: object) -> str:
        top, name = path.split(".")
        shown = repr(value)
        read = f"r.{top}.{name}"
        return f"{shown} in {read}" if operator == "in" else f"{read} {operator} {shown}"

    made: dict[str, object] = {}
    for tool in sorted({tool for _, _, tool, _ in rules}):
        model = models.Model()
        model.load_model_from_text(
            "[request_definition]\nr = args, agent\n[policy_definition]\np = rule, eft\n[policy_effect]\n"
            "e = some(where (p.eft == allow)) && !some(where (p.eft == deny))\n[matchers]\nm = eval(p.rule)\n"
        )
        enforcer = engine.Enforcer(model)
        enforcer.enable_log(False) if hasattr(enforcer, "enable_log") else None
        for _, verdict, own, conditions in rules:
            if own == tool:
                enforcer.add_policy(" && ".join(condition(*item) for item in conditions), verdict)
        made[tool] = enforcer.enforce

    class Attributes:
        def __init__(self, of: dict[str, object]) -> None:
            self.__dict__.update(of)

    def decide(request: dict[str, object]) -> Answer:
        args, agent = Attributes(request["args"]), Attributes(request["agent"])  # type: ignore[arg-type]  # they are dicts
        return ("allow" if made[request["tool"]](args, agent) else "deny"), None  # type: ignore[index, operator]  # its tool

    return decide


def expressions(rules: Sequence[Rule]) -> dict[str, str]:
    """For each tool one CEL expression that says whether a call is allowed."""

    def condition(path: str, operator: str, value: object) -> str:
        shown = json.dumps(value)
        return f"{shown} in {path}" if operator == "in" else f"{path} {operator} {shown}"

    made: dict[str, str] = {}
    for tool in sorted({tool for _, _, tool, _ in rules}):
        sides = []
        for wanted in ("deny", "allow"):
            own = [conditions for _, verdict, of, conditions in rules if of == tool and verdict == wanted]
            sides.append(" || ".join("(" + " && ".join(condition(*c) for c in item) + ")" for item in own) or "false")
        made[tool] = f"!({sides[0]}) && ({sides[1]})"
    return made


def cel(rules: Sequence[Rule]) -> Peer:
    """One expression for each tool, compiled once, that says the verdict."""
    engine = import_module("celpy")
    environment = engine.Environment()
    made = expressions(rules)
    programs: dict[str, object] = {tool: environment.program(environment.compile(text)) for tool, text in made.items()}
    convert = engine.json_to_cel

    def decide(request: dict[str, object]) -> Answer:
        answer = programs[request["tool"]].evaluate(  # type: ignore[index, attr-defined]  # its tool, a program
            {"args": convert(request["args"]), "agent": convert(request["agent"])}
        )
        return ("allow" if answer else "deny"), None

    return decide


def cel_in_cpp(rules: Sequence[Rule]) -> Peer:
    """The same, by Google's implementation in C++; it takes the request as it is."""
    engine = import_module("cel_expr_python.cel")
    environment = engine.NewEnv(variables={"args": engine.Type.MAP, "agent": engine.Type.MAP})
    programs = {tool: environment.compile(text) for tool, text in expressions(rules).items()}

    def decide(request: dict[str, object]) -> Answer:
        data = {"args": request["args"], "agent": request["agent"]}
        answer = programs[request["tool"]].eval(data=data).value()  # type: ignore[index]  # its tool
        return ("allow" if answer else "deny"), None

    return decide


def cel_in_rust(rules: Sequence[Rule]) -> Peer:
    """The same, by the implementation in Rust."""
    engine = import_module("cel")
    programs = {tool: engine.compile(text) for tool, text in expressions(rules).items()}

    def decide(request: dict[str, object]) -> Answer:
        answer = programs[request["tool"]].execute(  # type: ignore[index]  # its tool
            {"args": request["args"], "agent": request["agent"]}
        )
        return ("allow" if answer else "deny"), None

    return decide


def _verdict(found: Sequence[str], denying: frozenset[str]) -> str:
    return "allow" if found and denying.isdisjoint(found) else "deny"

"""Other engines that a Python program can embed, with the policy of `decide.py`, each in its quickest documented use.

`peers(rules)` gives those that are installed (`pip install -r bench/requirements.txt`; nothing else needs them) as functions from a
request, a dict as it comes, to the verdict and the names of the rules that the engine says matched, which for some are
only those of the deciding verdict and for some none. Parsing is done beforehand, and what a request has to be turned into is
counted. Each engine's errors are the caller's to see.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec

Rule = tuple[str, str, str, list[tuple[str, str, object]]]
Answer = tuple[str, list[str] | None]
Peer = Callable[[dict[str, object]], Answer]
INVARIANT_MOST = 1000
"""Rules; to parse them takes Invariant two minutes."""


def peers(rules: Sequence[Rule]) -> Iterator[tuple[str, Peer]]:
    """The engines that are installed, by name, ready for these rules."""
    makers: list[tuple[str, str, Callable[[Sequence[Rule]], Peer]]] = [
        ("Cedar (cedarpy)", "cedarpy", cedar),
        ("Rego (OPA's Go library)", "opa_bindings", rego_in_go),
        ("Rego (regopy)", "regopy", rego_in_cpp),
        ("Rego (regorus)", "regorus", rego_in_rust),
        ("Rego (regorus's machine)", "regorus", rego_by_machine),
        ("oso", "oso", oso),
        ("casbin", "casbin", casbin),
        ("CEL (Google's C++)", "cel_expr_python", cel_in_cpp),
        ("CEL (in Rust)", "cel", cel_in_rust),
        ("CEL (cel-python)", "celpy", cel),
        ("Invariant", "invariant", invariant),
    ]
    for name, module, make in makers:
        if find_spec(module) is not None and not (name == "Invariant" and len(rules) > INVARIANT_MOST):
            yield name, make(rules)


def cedar(rules: Sequence[Rule]) -> Peer:
    """A policy set for each tool, parsed once; no entities, all facts in the context."""
    engine = import_module("cedarpy")

    def condition(path: str, operator: str, value: object) -> str:
        shown = json.dumps(value)
        return f"context.{path}.contains({shown})" if operator == "in" else f"context.{path} {operator} {shown}"

    texts: dict[str, list[str]] = {}
    for name, verdict, tool, conditions in rules:
        effect = "permit" if verdict == "allow" else "forbid"
        tests = " && ".join(condition(*item) for item in conditions)
        texts.setdefault(tool, []).append(f'@id("{name}")\n{effect}(principal, action, resource) when {{ {tests} }};')
    policies = {tool: engine.PolicySet.from_str("\n".join(own)) for tool, own in texts.items()}
    entities = engine.Entities.from_json_str("[]")
    names: dict[str, list[str]] = {}
    for name, _, tool, _ in rules:
        names.setdefault(tool, []).append(name)
    principal, resource = {"type": "User", "id": "u"}, {"type": "Thing", "id": "t"}

    def decide(request: dict[str, object]) -> Answer:
        asked = {
            "principal": principal,
            "action": {"type": "Action", "id": request["tool"]},
            "resource": resource,
            "context": {"args": request["args"], "agent": request["agent"]},
        }
        tool = str(request["tool"])
        answer = engine.is_authorized(asked, policies[tool], entities)
        found = sorted(names[tool][int(reason.removeprefix("policy"))] for reason in answer.diagnostics.reasons)
        return ("allow" if answer.allowed else "deny"), found or None

    return decide


def rego(rules: Sequence[Rule], package: str, *, tool_first: bool) -> str:
    """A module with one partial set of the rules that match."""

    def condition(path: str, operator: str, value: object) -> str:
        shown = json.dumps(value)
        return f"{shown} in input.{path}" if operator == "in" else f"input.{path} {operator} {shown}"

    lines = [f"package {package}", "import rego.v1"]
    for name, _, tool, conditions in rules:
        own = [f'input.tool == "{tool}"'] if tool_first else []
        lines.append(f'matched contains "{name}" if {{')
        lines += [f"  {test}" for test in (*own, *(condition(*item) for item in conditions))]
        lines.append("}")
    return "\n".join(lines)


def rego_by_tool(rules: Sequence[Rule]) -> dict[str, str]:
    """A module for each tool, for engines that have no index of rules: a package has the tool's name."""
    tools = sorted({tool for _, _, tool, _ in rules})
    return {
        tool: rego([rule for rule in rules if rule[2] == tool], f"bench.{tool}", tool_first=False) for tool in tools
    }


def rego_in_go(rules: Sequence[Rule]) -> Peer:
    """All rules in one package, of which OPA makes an index by what they compare; packages for the tools are slower with it."""
    engine = import_module("opa_bindings").OpaEngine()
    engine.add_policy("bench.rego", rego(rules, "bench", tool_first=True))
    denying = denying_of(rules)

    def decide(request: dict[str, object]) -> Answer:
        found = sorted(engine.eval_document("bench.matched", request))
        return _verdict(found, denying), found

    return decide


def rego_in_cpp(rules: Sequence[Rule]) -> Peer:
    """One bundle with an entry point for each tool."""
    interpreter = import_module("regopy").Interpreter()
    for tool, text in rego_by_tool(rules).items():
        interpreter.add_module(f"{tool}.rego", text)
    points = {tool: f"bench/{tool}/matched" for tool in rego_by_tool(rules)}
    bundle = interpreter.build(None, list(points.values()))
    denying = denying_of(rules)

    def decide(request: dict[str, object]) -> Answer:
        interpreter.set_input(request)
        output = interpreter.query_bundle_entrypoint(bundle, points[str(request["tool"])])
        found = sorted(json.loads(str(output))["expressions"][0])
        return _verdict(found, denying), found

    return decide


def rego_in_rust(rules: Sequence[Rule]) -> Peer:
    """The interpreter of regorus, which takes a dict and gives a set, and evaluates the one rule of the tool's package."""
    engine = import_module("regorus").Engine()
    for tool, text in rego_by_tool(rules).items():
        engine.add_policy(f"{tool}.rego", text)
    paths = {tool: f"data.bench.{tool}.matched" for tool in rego_by_tool(rules)}
    denying = denying_of(rules)

    def decide(request: dict[str, object]) -> Answer:
        engine.set_input(request)
        found = sorted(engine.eval_rule(paths[str(request["tool"])]))
        return _verdict(found, denying), found

    return decide


def rego_by_machine(rules: Sequence[Rule]) -> Peer:
    """The virtual machine of regorus, one with its program for each tool, since a program has a limit; it takes and gives JSON."""
    native = import_module("regorus.regorus")
    machines: dict[str, tuple[Callable[[str], object], Callable[[], str]]] = {}
    for tool, text in rego_by_tool(rules).items():
        machine = native.Rvm()
        path = f"data.bench.{tool}.matched"
        machine.load_program(native.Program.compile_from_modules("{}", [(f"{tool}.rego", text)], [path]))
        machines[tool] = (machine.set_input_json, machine.execute)
    denying = denying_of(rules)

    def decide(request: dict[str, object]) -> Answer:
        take, execute = machines[str(request["tool"])]
        take(json.dumps(request))
        found = sorted(json.loads(execute()))
        return _verdict(found, denying), found

    return decide


def oso(rules: Sequence[Rule]) -> Peer:
    """A rule for each, all of a tool with a name of their own."""
    engine = import_module("oso")

    def condition(path: str, operator: str, value: object) -> str:
        shown = json.dumps(value)
        return f"{shown} in request.{path}" if operator == "in" else f"request.{path} {operator} {shown}"

    lines = ["allow(_actor, _action, _resource) if false;"]  # without it oso prints that there is none
    lines += [
        f'matched_{tool}("{name}", request) if ' + " and ".join(condition(*item) for item in conditions) + ";"
        for name, _, tool, conditions in rules
    ]
    known = engine.Oso()
    known.load_str("\n".join(lines))
    variable = engine.Variable("rule")
    denying = denying_of(rules)

    def decide(request: dict[str, object]) -> Answer:
        asked = known.query_rule(f"matched_{request['tool']}", variable, request)
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


def invariant(rules: Sequence[Rule]) -> Peer:
    """A policy for each tool, asked about a trace of the one call; it finds the rules that match, and we say what they are for."""
    engine = import_module("invariant.analyzer").LocalPolicy

    def condition(path: str, operator: str, value: object) -> str:
        top, name = path.split(".")
        shown = json.dumps(value)
        read = f"{'call.function.arguments' if top == 'args' else 'input.agent'}.{name}"
        return f"{shown} in {read}" if operator == "in" else f"{read} {operator} {shown}"

    texts: dict[str, str] = {}
    for name, _, tool, conditions in rules:
        tests = ["(call: ToolCall)", f"call is tool:{tool}", *(condition(*item) for item in conditions)]
        texts[tool] = texts.get(tool, "") + f'raise "{name}" if:\n' + "".join(f"    {test}\n" for test in tests) + "\n"
    policies = {tool: engine.from_string(text) for tool, text in texts.items()}
    denying = denying_of(rules)
    loop = asyncio.new_event_loop()

    def decide(request: dict[str, object]) -> Answer:
        call = {"id": "1", "type": "function", "function": {"name": request["tool"], "arguments": request["args"]}}
        trace = [{"role": "assistant", "content": "", "tool_calls": [call]}]
        asked = policies[str(request["tool"])].a_analyze(trace, agent=request["agent"])
        found = sorted(error.args[0] for error in loop.run_until_complete(asked).errors)
        return _verdict(found, denying), found

    return decide


def denying_of(rules: Sequence[Rule]) -> frozenset[str]:
    return frozenset(name for name, verdict, *_ in rules if verdict == "deny")


def _verdict(found: Sequence[str], denying: frozenset[str]) -> str:
    return "allow" if found and denying.isdisjoint(found) else "deny"

// From a parsed request to typed inputs, or the reason why it is none. Each type is made into a function that reads a value as
// one of the type or throws `Refused`; the readers of collections add where they were.

const MAXIMUM_CALLS = 1_000;

function described(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "an object";
  return { boolean: "a boolean", string: "a string" }[typeof value] ?? "a number";
}

const isNumber = (value) => typeof value === "bigint" || value instanceof Decimal;

function readString(value) {
  if (typeof value === "string") return value;
  throw new Refused(`expected a string, got ${described(value)}`);
}

const parsedReader = (parse, wanted) => (value) => {
  if (typeof value !== "string") throw new Refused(`expected ${wanted}, got ${described(value)}`);
  try {
    return parse(value);
  } catch (fault) {
    throw fault instanceof ValueFault ? new Refused(`expected ${wanted}: ${fault.detail}`) : fault;
  }
};

const patternReader = (kind, wanted) => (value) => {
  try {
    return new Pattern(kind, readString(value), null);
  } catch (error) {
    throw error instanceof PatternError ? new Refused(`expected ${wanted}: ${error.reason}`) : error;
  }
};

const SCALAR_READERS = new Map([
  ["bool", (value) => {
    if (typeof value === "boolean") return value;
    throw new Refused(`expected a bool, got ${described(value)}`);
  }],
  ["int", (value) => {
    if (typeof value === "bigint") return value;
    if (isNumber(value)) throw new Refused("expected an int, got a number with a fraction");
    throw new Refused(`expected an int, got ${described(value)}`);
  }],
  ["decimal", (value) => {
    if (!isNumber(value)) throw new Refused(`expected a decimal, got ${described(value)}`);
    try {
      return incomingDecimal(value);
    } catch (fault) {
      throw fault instanceof ValueFault ? new Refused(fault.detail) : fault;
    }
  }],
  ["string", readString],
  ["tool", readString],
  ["time", parsedReader(parseTime, "a time")],
  ["duration", parsedReader(parseDuration, "a duration")],
  ["ip", parsedReader(parseIp, "an IP address")],
  ["cidr", parsedReader(parseCidr, "a CIDR block")],
  ["url", parsedReader(parseUrl, "a URL")],
  ["email", parsedReader(parseEmail, "an e-mail address")],
  ["host", parsedReader(parseHost, "a host name")],
  ["path", parsedReader(parsePath, "a path")],
  ["semver", parsedReader(parseSemver, "a version")],
  ["glob", patternReader("glob", "a glob")],
  ["regex", patternReader("regex", "a regular expression")],
  ["json", (value) => value],
  ["arguments", (value) => value],
  ["verdict", parsedReader((text) => text, "a verdict")],
]);

/** The reader of a type. `strict`: fields that a record does not declare are refused, not dropped. */
function readerOf(type, tools, strict) {
  switch (type.is) {
    case "Scalar":
      return SCALAR_READERS.get(type.name);
    case "UnionType":
      return unionReader(type.literals);
    case "OptionalType":
      return readerOf(type.of, tools, strict);
    case "ListType":
    case "SetType": {
      const most = type.of.is === "RecordType" && argumentsField(type.of) !== undefined ? MAXIMUM_CALLS : null;
      return sequenceReader(readerOf(type.of, tools, strict), type, most);
    }
    case "MapType":
      return mapReader(readerOf(type.key, tools, strict), readerOf(type.of, tools, strict));
    case "RecordType":
      return recordReader(type, tools, strict);
    default:
      return (value) => {
        throw new Refused(`no value is expected here, got ${described(value)}`);
      };
  }
}

/** A value of type `json`, or an earlier call's arguments (typed already), read as `wanted`; null where it is none. */
function narrowing(wanted, tools) {
  const read = readerOf(wanted, tools, true);
  return (value) => {
    if (value instanceof Fields) return { value };
    try {
      return { value: read(value) };
    } catch (refused) {
      if (refused instanceof Refused) return null;
      throw refused;
    }
  };
}

function unionReader(literals) {
  const allowed = new Set(literals);
  const names = literals.slice(0, 8).map(shown).join(", ") + (literals.length > 8 ? ", \u2026" : "");
  const wanted = literals.length === 1 ? names : `one of ${names}`;
  return (value) => {
    if (typeof value !== "string") throw new Refused(`expected ${wanted}, got ${described(value)}`);
    if (!allowed.has(value)) throw new Refused(`expected ${wanted}, got ${shown(value)}`);
    return value;
  };
}

function inside(step, read, value) {
  try {
    return read(value);
  } catch (refused) {
    throw refused instanceof Refused ? refused.within(step) : refused;
  }
}

function sequenceReader(readItem, type, most) {
  return (value) => {
    if (!Array.isArray(value)) throw new Refused(`expected a list, got ${described(value)}`);
    if (most !== null && value.length > most) throw new Refused(`at most ${most} are taken, got ${value.length}`);
    const items = value.map((item, position) => inside(position, readItem, item));
    if (type.is === "ListType") return items;
    if (type.of.is !== "Scalar" && areChosen(items)) {
      throw new Refused("many members were chosen to have the same hash");
    }
    return setOf(items);
  };
}

function mapReader(readKey, readItem) {
  return (value) => {
    if (!(value instanceof Map)) throw new Refused(`expected an object, got ${described(value)}`);
    const items = new Map();
    for (const key of sortedTexts(value.keys())) {
      const item = inside(key, readItem, value.get(key));
      items.set(inside(key, readKey, key), item);
    }
    return items;
  };
}

const isScalar = (type, name) => type.is === "Scalar" && type.name === name;
const argumentsField = (type) => type.fields.find((field) => isScalar(field.type, "arguments"));

/** The first of the keys, by code points, that is none of those known; undefined if all are. */
function unknownKey(value, known) {
  return sortedTexts([...value.keys()].filter((key) => !known.has(key)))[0];
}

function recordReader(type, tools, strict) {
  if (argumentsField(type) !== undefined) return callReader(type, tools, strict);
  const fields = [...type.fields]
    .sort((one, two) => compareText(one.name, two.name))
    .map((field) => [field.name, refinedReader(readerOf(field.type, tools, strict), field.refinement), field.optional]);
  const names = new Set(fields.map(([name]) => name));
  return (value) => {
    if (!(value instanceof Map)) throw new Refused(`expected an object, got ${described(value)}`);
    if (strict) {
      const unknown = unknownKey(value, names);
      if (unknown !== undefined) throw new Refused("nothing of this name is declared").within(unknown);
    }
    const items = new Fields();
    for (const [name, read, optional] of fields) {
      if (value.has(name)) items.set(name, inside(name, read, value.get(name)));
      else if (!optional) throw new Refused("required, and missing").within(name);
    }
    return items;
  };
}

/** An earlier call: its arguments must fit its tool where that is declared, and are dropped where it is not. */
function callReader(type, tools, strict) {
  const argumentsName = argumentsField(type).name;
  const toolName = type.fields.find((field) => isScalar(field.type, "tool")).name;
  const rest = { ...type, fields: type.fields.filter((field) => field.name !== argumentsName) };
  const readRest = recordReader(rest, tools, strict);
  const readers = new Map();
  return (value) => {
    if (!(value instanceof Map)) throw new Refused(`expected an object, got ${described(value)}`);
    const record = readRest(new Map([...value].filter(([name]) => name !== argumentsName)));
    const tool = record.get(toolName);
    if (!value.has(argumentsName) || !tools.has(tool)) return record;
    if (!readers.has(tool)) readers.set(tool, recordReader(tools.get(tool), tools, true));
    record.set(argumentsName, inside(argumentsName, readers.get(tool), value.get(argumentsName)));
    return record;
  };
}

function refinedReader(read, refinement) {
  if (!refinement) return read;
  const bound = (form) => (form === undefined || form === null ? null : constantOf(form));
  const minimum = bound(refinement.minimum);
  const maximum = bound(refinement.maximum);
  const pattern = typeof refinement.pattern === "string" ? new Pattern("regex", refinement.pattern, null) : null;
  return (value) => {
    const found = read(value);
    if (isNumber(found)) {
      if (minimum !== null && compareNumbers(found, minimum) < 0) {
        throw new Refused(`must be at least ${numberText(minimum)}`);
      }
      if (maximum !== null && compareNumbers(found, maximum) > 0) {
        throw new Refused(`must be at most ${numberText(maximum)}`);
      }
    }
    if (typeof found === "string" || found instanceof Parsed) {
      const text = textOf(found);
      if (pattern !== null && !pattern.matches(text)) throw new Refused(`must match ${shown(pattern.source)}`);
      checkBounds(lengthOf(text), refinement.length, "characters");
    } else if (isCollection(found) || found instanceof Map) {
      checkBounds(found.size ?? found.length, refinement.items, "items");
    }
    return found;
  };
}

function checkBounds(size, bounds, of) {
  if (bounds && (size < bounds[0] || size > bounds[1])) {
    throw new Refused(`must have ${bounds[0]} to ${bounds[1]} ${of}, has ${size}`);
  }
}

// ------------------------------------------------------------------------------------------------------------- requests

const STANDARD_FACTS = ["agent", "context", "now", "session", "user"];
const NOTHING = new Fields();
const TRUST = new Map([["agent", 0], ["tool", 1], ["user", 2]]);

class UnknownTool {
  constructor(tool) {
    this.tool = tool;
  }
}

/** Reads requests of the policy. */
class RequestReader {
  constructor(policy) {
    this.usesTools = policy.uses_tools;
    this.tools = new Map(Object.entries(policy.tools).map(([name, tool]) => [name, policy.typeOf(tool.parameters)]));
    this.arguments = new Map([...this.tools].map(([name, type]) => [name, recordReader(type, this.tools, true)]));
    this.facts = sortedItems(new Map(Object.entries(policy.facts))).map(([name, fact]) => [
      name,
      readerOf(policy.typeOf(fact.type), this.tools, false),
      fact.required,
    ]);
    this.counters = [...policy.counters]
      .sort((one, two) => compareText(one.name, two.name))
      .map((counter) => [counter.name, counterReader(counter, policy, this.tools)]);
    this.counterNames = new Set(this.counters.map(([name]) => name));
    const toolFacts = this.usesTools ? ["tool", "args", "origins", "counters", ...STANDARD_FACTS] : [];
    this.known = new Set([...this.facts.map(([name]) => name), "approvals", ...toolFacts]);
  }

  /** Typed inputs by name; throws `Refused` or `UnknownTool`. */
  read(request) {
    if (!(request instanceof Map)) throw new Refused(`expected an object, got ${described(request)}`);
    const unknown = unknownKey(request, this.known);
    if (unknown !== undefined) throw new Refused("nothing of this name is declared").within(unknown);
    const inputs = new Fields();
    let tool = "";
    if (this.usesTools) {
      tool = this.tool(request);
      inputs.set("tool", tool);
      if (!request.has("args")) throw new Refused("required, and missing").within("args");
      inputs.set("args", inside("args", this.arguments.get(tool), request.get("args")));
    }
    for (const [name, read, required] of this.facts) {
      if (request.has(name)) inputs.set(name, inside(name, read, request.get(name)));
      else if (required) throw new Refused("required, and missing").within(name);
    }
    if (this.usesTools) {
      inputs.set("origins", request.has("origins") ? this.origins(tool, request.get("origins")) : NOTHING);
      inputs.set("counters", this.readCounters(request.has("counters") ? request.get("counters") : NOTHING));
    }
    inputs.set("approvals", request.has("approvals") ? readApprovals(request.get("approvals")) : []);
    return inputs;
  }

  tool(request) {
    if (!request.has("tool")) throw new Refused("required, and missing").within("tool");
    const tool = request.get("tool");
    if (typeof tool !== "string") {
      throw new Refused(`expected the name of a tool, got ${described(tool)}`).within("tool");
    }
    if (!this.tools.has(tool)) throw new UnknownTool(tool);
    return tool;
  }

  origins(tool, origins) {
    if (!(origins instanceof Map)) throw new Refused(`expected an object, got ${described(origins)}`).within("origins");
    const declared = new Set(this.tools.get(tool).fields.map((field) => field.name));
    const unknown = unknownKey(origins, declared);
    if (unknown !== undefined) {
      throw new Refused(`${shown(tool)} has no argument of this name`).within(unknown, "origins");
    }
    const read = new Fields();
    for (const [name, origin] of sortedItems(origins)) {
      read.set(name, inside("origins", (value) => inside(name, readOrigin, value), origin));
    }
    return read;
  }

  readCounters(counters) {
    if (!(counters instanceof Map)) {
      throw new Refused(`expected an object, got ${described(counters)}`).within("counters");
    }
    const unknown = unknownKey(counters, this.counterNames);
    if (unknown !== undefined) {
      throw new Refused("no counter of this name is declared").within(unknown, "counters");
    }
    const read = new Fields();
    for (const [name, readCounter] of this.counters) {
      if (!counters.has(name)) throw new Refused("required, and missing").within(name, "counters");
      read.set(name, inside("counters", (value) => inside(name, readCounter, value), counters.get(name)));
    }
    return read;
  }
}

/** What is counted is never negative. */
function counterReader(counter, policy, tools) {
  const refinement = counter.aggregate === "sum" ? null : { minimum: 0 };
  return refinedReader(readerOf(policy.typeOf(counter.type), tools, true), refinement);
}

/** `user`, `agent` or `tool:NAME`; of a list the least trusted, the first of equals in the order of their texts. */
function readOrigin(value) {
  let text;
  if (Array.isArray(value)) {
    if (!value.length) throw new Refused("expected an origin, got an empty list");
    const trust = (origin) => TRUST.get(partition(origin, ":")[0]);
    [text] = value.map(originText).sort((one, two) => trust(one) - trust(two) || compareText(one, two));
  } else {
    text = originText(value);
  }
  const [kind, , tool] = partition(text, ":");
  return new Fields(kind === "tool" ? [["kind", kind], ["tool", tool]] : [["kind", kind]]);
}

function originText(value) {
  if (typeof value !== "string") {
    throw new Refused(`expected "user", "agent" or "tool:NAME", got ${described(value)}`);
  }
  const [kind, , tool] = partition(value, ":");
  if (value === "user" || value === "agent" || (kind === "tool" && tool)) return value;
  throw new Refused('expected "user", "agent" or "tool:NAME"');
}

function readApprovals(value) {
  if (!Array.isArray(value)) throw new Refused(`expected a list, got ${described(value)}`).within("approvals");
  return value.map((item, position) => {
    if (!(item instanceof Map) || typeof item.get("reviewers") !== "string") {
      throw new Refused("expected an object that names its `reviewers`").within(position, "approvals");
    }
    return new Fields([["reviewers", item.get("reviewers")]]);
  });
}

// ------------------------------------------------------------------------------------------------------------ documents

/** The documents, typed, by package and name; throws `DataError`. `documents` is a `Map` by the names that are declared. */
function readDocuments(policy, documents) {
  const typed = new Map();
  const used = new Set();
  for (const { package: inPackage, name: short, type } of policy.data) {
    const full = `${inPackage}.${short}`;
    const name = documents.has(full) ? full : short;
    if (!documents.has(name)) throw new DataError(`the document \`${short}\` of \`${inPackage}\` is missing`);
    used.add(name);
    let placed = "";
    try {
      const document = copied(documents.get(name), DATA_LIMITS);
      placed = ".";
      typed.set(`${inPackage}\0${short}`, readerOf(policy.typeOf(type), new Map(), true)(document));
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      const { path, reason } = refused;
      if (placed) throw new DataError(`\`${name}${path && path[0] !== "[" ? "." : ""}${path}\`: ${reason}`);
      throw new DataError(`\`${name}\`: ${path ? `${path}: ` : ""}${reason}`);
    }
  }
  for (const name of sortedTexts(documents.keys())) {
    if (!used.has(name)) throw new DataError(`no document \`${name}\` is declared`);
  }
  return typed;
}

// The values of the language while a policy runs, their order, and how they are shown.
//
//     bool boolean   int BigInt   decimal Decimal   string string   list Array   set Members   record Fields   map Map
//     time, duration, ip, cidr, host, email, url, path, semver: the class of that name
//     json: null, booleans, BigInt, Decimal, strings, arrays, maps
//
// JavaScript compares objects by identity, so a set keeps its members by a *key*: a text that two values share exactly if they
// are equal.

/** A record. A map is a plain `Map`. */
class Fields extends Map {}

/** A set, by the keys of its members. */
class Members {
  constructor(byKey) {
    this.byKey = byKey;
    this.inOrder = null;
  }

  get size() {
    return this.byKey.size;
  }

  has(value) {
    return this.byKey.has(keyOf(value));
  }

  /** The members in canonical order. */
  sorted() {
    this.inOrder ??= [...this.byKey.values()].sort(compare);
    return this.inOrder;
  }
}

function setOf(values) {
  const byKey = new Map();
  for (const value of values) {
    const key = keyOf(value);
    if (!byKey.has(key)) byKey.set(key, value);
  }
  return new Members(byKey);
}

const isCollection = (value) => Array.isArray(value) || value instanceof Members;
const membersOf = (value) => (Array.isArray(value) ? value : value.sorted());
const textOf = (value) => (typeof value === "string" ? value : value.text);

/** Where a value ranks among those of other types. */
function rankOf(value) {
  switch (typeof value) {
    case "boolean":
      return value ? 2 : 1;
    case "bigint":
      return 3;
    case "string":
      return 4;
    default:
      break;
  }
  if (value === null) return 0;
  if (value instanceof Decimal || value instanceof Time || value instanceof Duration) return 3;
  if (value instanceof Parsed) return 4;
  if (Array.isArray(value)) return 5;
  if (value instanceof Map) return 6;
  if (value instanceof Ip) return 7;
  if (value instanceof Cidr) return 8;
  if (value instanceof Semver) return 9;
  if (value instanceof Members) return 10;
  throw new Error("not a value of the language");
}

/** Below, at or above zero: the canonical order of values. */
function compare(left, right) {
  if (typeof left === "bigint" && typeof right === "bigint") return left < right ? -1 : left > right ? 1 : 0;
  const rank = rankOf(left);
  const other = rankOf(right);
  if (rank !== other) return rank - other;
  switch (rank) {
    case 3:
      return compareNumbers(left, right);
    case 4:
      return compareText(textOf(left), textOf(right));
    case 5:
      return compareLists(left, right, compare);
    case 6:
      return compareLists(sortedItems(left), sortedItems(right), compareEntries);
    case 7:
      return compareAddresses(left, right);
    case 8:
      return compareAddresses(left.network, right.network) || left.prefix - right.prefix;
    case 9:
      return compareVersions(left, right);
    case 10:
      return compareLists(left.sorted(), right.sorted(), compare);
    default:
      return 0;
  }
}

function compareNumbers(left, right) {
  if (left instanceof Time || left instanceof Duration) return compare(left.ns, right.ns);
  return compareDecimals(toDecimal(left), toDecimal(right));
}

function compareAddresses(left, right) {
  return left.version - right.version || (left.number < right.number ? -1 : left.number > right.number ? 1 : 0);
}

const compareEntries = (left, right) => compareText(left[0], right[0]) || compare(left[1], right[1]);

function compareLists(left, right, compareItems) {
  const end = Math.min(left.length, right.length);
  for (let i = 0; i < end; i++) {
    const found = compareItems(left[i], right[i]);
    if (found !== 0) return found;
  }
  return left.length - right.length;
}

/** The fields of a record, or the entries of a map, by name. */
const sortedItems = (map) => [...map].sort((one, two) => compareText(one[0], two[0]));

const joinedKeys = (keys) => keys.map((key) => `${key.length}:${key}`).join("");

/** A text that two values share exactly if they are equal. */
function keyOf(value) {
  if (typeof value === "string") return `4${value}`;
  if (typeof value === "bigint") return `3${value}`;
  const rank = rankOf(value);
  switch (rank) {
    case 3:
      return `3${value instanceof Decimal ? numberText(value) : value.ns}`;
    case 5:
      return `5${joinedKeys(value.map(keyOf))}`;
    case 6:
      return `6${joinedKeys(sortedItems(value).flatMap(([name, inner]) => [name, keyOf(inner)]))}`;
    case 10:
      return `A${joinedKeys(sortedTexts(value.byKey.keys()))}`;
    case 4:
    case 7:
    case 8:
    case 9:
      return `${rank}${value.text}`;
    default:
      return String(rank);
  }
}

function equal(left, right) {
  if (left === right) return true;
  if (typeof left !== "object" && typeof right !== "object") return false;
  return left !== null && right !== null && keyOf(left) === keyOf(right);
}

// How values are shown: `plain` gives null, booleans, BigInts, strings, arrays and maps, which `jsonText` writes.

function plain(value) {
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Decimal) return numberText(value);
  if (value instanceof Time) return timeText(value.ns);
  if (value instanceof Duration) return durationText(value.ns);
  if (value instanceof Pattern) return value.source;
  if (isCollection(value)) return membersOf(value).map(plain);
  if (value instanceof Map) return new Map(sortedItems(value).map(([name, inner]) => [name, plain(inner)]));
  return value.text;
}

/** JSON without spaces, members of objects in the order in which they are. */
function jsonText(document) {
  if (Array.isArray(document)) return `[${document.map(jsonText).join(",")}]`;
  if (document instanceof Map) {
    return `{${[...document].map(([name, inner]) => `${JSON.stringify(name)}:${jsonText(inner)}`).join(",")}}`;
  }
  return typeof document === "bigint" ? document.toString() : JSON.stringify(document);
}

/** The value as a template of `because` shows it. */
function rendered(value) {
  const document = plain(value);
  return typeof document === "string" ? document : jsonText(document);
}

/** What `plain` gives as ordinary JavaScript: objects without a prototype; a BigInt only where a number would be inexact. */
function ordinary(document) {
  if (typeof document === "bigint") {
    const number = Number(document);
    return Number.isSafeInteger(number) ? number : document;
  }
  if (Array.isArray(document)) return document.map(ordinary);
  if (!(document instanceof Map)) return document;
  const object = Object.create(null);
  for (const [name, inner] of document) object[name] = ordinary(inner);
  return object;
}

// How much a quantifier's block goes through without a quantifier of its own: sixteen members count as one that is tried.

function sizeOfValue(value) {
  if (typeof value === "string") return Math.floor(lengthOf(value) / 16);
  if (value === null || typeof value !== "object") return 0;
  if (value instanceof Parsed) return Math.floor(lengthOf(value.text) / 16);
  const members = isCollection(value) ? [...(Array.isArray(value) ? value : value.byKey.values())] : null;
  if (members === null && !(value instanceof Map)) return 0;
  const inner = members ?? [...value.values()];
  return inner.length + total(inner, sizeOfValue);
}

const workOf = (values) => Math.floor(total(values, sizeOfValue) / 16);

// Constants of a policy in its JSON form.

const PARSERS = new Map([
  ["time", parseTime],
  ["duration", parseDuration],
  ["ip", parseIp],
  ["cidr", parseCidr],
  ["host", parseHost],
  ["email", parseEmail],
  ["url", parseUrl],
  ["path", parsePath],
  ["semver", parseSemver],
]);

function constantOf(form) {
  if (typeof form === "number") return BigInt(form);
  if (form === null || typeof form !== "object") return form;
  const [[kind, content]] = Object.entries(form);
  switch (kind) {
    case "int":
      return BigInt(content);
    case "decimal":
      return constantDecimal(content);
    case "json":
      return content === "null" ? null : content === "true";
    case "list":
      return content.map(constantOf);
    case "set":
      return setOf(content.map(constantOf));
    case "record":
      return new Fields(Object.entries(content).map(([name, inner]) => [name, constantOf(inner)]));
    case "map":
      return new Map(Object.entries(content).map(([name, inner]) => [name, constantOf(inner)]));
    case "glob":
      return new Pattern("glob", content[0], content[1]);
    case "regex":
      return new Pattern("regex", content, null);
    default: {
      const parse = PARSERS.get(kind);
      // The spelling that a policy keeps of an IPv6 host is that of a URL.
      if (kind === "host" && content[0] === "[") return new Host(content);
      return parse(content);
    }
  }
}

/** A constant may be computed, so it has up to 64 digits, more than a decimal that is read. */
function constantDecimal(text) {
  const [whole, , fraction] = partition(text, ".");
  return decimal(BigInt(whole + fraction), fraction.length);
}

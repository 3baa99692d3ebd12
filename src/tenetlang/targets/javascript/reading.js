// What comes in, all of it hostile. JSON parsers disagree about documents that RFC 8259 leaves open: a key twice, numbers too
// large for a double, half of a surrogate pair, NaN. Each is refused, by name and with the place. `JSON.parse` is not used: it
// keeps the last of two equal keys and makes doubles of numbers.
//
// What comes out is made of null, booleans, BigInt, Decimal, strings, arrays and maps.

const REQUEST_LIMITS = { size: 2 ** 20, depth: 32, values: 50_000, string: 256 * 2 ** 10 };
const DATA_LIMITS = { size: 256 * 2 ** 20, depth: 32, values: 20_000_000, string: 2 ** 20 };

/** Stands in a parsed document for what is wrong there, until its place is known. */
class Unreadable {
  constructor(reason) {
    this.reason = reason;
  }
}

/** Where the text stops being JSON. */
class NoJson {
  constructor(position) {
    this.position = position;
  }
}

/** The document in the text, or in the bytes of its UTF-8; throws `Refused`. */
function readJson(data, limits) {
  if (typeof data !== "string" && !(data instanceof Uint8Array)) {
    throw new Refused("the text of a document is a string, or bytes");
  }
  if (typeof data === "string" && !isText(data)) throw new Refused("the text has half of a surrogate pair");
  const size = typeof data === "string" ? bytesOf(data) : data.length;
  if (size > limits.size) throw new Refused(`the document has more than ${limits.size} bytes`);
  const bytes = typeof data === "string" ? null : data;
  if (bytes ? bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf : data[0] === "\ufeff") {
    throw new Refused("the document begins with a byte order mark");
  }
  const text = bytes ? decodeUtf8(bytes) : data;
  if (typeof text !== "string") throw new Refused(`the document is not UTF-8, at byte ${text}`);
  let document;
  try {
    document = new JsonParser(text).document();
  } catch (problem) {
    if (problem instanceof TooDeep) throw new Refused(`lists and objects are nested deeper than ${limits.depth}`);
    if (!(problem instanceof NoJson)) throw problem;
    throw new Refused(`the document is not JSON, at character ${lengthOf(text.slice(0, problem.position))}`);
  }
  return copied(document, limits);
}

/** The text is nested so deeply that nobody need know where it ends. */
class TooDeep {}

const PARSED_DEPTH = 900;
const WHITE = " \t\n\r";
const STRING_ESCAPES = new Map([['"', '"'], ["\\", "\\"], ["/", "/"], ["b", "\b"], ["f", "\f"], ["n", "\n"], ["r", "\r"], ["t", "\t"]]);
const LITERALS = [["null", null], ["true", true], ["false", false]];
const NO_LITERALS = ["NaN", "Infinity", "-Infinity"];

/** A parser of JSON whose errors are where the one of Python's standard library has them. */
class JsonParser {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
  }

  document() {
    this.skip();
    const document = this.value();
    this.skip();
    if (this.at !== this.text.length) throw new NoJson(this.at);
    return document;
  }

  skip() {
    while (this.at < this.text.length && WHITE.includes(this.text[this.at])) this.at += 1;
  }

  value() {
    const { text, at } = this;
    const next = text[at];
    if (next === '"') return this.string();
    if (next === "{" || next === "[") {
      this.depth += 1;
      if (this.depth > PARSED_DEPTH) throw new TooDeep();
      const found = next === "{" ? this.object() : this.array();
      this.depth -= 1;
      return found;
    }
    for (const [word, constant] of LITERALS) {
      if (text.startsWith(word, at)) {
        this.at += word.length;
        return constant;
      }
    }
    for (const word of NO_LITERALS) {
      if (text.startsWith(word, at)) {
        this.at += word.length;
        return new Unreadable(`${word} is not JSON`);
      }
    }
    return this.number();
  }

  number() {
    const { text } = this;
    const start = this.at;
    let at = text[start] === "-" ? start + 1 : start;
    const digits = () => {
      while (at < text.length && text[at] >= "0" && text[at] <= "9") at += 1;
    };
    if (text[at] === "0") at += 1;
    else if (text[at] >= "1" && text[at] <= "9") digits();
    else throw new NoJson(start);
    let whole = true;
    if (text[at] === "." && text[at + 1] >= "0" && text[at + 1] <= "9") {
      whole = false;
      at += 1;
      digits();
    }
    if (text[at] === "e" || text[at] === "E") {
      const mark = at;
      at += 1;
      if (text[at] === "+" || text[at] === "-") at += 1;
      const first = at;
      digits();
      if (at > first) whole = false;
      else at = mark;
    }
    this.at = at;
    const spelled = text.slice(start, at);
    if (whole) return spelled.length <= 20 ? BigInt(spelled) : new Unreadable("the number does not fit in 64 bits");
    try {
      return parseNumber(spelled);
    } catch (fault) {
      if (fault instanceof ValueFault) return new Unreadable(fault.detail);
      throw fault;
    }
  }

  string() {
    const { text } = this;
    const begin = this.at;
    let at = begin + 1;
    let found = "";
    for (;;) {
      const from = at;
      while (at < text.length && text[at] !== '"' && text[at] !== "\\") {
        if (text.charCodeAt(at) < 0x20) throw new NoJson(at);
        at += 1;
      }
      found += text.slice(from, at);
      if (at >= text.length) throw new NoJson(begin);
      at += 1;
      if (text[at - 1] === '"') break;
      if (at >= text.length) throw new NoJson(begin);
      if (text[at] === "u") {
        found += String.fromCharCode(this.hexadecimal(at));
        at += 5;
        continue;
      }
      const escaped = STRING_ESCAPES.get(text[at]);
      if (escaped === undefined) throw new NoJson(at - 1);
      found += escaped;
      at += 1;
    }
    this.at = at;
    return found;
  }

  /** The number of the escape whose `u` is there. */
  hexadecimal(at) {
    const digits = this.text.slice(at + 1, at + 5);
    if (digits.length < 4 || at + 5 >= this.text.length || !HEXADECIMAL.holds(digits)) throw new NoJson(at);
    return parseInt(digits, 16);
  }

  object() {
    const { text } = this;
    const entries = new Map();
    let twice = null;
    this.at += 1;
    this.skip();
    if (text[this.at] === "}") {
      this.at += 1;
      return entries;
    }
    for (;;) {
      if (text[this.at] !== '"') throw new NoJson(this.at);
      const key = this.string();
      this.skip();
      if (text[this.at] !== ":") throw new NoJson(this.at);
      this.at += 1;
      this.skip();
      const value = this.value();
      if (entries.has(key)) twice ??= key;
      entries.set(key, value);
      this.skip();
      const next = text[this.at];
      if (next !== "," && next !== "}") throw new NoJson(this.at);
      this.at += 1;
      if (next === "}") break;
      this.skip();
    }
    return twice === null ? entries : new Unreadable(`the key ${shown(twice)} is there twice`);
  }

  array() {
    const { text } = this;
    const items = [];
    this.at += 1;
    this.skip();
    if (text[this.at] === "]") {
      this.at += 1;
      return items;
    }
    for (;;) {
      items.push(this.value());
      this.skip();
      const next = text[this.at];
      if (next !== "," && next !== "]") throw new NoJson(this.at);
      this.at += 1;
      if (next === "]") return items;
      this.skip();
    }
  }
}

/** A copy of a document that holds it to the limits; takes what `readJson` makes and what JavaScript programs hold. */
function copied(document, limits) {
  const reader = new Reader(limits);
  const copy = reader.read(document, limits.depth);
  refuseCollisions(reader.fractions);
  return copy;
}

class Reader {
  constructor(limits) {
    this.limits = limits;
    this.size = limits.size;
    this.values = limits.values - 1;
    this.fractions = [];
  }

  read(value, depth) {
    switch (typeof value) {
      case "string":
        return this.string(value);
      case "boolean":
        return value;
      case "bigint":
        if (INT_MIN <= value && value <= INT_MAX) return value;
        throw new Refused("the number does not fit in 64 bits");
      case "number":
        return this.fraction(this.double(value));
      case "object":
        return this.object(value, depth);
      default:
        throw new Refused(`"${typeof value}" is not a type that a request can hold`);
    }
  }

  object(value, depth) {
    if (value === null) return null;
    if (value instanceof Decimal) return this.fraction(value);
    if (value instanceof Unreadable) throw new Refused(value.reason);
    if (value instanceof Map) return this.mapping(value, depth);
    if (Array.isArray(value)) return this.sequence(value, depth);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.mapping(ownEntries(value), depth);
    if (value instanceof Date && Number.isFinite(value.getTime())) return this.string(value.toISOString());
    throw new Refused("an object of this class is not a type that a request can hold");
  }

  double(value) {
    try {
      return numberFromDouble(value);
    } catch (fault) {
      throw fault instanceof ValueFault ? new Refused(fault.detail) : fault;
    }
  }

  fraction(value) {
    if (value instanceof Decimal) this.fractions.push(value);
    return value;
  }

  string(text) {
    if (!isText(text)) throw new Refused("the string has half of a surrogate pair");
    const length = bytesOf(text);
    if (length > this.limits.string) throw new Refused(`the string has more than ${this.limits.string} bytes`);
    this.size -= length;
    this.leave();
    return text;
  }

  mapping(entries, depth) {
    this.enter(entries.size, depth);
    const copy = new Map();
    for (const [key, value] of entries) {
      if (typeof key !== "string") throw new Refused("a key is not a string");
      this.key(key);
      copy.set(key, this.inside(value, depth, key));
    }
    this.leave();
    return copy;
  }

  key(key) {
    if (key.length <= 64 && this.size >= 64 && isAscii(key)) this.size -= key.length;
    else this.string(key);
  }

  sequence(elements, depth) {
    this.enter(elements.length, depth);
    const copy = [];
    for (let i = 0; i < elements.length; i++) copy.push(this.inside(elements[i], depth, i));
    this.leave();
    return copy;
  }

  /** A value inside a list or an object. A short string is counted now and judged when what it is in is complete. */
  inside(value, depth, step) {
    if (typeof value === "string" && value.length <= 64 && isAscii(value)) {
      this.size -= value.length;
      return value;
    }
    try {
      return this.read(value, depth - 1);
    } catch (refused) {
      throw refused instanceof Refused ? refused.within(step) : refused;
    }
  }

  enter(length, depth) {
    if (depth === 0) throw new Refused(`lists and objects are nested deeper than ${this.limits.depth}`);
    this.values -= length;
    if (this.values < 0) throw new Refused(`the document has more than ${this.limits.values} values`);
  }

  leave() {
    if (this.size < 0) throw new Refused(`the document has more than ${this.limits.size} bytes`);
  }
}

/** The entries of a plain object. What a getter would answer now it might not answer later. */
function ownEntries(object) {
  const entries = new Map();
  for (const key of Object.keys(object)) {
    const property = Object.getOwnPropertyDescriptor(object, key);
    if (property === undefined || !("value" in property)) throw new Refused("the value could not be read").within(key);
    entries.set(key, property.value);
  }
  return entries;
}

// Numbers with one hash. Python hashes a number by its remainder at 2^61 - 1, which everybody knows; requests made to abuse it
// are invalid for every evaluator alike, so that one decision does not depend on where it is made.

const FEW_FRACTIONS = 1000;
const MOST_OF_A_HASH = 100;
const PYTHON_PRIME = 2n ** 61n - 1n;

function modularPower(base, exponent) {
  let result = 1n;
  for (let square = base % PYTHON_PRIME, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % PYTHON_PRIME;
    square = (square * square) % PYTHON_PRIME;
  }
  return result;
}

const inverseOfTen = once(() => modularPower(TEN, PYTHON_PRIME - 2n));

function pythonHash(number) {
  const { units, places } = toDecimal(number);
  const hash = ((absoluteOf(units) % PYTHON_PRIME) * modularPower(inverseOfTen(), BigInt(places))) % PYTHON_PRIME;
  const signed = units < 0n ? -hash : hash;
  return signed === -1n ? -2n : signed;
}

function refuseCollisions(fractions) {
  if (fractions.length <= FEW_FRACTIONS) return;
  const counts = new Map();
  for (const number of new Map(fractions.map((fraction) => [numberText(fraction), fraction])).values()) {
    const hash = pythonHash(number);
    counts.set(hash, (counts.get(hash) ?? 0) + 1);
  }
  for (const count of counts.values()) {
    if (count > MOST_OF_A_HASH) {
      throw new Refused("the document has many numbers that were chosen to have the same hash");
    }
  }
}

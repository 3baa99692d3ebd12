// Addresses and names on a network, URLs, paths and versions: what every common parser reads in one way, and nothing else.
// What is refused, and why, is told on top of `network.py`, `urls.py` and `paths.py` in tenetlang, which these follow.

/** A text that was parsed: compares and hashes as its one spelling. */
class Parsed {
  constructor(text) {
    this.text = text;
  }
}

class Host extends Parsed {
  get ip() {
    if (this.text[0] === "[") return parseIp(this.text.slice(1, -1));
    const labels = this.text.split(".");
    return endsInNumber(labels[labels.length - 1]) ? parseIp(this.text) : null;
  }

  get labels() {
    return this.text[0] === "[" ? [this.text] : this.text.split(".");
  }
}

class Email extends Parsed {}
class Url extends Parsed {}

class Path extends Parsed {
  constructor(absolute, segments) {
    super((absolute ? "/" : "") + segments.join("/") || ".");
    this.absolute = absolute;
    this.segments = segments;
  }

  get name() {
    return this.segments.length ? this.segments[this.segments.length - 1] : "";
  }

  get extension() {
    const dot = this.name.lastIndexOf(".");
    return dot >= 0 && trimmedStart(this.name.slice(0, dot), ".") !== "" ? this.name.slice(dot + 1) : "";
  }

  get parent() {
    return new Path(this.absolute, this.segments.slice(0, -1));
  }
}

class Ip {
  constructor(version, number) {
    this.version = version;
    this.number = number;
  }

  get bits() {
    return this.version === 4 ? 32 : 128;
  }

  get text() {
    return this.version === 4 ? ipv4Text(this.number) : ipv6Text(this.number);
  }
}

class Cidr {
  constructor(network, prefix) {
    this.network = network;
    this.prefix = prefix;
  }

  get text() {
    return `${this.network.text}/${this.prefix}`;
  }

  contains(address) {
    const { network } = this;
    return (
      network.version === address.version &&
      (network.number ^ address.number) >> BigInt(network.bits - this.prefix) === 0n
    );
  }

  containsBlock(other) {
    return this.prefix <= other.prefix && this.contains(other.network);
  }
}

class Semver {
  constructor(major, minor, patch, identifiers) {
    this.major = major;
    this.minor = minor;
    this.patch = patch;
    this.identifiers = identifiers;
  }

  get prerelease() {
    return this.identifiers.join(".");
  }

  get text() {
    const release = `${this.major}.${this.minor}.${this.patch}`;
    return this.identifiers.length ? `${release}-${this.prerelease}` : release;
  }
}

// Addresses

const MAPPED = 0xffffn;
const isPlainNumber = (digits) => isDigits(digits) && (digits[0] !== "0" || digits === "0");

function parseIp(text) {
  const six = text.includes(":");
  const number = six ? ipv6Number(text) : ipv4Number(text);
  if (number === null) throw badInput(`${shown(text)} is not an IP address`);
  if (!six) return new Ip(4, number);
  if (number >> 32n === MAPPED) {
    throw badInput(`${shown(text)} is an IPv4 address in the form of IPv6, which programs read differently`);
  }
  return new Ip(6, number);
}

function parseCidr(text) {
  const [address, slash, digits] = partition(text, "/");
  if (!slash || digits.length < 1 || digits.length > 3 || !isPlainNumber(digits)) {
    throw badInput(`${shown(text)} is not a block of addresses such as 10.0.0.0/8`);
  }
  const network = parseIp(address);
  const prefix = Number(digits);
  if (prefix > network.bits) {
    throw badInput(`${shown(text)} is not a block of addresses: at most ${network.bits} bits can be fixed`);
  }
  if (network.number & ((1n << BigInt(network.bits - prefix)) - 1n)) {
    throw badInput(`${shown(text)} is not a block of addresses: it has bits set after the first ${prefix}`);
  }
  return new Cidr(network, prefix);
}

function ipv4Number(text) {
  const parts = text.length <= 15 ? text.split(".") : [];
  if (parts.length !== 4 || !parts.every(isPlainNumber)) return null;
  let number = 0n;
  for (const part of parts) {
    if (Number(part) > 255) return null;
    number = (number << 8n) | BigInt(part);
  }
  return number;
}

function ipv6Number(text) {
  if (text.length > 45) return null;
  const [before, gap, after] = partition(text, "::");
  const head = ipv6Groups(before, !gap);
  const tail = gap ? ipv6Groups(after, true) : [];
  if (head === null || tail === null) return null;
  const zeros = 8 - head.length - tail.length;
  if (gap ? zeros < 1 : zeros !== 0) return null;
  return [...head, ...Array(zeros).fill(0n), ...tail].reduce((number, group) => (number << 16n) | group, 0n);
}

/** The groups on one side of `::`; those that end the address may end in a dotted quad. */
function ipv6Groups(text, last) {
  if (text === "") return [];
  const groups = [];
  const pieces = text.split(":");
  for (const [position, piece] of pieces.entries()) {
    if (last && piece.includes(".") && position === pieces.length - 1) {
      const quad = ipv4Number(piece);
      if (quad === null) return null;
      groups.push(quad >> 16n, quad & 0xffffn);
    } else if (piece.length >= 1 && piece.length <= 4 && HEXADECIMAL.holds(piece)) {
      groups.push(BigInt(`0x${piece}`));
    } else {
      return null;
    }
  }
  return groups;
}

const ipv4Text = (number) => [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 0xffn).join(".");

/** The one form of RFC 5952: the first longest run of two or more zero groups as `::`. */
function ipv6Text(number) {
  const groups = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push((number >> shift) & 0xffffn);
  let start = 0;
  let length = 1;
  for (let position = 0; position < 8; ) {
    let end = position;
    while (end < 8 && groups[end] === 0n) end += 1;
    if (end - position > length) [start, length] = [position, end - position];
    position = end + 1;
  }
  const spelled = groups.map((group) => group.toString(16));
  if (length === 1) return spelled.join(":");
  return `${spelled.slice(0, start).join(":")}::${spelled.slice(start + length).join(":")}`;
}

// Hosts

const LABEL_CHARACTERS = LOWER_LETTERS + DIGIT_CHARACTERS + "-";
const LABEL = charSet(LABEL_CHARACTERS);

function parseHost(text) {
  const length = lengthOf(text);
  if (length < 1 || length > 253) throw badInput(`${shown(text)} is not a host: it must have 1 to 253 characters`);
  if (!isAscii(text)) throw badInput(`${shown(text)} is not a host: names outside ASCII are written as xn-- labels`);
  const host = text.toLowerCase();
  const labels = host.split(".");
  for (const label of labels) {
    if (label.length < 1 || label.length > 63 || !LABEL.holds(label) || label[0] === "-" || label.endsWith("-")) {
      throw badInput(`${shown(text)} is not a host`);
    }
    if (label.startsWith("xn--") && !isALabel(label.slice(4))) {
      throw badInput(`${shown(text)} is not a host: ${shown(label)} is not what Punycode writes`);
    }
  }
  if (endsInNumber(labels[labels.length - 1]) && ipv4Number(host) === null) {
    throw badInput(`${shown(text)} is not a host: some programs would read it as an IPv4 address`);
  }
  return new Host(host);
}

function endsInNumber(label) {
  return DIGITS_ONLY.holds(label) || (label.startsWith("0x") && HEXADECIMAL.holds(label.slice(2)));
}

/** Whether Punycode (RFC 3492) makes this of some visible text outside ASCII. */
function isALabel(encoded) {
  const points = punycodeDecoded(encoded);
  return (
    points !== null &&
    points.some((point) => point > 0x7f) &&
    points.every((point) => isVisible(point) || point === 0x200c || point === 0x200d) &&
    punycodeEncoded(points) === encoded
  );
}

function punycodeBias(delta, count, first) {
  let rest = first ? Math.floor(delta / 700) : Math.floor(delta / 2);
  rest += Math.floor(rest / count);
  let bias = 0;
  for (; rest > 455; bias += 36) rest = Math.floor(rest / 35);
  return bias + Math.floor((36 * rest) / (rest + 38));
}

const punycodeThreshold = (k, bias) => (k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias);
const PUNYCODE_DIGITS = LOWER_LETTERS + DIGIT_CHARACTERS;

/** The code points that the text encodes; null where it encodes none. */
function punycodeDecoded(encoded) {
  const dash = encoded.lastIndexOf("-");
  const points = [...encoded.slice(0, Math.max(dash, 0))].map((character) => character.codePointAt(0));
  let at = dash + 1;
  let point = 128;
  let position = 0;
  let bias = 72;
  while (at < encoded.length) {
    const before = position;
    let weight = 1;
    for (let k = 36; ; k += 36) {
      const digit = at < encoded.length ? PUNYCODE_DIGITS.indexOf(encoded[at]) : -1;
      at += 1;
      if (digit < 0) return null;
      position += digit * weight;
      // No label of 63 characters can stand for a number as large as that.
      if (position > Number.MAX_SAFE_INTEGER / 64) return null;
      const threshold = punycodeThreshold(k, bias);
      if (digit < threshold) break;
      weight *= 36 - threshold;
    }
    const count = points.length + 1;
    bias = punycodeBias(position - before, count, before === 0);
    point += Math.floor(position / count);
    if (point > 0x10ffff) return null;
    position %= count;
    points.splice(position, 0, point);
    position += 1;
  }
  return points;
}

function punycodeEncoded(points) {
  const basic = points.filter((point) => point < 128);
  let text = String.fromCodePoint(...basic) + (basic.length ? "-" : "");
  let handled = basic.length;
  let point = 128;
  let delta = 0;
  let bias = 72;
  while (handled < points.length) {
    const next = Math.min(...points.filter((other) => other >= point));
    delta += (next - point) * (handled + 1);
    point = next;
    for (const other of points) {
      if (other < point) delta += 1;
      if (other !== point) continue;
      let rest = delta;
      for (let k = 36; ; k += 36) {
        const threshold = punycodeThreshold(k, bias);
        if (rest < threshold) break;
        text += PUNYCODE_DIGITS[threshold + ((rest - threshold) % (36 - threshold))];
        rest = Math.floor((rest - threshold) / (36 - threshold));
      }
      text += PUNYCODE_DIGITS[rest];
      bias = punycodeBias(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled += 1;
    }
    delta += 1;
    point += 1;
  }
  return text;
}

// Mail

const LOCAL_PART = charSet(LABEL_CHARACTERS + UPPER_LETTERS + "!#$%&'*+/=?^_`{|}~.");
const noEmail = (text) => badInput(`${shown(text)} is not an address of mail such as ann@example.com`);

function parseEmail(text) {
  const [local, at, name] = partition(text, "@");
  if (!at || name.includes("@") || local.length < 1 || lengthOf(local) > 64 || lengthOf(text) > 254) {
    throw noEmail(text);
  }
  if (!LOCAL_PART.holds(local) || local[0] === "." || local.endsWith(".") || local.includes("..")) throw noEmail(text);
  let domain;
  try {
    domain = parseHost(name);
  } catch (fault) {
    if (!(fault instanceof ValueFault)) throw fault;
    throw badInput(`${shown(text)} is not an address of mail: ${fault.detail}`);
  }
  if (domain.ip !== null) throw noEmail(text);
  const email = new Email(`${local}@${domain.text}`);
  email.local = local;
  email.domain = domain;
  return email;
}

// Paths

function parsePath(text) {
  if (text === "") throw badInput("an empty text is not a path");
  if (text.includes("\0") || text.includes("\\")) {
    throw badInput(`${shown(text)} is not a path: it holds a NUL or a backslash`);
  }
  const segments = [];
  for (const segment of text.split("/")) {
    if (segment === "..") {
      if (!segments.length) throw badInput(`${shown(text)} is not a path: it climbs above where it starts`);
      segments.pop();
    } else if (segment !== "" && segment !== ".") {
      segments.push(segment);
    }
  }
  if (text[0] !== "/" && segments.length && segments[0][0] === "~") {
    throw badInput(`${shown(text)} is not a path: programs disagree whether ~ is a home directory`);
  }
  return new Path(text[0] === "/", segments);
}

// Versions

const IDENTIFIER = charSet(DIGIT_CHARACTERS + UPPER_LETTERS + LOWER_LETTERS + "-");
const isVersionIdentifier = (text) => text !== "" && IDENTIFIER.holds(text);
const noVersion = (text) => badInput(`${shown(text)} is not a version such as 1.2.0 or 1.2.0-rc.1`);

function parseSemver(text) {
  if (lengthOf(text) > 256) throw noVersion(text);
  const [version, plus, build] = partition(text, "+");
  const [release, dash, prerelease] = partition(version, "-");
  const numbers = release.split(".");
  if (numbers.length !== 3 || (plus && !build.split(".").every(isVersionIdentifier))) throw noVersion(text);
  const number = (digits) => {
    if (!isPlainNumber(digits)) throw noVersion(text);
    return BigInt(digits);
  };
  const identifiers = (dash ? prerelease.split(".") : []).map((identifier) => {
    if (!isVersionIdentifier(identifier)) throw noVersion(text);
    return isDigits(identifier) ? number(identifier) : identifier;
  });
  return new Semver(...numbers.map(number), identifiers);
}

function compareVersions(left, right) {
  for (const part of ["major", "minor", "patch"]) {
    if (left[part] !== right[part]) return left[part] < right[part] ? -1 : 1;
  }
  if (!left.identifiers.length || !right.identifiers.length) return right.identifiers.length - left.identifiers.length;
  const end = Math.min(left.identifiers.length, right.identifiers.length);
  for (let i = 0; i < end; i++) {
    const one = left.identifiers[i];
    const two = right.identifiers[i];
    if (one === two) continue;
    if (typeof one !== typeof two) return typeof one === "bigint" ? -1 : 1;
    return typeof one === "bigint" ? (one < two ? -1 : 1) : compareText(one, two);
  }
  return left.identifiers.length - right.identifiers.length;
}

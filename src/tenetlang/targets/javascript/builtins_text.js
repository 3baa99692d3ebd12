// The functions of `std.text`, `std.encoding`, `std.net`, `std.paths`, `std.versions` and `std.json`. Positions and lengths count
// code points. Where a text is cut at another text, UTF-16 units will do: two texts of whole code points never meet in the middle
// of one.

const WHITE_SPACE =
  "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

const pointsOf = (text) => [...text];

function indexOfText(text, part) {
  const found = text.indexOf(part);
  return BigInt(found < 0 ? -1 : lengthOf(text.slice(0, found)));
}

function occurrences(text, part) {
  return BigInt(part === "" ? lengthOf(text) + 1 : text.split(part).length - 1);
}

function substring(text, start, count) {
  if (start < 0n || count < 0n) throw badInput("a position or a length is negative");
  const points = pointsOf(text);
  const from = Number(start < BigInt(points.length) ? start : BigInt(points.length));
  const most = Number(count < BigInt(points.length) ? count : BigInt(points.length));
  return points.slice(from, from + most).join("");
}

function after(text, separator) {
  const found = text.indexOf(separator);
  return found < 0 ? "" : text.slice(found + separator.length);
}

function words(text) {
  const found = [""];
  for (const character of text) {
    if (!WHITE_SPACE.includes(character)) found[found.length - 1] += character;
    else if (found[found.length - 1] !== "") found.push("");
  }
  return found.filter(Boolean);
}

function joinTexts(parts, separator) {
  checkString(total(parts, lengthOf) + lengthOf(separator) * Math.max(parts.length - 1, 0));
  return parts.join(separator);
}

function replaceText(text, old, by) {
  const count = Number(occurrences(text, old));
  checkString(lengthOf(text) + count * (lengthOf(by) - lengthOf(old)));
  if (old === "") return by + pointsOf(text).map((character) => character + by).join("");
  return text.split(old).join(by);
}

function repeatText(text, times) {
  if (times < 0n) throw badInput("a text can't be repeated a negative number of times");
  if (BigInt(lengthOf(text)) * times > BigInt(MAXIMUM_STRING)) checkString(MAXIMUM_STRING + 1);
  return text === "" ? "" : text.repeat(Number(times));
}

function withoutStart(text, characters) {
  const dropped = charSet(characters);
  const points = pointsOf(text);
  let start = 0;
  while (start < points.length && dropped.has(points[start])) start += 1;
  return points.slice(start).join("");
}

function withoutEnd(text, characters) {
  const dropped = charSet(characters);
  const points = pointsOf(text);
  let end = points.length;
  while (end > 0 && dropped.has(points[end - 1])) end -= 1;
  return points.slice(0, end).join("");
}

// Encodings

const BASE64 = UPPER_LETTERS + LOWER_LETTERS + DIGIT_CHARACTERS + "+/";

function base64Of(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const [one, two, three] = bytes.slice(i, i + 3);
    const number = (one << 16) | ((two ?? 0) << 8) | (three ?? 0);
    text += BASE64[number >> 18] + BASE64[(number >> 12) & 63];
    text += (two === undefined ? "=" : BASE64[(number >> 6) & 63]) + (three === undefined ? "=" : BASE64[number & 63]);
  }
  return text;
}

function textOfBytes(bytes) {
  const text = decodeUtf8(bytes);
  if (typeof text !== "string") throw badInput("the decoded bytes are not UTF-8");
  return text;
}

function base64Decode(text, name) {
  const digits = trimmedEnd(text, "=");
  const bytes = [];
  let kept = 0;
  let bits = 0;
  for (const character of digits) {
    const digit = BASE64.indexOf(character);
    if (digit < 0) throw badInput(`the text is not ${name}`);
    kept = ((kept << 6) | digit) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((kept >> bits) & 0xff);
    }
  }
  // One text must have one encoding: no stray bits, no padding in odd places.
  if (base64Of(bytes) !== text) throw badInput(`the text is not ${name}`);
  return textOfBytes(bytes);
}

function base64UrlEncode(text) {
  const bytes = encodeUtf8(text);
  checkString(Math.floor((bytes.length * 4 + 2) / 3));
  return trimmedEnd(base64Of(bytes), "=").replaceAll("+", "-").replaceAll("/", "_");
}

function base64UrlDecode(text) {
  if (text.includes("+") || text.includes("/")) throw badInput("the text is not base64url");
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  const missing = (4 - (lengthOf(standard) % 4)) % 4;
  return base64Decode(standard.endsWith("=") ? standard : standard + "=".repeat(missing), "base64url");
}

const hexOf = (bytes) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");

function hexDecode(text) {
  if (text.length % 2 || !HEXADECIMAL.holds(text)) throw badInput("the text is not in base 16");
  const bytes = [];
  for (let i = 0; i < text.length; i += 2) bytes.push(parseInt(text.slice(i, i + 2), 16));
  return textOfBytes(bytes);
}

function percentEncode(text) {
  const encoded = percentEncoded(text, UNRESERVED);
  checkString(encoded.length);
  return encoded;
}

function percentDecode(text) {
  const [first, ...pieces] = text.split("%");
  const bytes = encodeUtf8(first);
  for (const piece of pieces) {
    const digits = piece.slice(0, 2);
    if (digits.length < 2 || !HEXADECIMAL.holds(digits)) throw badInput("a `%` begins no escape");
    bytes.push(parseInt(digits, 16));
    for (const byte of encodeUtf8(piece.slice(2))) bytes.push(byte);
  }
  return textOfBytes(bytes);
}

function encodedWithin(text, encode) {
  const encoded = encode(encodeUtf8(text));
  checkString(encoded.length);
  return encoded;
}

/** SHA-256 (FIPS 180-4); its constants are the first bits of the fractions of roots of primes. */
function sha256(bytes) {
  const [initial, constants] = sha256Constants();
  const state = [...initial];
  const padded = [...bytes, 0x80];
  while (padded.length % 64 !== 56) padded.push(0);
  for (let shift = 56n; shift >= 0n; shift -= 8n) padded.push(Number(((BigInt(bytes.length) * 8n) >> shift) & 0xffn));
  const turned = (word, by) => (word >>> by) | (word << (32 - by));
  for (let start = 0; start < padded.length; start += 64) {
    const schedule = [];
    for (let i = 0; i < 64; i++) {
      if (i < 16) {
        const at = start + 4 * i;
        schedule.push((padded[at] << 24) | (padded[at + 1] << 16) | (padded[at + 2] << 8) | padded[at + 3]);
        continue;
      }
      const [one, two] = [schedule[i - 15], schedule[i - 2]];
      const small = turned(one, 7) ^ turned(one, 18) ^ (one >>> 3);
      schedule.push((schedule[i - 16] + small + schedule[i - 7] + (turned(two, 17) ^ turned(two, 19) ^ (two >>> 10))) | 0);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + schedule[i]) | 0;
      const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => {
      state[i] = (state[i] + word) | 0;
    });
  }
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

const sha256Constants = once(() => {
  const primes = [];
  for (let number = 2; primes.length < 64; number++) if (primes.every((prime) => number % prime)) primes.push(number);
  const root = (number, degree) => {
    const scaled = BigInt(number) << (32n * degree);
    let found = 0n;
    for (let bit = 40n; bit >= 0n; bit--) if ((found + (1n << bit)) ** degree <= scaled) found += 1n << bit;
    return Number(found & 0xffffffffn) | 0;
  };
  return [primes.slice(0, 8).map((prime) => root(prime, 2n)), primes.map((prime) => root(prime, 3n))];
});

// Addresses

const reads = (parse) => (text) => {
  try {
    parse(text);
  } catch (fault) {
    if (fault instanceof ValueFault) return false;
    throw fault;
  }
  return true;
};

function blockOf(address, prefix) {
  if (prefix < 0n || prefix > BigInt(address.bits)) {
    throw badInput(`a prefix of IPv${address.version} has 0 to ${address.bits} bits`);
  }
  const kept = BigInt(address.bits) - prefix;
  return new Cidr(new Ip(address.version, (address.number >> kept) << kept), Number(prefix));
}

const endOfBlock = (block) => block.network.number + (1n << BigInt(block.network.bits - block.prefix));

function isLeftHalf(left, right) {
  return (
    left.prefix === right.prefix &&
    right.prefix > 0 &&
    left.network.version === right.network.version &&
    endOfBlock(left) === right.network.number &&
    !((left.network.number >> BigInt(left.network.bits - left.prefix)) & 1n)
  );
}

/** The fewest blocks that hold the same addresses. */
function mergeBlocks(blocks) {
  const merged = [];
  for (const block of blocks.sorted()) {
    let joined = block;
    if (merged.length && merged[merged.length - 1].containsBlock(block)) continue;
    while (merged.length && isLeftHalf(merged[merged.length - 1], joined)) {
      joined = new Cidr(merged.pop().network, joined.prefix - 1);
    }
    merged.push(joined);
  }
  return setOf(merged);
}

// JSON

function parseJsonText(text) {
  try {
    return readJson(text, REQUEST_LIMITS);
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    throw badInput("the text is not JSON that a request could hold");
  }
}

function typeNameOf(document) {
  if (document === null) return "null";
  if (Array.isArray(document)) return "array";
  if (document instanceof Map) return "object";
  return { boolean: "boolean", string: "string" }[typeof document] ?? "number";
}

/** What a JSON Pointer (RFC 6901) points at, or `undefined`. */
function pointedAt(document, pointer) {
  if (pointer && pointer[0] !== "/") throw badInput("a JSON pointer is empty or begins with `/`");
  let here = document;
  for (const token of pointer.split("/").slice(1)) {
    if (token.replaceAll("~0", "").replaceAll("~1", "").includes("~")) {
      throw badInput("in a JSON pointer, `~` is written `~0` and `/` is written `~1`");
    }
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (here instanceof Map) here = here.get(name);
    else here = Array.isArray(here) && isPlainNumber(name) && name.length <= 9 ? here[Number(name)] : undefined;
  }
  return here;
}

function pointedValue(document, pointer) {
  const found = pointedAt(document, pointer);
  if (found === undefined) throw new ValueFault("bad_index", `nothing is at ${shown(pointer)}`);
  return found;
}

const TEXT_BUILTINS = {
  "std.text.lower": lowerCase,
  "std.text.upper": upperCase,
  "std.text.equal_ignoring_case": (left, right) => withoutCase(left) === withoutCase(right),
  "std.text.starts_with": (text, prefix) => text.startsWith(prefix),
  "std.text.ends_with": (text, suffix) => text.endsWith(suffix),
  "std.text.length": (text) => BigInt(lengthOf(text)),
  "std.text.index_of": indexOfText,
  "std.text.occurrences": occurrences,
  "std.text.substring": substring,
  "std.text.before": (text, separator) => partition(text, separator)[0],
  "std.text.after": after,
  "std.text.split": (text, separator) => (separator === "" ? pointsOf(text) : text.split(separator)),
  "std.text.lines": (text) => text.replaceAll("\r\n", "\n").split("\n"),
  "std.text.words": words,
  "std.text.reversed": (text) => pointsOf(text).reverse().join(""),
  "std.text.join": joinTexts,
  "std.text.replace": replaceText,
  "std.text.repeat": repeatText,
  "std.text.trim": (text) => trimmedStart(trimmedEnd(text, WHITE_SPACE), WHITE_SPACE),
  "std.text.trim_start": (text) => trimmedStart(text, WHITE_SPACE),
  "std.text.trim_end": (text) => trimmedEnd(text, WHITE_SPACE),
  "std.text.trim_characters": (text, characters) => withoutStart(withoutEnd(text, characters), characters),
  "std.text.trim_characters_start": withoutStart,
  "std.text.trim_characters_end": withoutEnd,
  "std.text.trim_prefix": (text, prefix) => (text.startsWith(prefix) ? text.slice(prefix.length) : text),
  "std.text.trim_suffix": (text, suffix) => (text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text),
  "std.text.is_ascii": isAscii,
  "std.encoding.base64_encode": (text) => encodedWithin(text, base64Of),
  "std.encoding.base64_decode": (text) => base64Decode(text, "base64"),
  "std.encoding.base64url_encode": base64UrlEncode,
  "std.encoding.base64url_decode": base64UrlDecode,
  "std.encoding.hex_encode": (text) => encodedWithin(text, hexOf),
  "std.encoding.hex_decode": hexDecode,
  "std.encoding.percent_encode": percentEncode,
  "std.encoding.percent_decode": percentDecode,
  "std.encoding.sha256": (text) => sha256(encodeUtf8(text)),
};

const NETWORK_BUILTINS = {
  "std.net.parse_ip": parseIp,
  "std.net.parse_cidr": parseCidr,
  "std.net.parse_host": parseHost,
  "std.net.parse_email": parseEmail,
  "std.net.parse_url": parseUrl,
  "std.net.is_ip": reads(parseIp),
  "std.net.is_cidr": reads(parseCidr),
  "std.net.is_host": reads(parseHost),
  "std.net.is_email": reads(parseEmail),
  "std.net.is_url": reads(parseUrl),
  "std.net.ip_of": (host) => host.ip ?? undefined,
  "std.net.is_address": (host) => host.ip !== null,
  "std.net.ip_version": (address) => BigInt(address.version),
  "std.net.block_of": blockOf,
  "std.net.prefix_length": (block) => BigInt(block.prefix),
  "std.net.first_address": (block) => block.network,
  "std.net.last_address": (block) => new Ip(block.network.version, endOfBlock(block) - 1n),
  "std.net.overlap": (left, right) => left.containsBlock(right) || right.containsBlock(left),
  "std.net.merge": mergeBlocks,
  "std.paths.parse": parsePath,
  "std.paths.is_path": reads(parsePath),
  "std.versions.parse": parseSemver,
  "std.versions.is_version": reads(parseSemver),
  "std.json.parse": parseJsonText,
  "std.json.is_json": reads(parseJsonText),
  "std.json.to_text": (document) => {
    const text = jsonText(plain(document));
    checkString(lengthOf(text));
    return text;
  },
  "std.json.type_name": typeNameOf,
  "std.json.at": pointedValue,
  "std.json.has_at": (document, pointer) => pointedAt(document, pointer) !== undefined,
};

const BUILTINS = new Map(
  Object.entries({ ...COLLECTION_BUILTINS, ...TIME_BUILTINS, ...TEXT_BUILTINS, ...NETWORK_BUILTINS }),
);

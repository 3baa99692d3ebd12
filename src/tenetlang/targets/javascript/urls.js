// URLs: scheme and host always, split once and for all, in one normal form.

const DEFAULT_PORTS = new Map([["http", 80], ["https", 443], ["ws", 80], ["wss", 443], ["ftp", 21]]);
const ALL_LETTERS = LOWER_LETTERS + UPPER_LETTERS;
const LETTERS_ONLY = charSet(ALL_LETTERS);
const SCHEME = charSet(ALL_LETTERS + DIGIT_CHARACTERS + "+-.");
const UNRESERVED_CHARACTERS = ALL_LETTERS + DIGIT_CHARACTERS + "-._~";
const UNRESERVED = charSet(UNRESERVED_CHARACTERS);
const PATH_CHARACTERS = UNRESERVED_CHARACTERS + "!$&'()*+,;=:@";
const PATH_SET = charSet(PATH_CHARACTERS);
const QUERY_SET = charSet(PATH_CHARACTERS + "/?[]{}|^`");

const noUrl = (text, why) => badInput(`${shown(text)} is not a URL: ${why}`);
const percent = (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;

function parseUrl(text) {
  if (!isAscii(text)) throw badInput(`${shown(text)} is not a URL: what is outside ASCII must be escaped as UTF-8`);
  const [written, mark, after] = partition(text, "://");
  if (!mark || written === "" || !LETTERS_ONLY.has(written[0]) || !SCHEME.holds(written)) {
    throw noUrl(text, "it must begin with a scheme and `://`");
  }
  const scheme = written.toLowerCase();
  const [beforeFragment, , rawFragment] = partition(after, "#");
  const [beforeQuery, , rawQuery] = partition(beforeFragment, "?");
  const [authority, slash, path] = partition(beforeQuery, "/");
  const [host, writtenPort] = readAuthority(text, authority);
  const defaultPort = DEFAULT_PORTS.get(scheme) ?? null;
  const segments = slash ? readUrlPath(text, path) : [];
  const query = normalEscapes(text, rawQuery);
  const fragment = normalEscapes(text, rawFragment);
  const port = writtenPort !== null && writtenPort !== defaultPort ? `:${writtenPort}` : "";
  const url = new Url(
    `${scheme}://${host.text}${port}/${segments.map(escapedSegment).join("/")}` +
      (query ? `?${query}` : "") +
      (fragment ? `#${fragment}` : ""),
  );
  const number = writtenPort ?? defaultPort;
  url.scheme = scheme;
  url.host = host;
  url.port = number === null ? null : BigInt(number);
  url.path = `/${segments.join("/")}`;
  url.query = query;
  url.fragment = fragment;
  url.segments = segments;
  return url;
}

function readAuthority(text, authority) {
  if (authority.includes("@")) throw noUrl(text, "user information before the host is not allowed");
  if (authority[0] === "[") {
    const [address, bracket, rest] = partition(authority.slice(1), "]");
    if (!bracket || !address.includes(":")) throw noUrl(text, "its host is not an IPv6 address in brackets");
    const ip = parseIp(address);
    return [new Host(`[${ip.text}]`), readPort(text, rest)];
  }
  const [name, colon, digits] = partition(authority, ":");
  let host;
  try {
    host = parseHost(name);
  } catch (fault) {
    if (!(fault instanceof ValueFault)) throw fault;
    throw noUrl(text, fault.detail);
  }
  return [host, readPort(text, (colon ? ":" : "") + digits)];
}

function readPort(text, rest) {
  if (rest === "") return null;
  const digits = rest.slice(1);
  if (rest[0] === ":" && digits.length <= 5 && isDigits(digits) && digits[0] !== "0" && Number(digits) <= 65_535) {
    return Number(digits);
  }
  throw noUrl(text, "its port is not a number from 1 to 65535 without zeros in front");
}

/** The decoded segments of a path without its first slash, dot segments resolved. */
function readUrlPath(text, path) {
  const segments = [];
  const written = path.split("/");
  for (const [position, raw] of written.entries()) {
    const segment = decodedSegment(text, raw);
    const [stem, semicolon] = partition(segment, ";");
    if (stem !== "." && stem !== "..") {
      segments.push(segment);
      continue;
    }
    if (semicolon) throw noUrl(text, "some programs would read the parameters of a dot segment, some the name");
    if (stem === "..") {
      if (!segments.length) throw noUrl(text, "its path climbs above the root");
      segments.pop();
    }
    if (position === written.length - 1) segments.push("");
  }
  return segments.length === 1 && segments[0] === "" ? [] : segments;
}

const plainBytes = (text, piece) => [...plainPiece(text, piece, PATH_SET)].map((character) => character.charCodeAt(0));

function decodedSegment(text, raw) {
  if (PATH_SET.holds(raw)) return raw;
  const [first, ...pieces] = raw.split("%");
  const bytes = plainBytes(text, first);
  for (const piece of pieces) {
    const value = escapeValue(text, piece);
    if (value < 0x20 || value === 0x7f || value === 0x2f || value === 0x5c || value === 0x2e) {
      throw noUrl(text, "its path has an encoded slash, backslash, dot or control character");
    }
    bytes.push(value);
    for (const byte of plainBytes(text, piece.slice(2))) bytes.push(byte);
  }
  const decoded = decodeUtf8(bytes);
  if (typeof decoded !== "string") throw noUrl(text, "its path is not UTF-8");
  return decoded;
}

function normalEscapes(text, raw) {
  if (QUERY_SET.holds(raw)) return raw;
  const [first, ...pieces] = raw.split("%");
  let normal = plainPiece(text, first, QUERY_SET);
  for (const piece of pieces) {
    const value = escapeValue(text, piece);
    if (value === 0) throw noUrl(text, "it has an encoded NUL");
    const character = String.fromCharCode(value);
    normal += UNRESERVED.has(character) ? character : percent(value);
    normal += plainPiece(text, piece.slice(2), QUERY_SET);
  }
  return normal;
}

function plainPiece(text, piece, allowed) {
  if (allowed.holds(piece)) return piece;
  throw noUrl(text, "it has a character that must be escaped");
}

function escapeValue(text, piece) {
  const digits = piece.slice(0, 2);
  if (digits.length === 2 && HEXADECIMAL.holds(digits)) return parseInt(digits, 16);
  throw noUrl(text, "it has a % that begins no escape");
}

function escapedSegment(segment) {
  if (PATH_SET.holds(segment)) return segment;
  return percentEncoded(segment, PATH_SET);
}

/** The text with every byte of its UTF-8 escaped that is none of the characters. */
function percentEncoded(text, kept) {
  let encoded = "";
  for (const byte of encodeUtf8(text)) {
    const character = String.fromCharCode(byte);
    encoded += byte < 128 && kept.has(character) ? character : percent(byte);
  }
  return encoded;
}

// UTF-8, without asking the host: browsers and Node have `TextDecoder`, but no way to ask it where something is wrong.

function encodeUtf8(text) {
  const bytes = [];
  for (const character of text) {
    const point = character.codePointAt(0);
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else {
      bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    }
  }
  return bytes;
}

/** The text that the bytes spell, or the position of the first that spells none. */
function decodeUtf8(bytes) {
  const pieces = [];
  let units = [];
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i];
    let point = lead;
    let more = 0;
    let least = 0;
    if (lead >= 0x80) {
      if (lead >= 0xc2 && lead <= 0xdf) [point, more, least] = [lead & 0x1f, 1, 0x80];
      else if (lead >= 0xe0 && lead <= 0xef) [point, more, least] = [lead & 0x0f, 2, 0x800];
      else if (lead >= 0xf0 && lead <= 0xf4) [point, more, least] = [lead & 0x07, 3, 0x10000];
      else return i;
    }
    for (let k = 1; k <= more; k++) {
      const next = bytes[i + k];
      if (next === undefined || (next & 0xc0) !== 0x80) return i;
      point = (point << 6) | (next & 0x3f);
    }
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return i;
    if (point < 0x10000) units.push(point);
    else units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
    if (units.length > 8_000) {
      pieces.push(String.fromCharCode(...units));
      units = [];
    }
    i += more + 1;
  }
  pieces.push(String.fromCharCode(...units));
  return pieces.join("");
}

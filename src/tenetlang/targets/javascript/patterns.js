// The patterns of `like` and `matches` as one small syntax: which strings, as a whole, belong.
//
//     {empty}                    the empty string
//     {literal: points}          these code points
//     {anyOf: ranges}            one code point out of a set
//     {parts} / {options}        one after the other / any of them
//     {of, least, most}          so many times in a row; `most` null is without end
//
// JavaScript's own regular expressions backtrack and are used for none of this; `matching.js` has the matcher.

const MAXIMUM_LENGTH = 4_096;
const MAXIMUM_NESTING = 50;
const MAXIMUM_COUNT = 1_000;
const MAXIMUM_STEPS = 5_000;
const MAXIMUM_SIZE = 100_000;
const TOO_LARGE = "the pattern is too large: its counts and classes multiply";

const EMPTY = { kind: "empty" };
const ANY_POINT = { kind: "anyOf", ranges: ALL_POINTS };
const ANYTHING = { kind: "repeat", of: ANY_POINT, least: 0, most: null };

function sequence(parts) {
  const flat = [];
  for (const part of parts.flatMap((each) => (each.kind === "sequence" ? each.parts : [each]))) {
    const last = flat[flat.length - 1];
    if (part.kind === "empty") continue;
    if (part.kind === "literal" && last?.kind === "literal") {
      flat[flat.length - 1] = { kind: "literal", points: [...last.points, ...part.points] };
    } else {
      flat.push(part);
    }
  }
  return flat.length === 0 ? EMPTY : flat.length === 1 ? flat[0] : { kind: "sequence", parts: flat };
}

function choice(options) {
  const ranges = [];
  const others = new Map();
  for (const option of options.flatMap((each) => (each.kind === "choice" ? each.options : [each]))) {
    if (option.kind === "anyOf") ranges.push(...option.ranges);
    else if (option.kind === "literal" && option.points.length === 1) ranges.push([option.points[0], option.points[0]]);
    else others.set(JSON.stringify(option), option);
  }
  const flat = [...others.values()];
  if (ranges.length || !flat.length) flat.unshift(anyOf(normalized(ranges)));
  return flat.length === 1 ? flat[0] : { kind: "choice", options: flat };
}

function anyOf(ranges) {
  if (ranges.length === 1 && ranges[0][0] === ranges[0][1]) return { kind: "literal", points: [ranges[0][0]] };
  return { kind: "anyOf", ranges };
}

function repeat(of, least, most) {
  if (most === 0 || of.kind === "empty") return EMPTY;
  if (least === 1 && most === 1) return of;
  return { kind: "repeat", of, least, most };
}

const total = (items, size) => items.reduce((sum, item) => sum + size(item), 0);

/** How many code points a matcher may be waiting for at once. */
function stepsOf(syntax) {
  switch (syntax.kind) {
    case "literal":
      return syntax.points.length;
    case "sequence":
      return total(syntax.parts, stepsOf);
    case "choice":
      return total(syntax.options, stepsOf);
    case "repeat":
      return stepsOf(syntax.of) * (syntax.most === null ? Math.max(syntax.least, 1) : syntax.most);
    default:
      return 1;
  }
}

/** How large a matcher over the bytes of UTF-8 would be, about: it bounds which patterns there are, for every target alike. */
function sizeOf(syntax) {
  switch (syntax.kind) {
    case "literal":
      return total(syntax.points, (point) => (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4));
    case "anyOf":
      return sizeOfSet(syntax.ranges);
    case "sequence":
      return total(syntax.parts, sizeOf);
    case "choice":
      return total(syntax.options, sizeOf) + syntax.options.length;
    case "repeat":
      return (sizeOf(syntax.of) + 1) * (syntax.most === null ? Math.max(syntax.least, 1) : syntax.most);
    default:
      return 1;
  }
}

function sizeOfSet(ranges) {
  if (JSON.stringify(ranges) === JSON.stringify(ALL_POINTS)) return 7;
  const shared = new Set();
  const pending = [...ranges];
  while (pending.length) {
    const [low, high] = pending.pop();
    const cut = whereToCut(low, high);
    if (cut !== null) {
      pending.push([low, cut], [cut + 1, high]);
      continue;
    }
    const last = encodeUtf8(String.fromCodePoint(high));
    const spelled = encodeUtf8(String.fromCodePoint(low)).map((byte, place) => `${byte}-${last[place]}`);
    for (let start = 0; start < spelled.length; start++) shared.add(spelled.slice(start).join());
  }
  return shared.size + 1;
}

function whereToCut(low, high) {
  for (const last of [0x7f, 0x7ff, 0xffff]) if (low <= last && last < high) return last;
  if (high < 0x80) return null;
  for (const continuations of [1, 2, 3]) {
    const mask = (1 << (6 * continuations)) - 1;
    if ((low & ~mask) !== (high & ~mask)) {
      if (low & mask) return low | mask;
      if ((high & mask) !== mask) return (high & ~mask) - 1;
    }
  }
  return null;
}

/** The number with a comma at every thousand. */
function inThousands(number) {
  return number < 1_000 ? String(number) : `${inThousands(Math.floor(number / 1_000))},${String(number % 1_000).padStart(3, "0")}`;
}

function checkPatternText(text) {
  const length = lengthOf(text);
  if (length > MAXIMUM_LENGTH) {
    throw new PatternError(`a pattern has at most 4,096 characters, this one ${inThousands(length)}`);
  }
  if (!isText(text)) throw new PatternError("a pattern can't hold half of a surrogate pair");
}

function bounded(syntax) {
  if (stepsOf(syntax) > MAXIMUM_STEPS || sizeOf(syntax) > MAXIMUM_SIZE) throw new PatternError(TOO_LARGE);
  return syntax;
}

/** The syntax of a glob whose segments end at `separator`, or that has none (null). */
function parseGlob(text, separator) {
  checkPatternText(text);
  const point = separator === null ? 0 : separator.codePointAt(0);
  const within = separator === null ? ALL_POINTS : complement([[point, point]]);
  const characters = [...text];
  const parts = [];
  for (let offset = 0; offset < characters.length; ) {
    const character = characters[offset];
    offset += 1;
    if (character === "*") {
      let stars = 1;
      for (; characters[offset] === "*"; offset++) stars += 1;
      parts.push(stars === 1 ? { kind: "repeat", of: { kind: "anyOf", ranges: within }, least: 0, most: null } : ANYTHING);
    } else if (character === "?") {
      parts.push({ kind: "anyOf", ranges: within });
    } else if (character === "\\") {
      const escaped = characters[offset];
      if (escaped === undefined) {
        throw new PatternError("the glob ends in a `\\` that escapes nothing; write `\\\\` for a backslash");
      }
      if (ALPHANUMERIC.has(escaped)) {
        throw new PatternError(`\`\\${escaped}\` means nothing in a glob; write \`\\\\\` for a backslash`);
      }
      parts.push({ kind: "literal", points: [escaped.codePointAt(0)] });
      offset += 1;
    } else {
      parts.push({ kind: "literal", points: [character.codePointAt(0)] });
    }
  }
  return bounded(sequence(parts));
}

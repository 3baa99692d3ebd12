// Text, and the ways in which something can be wrong.
//
// JavaScript's strings are made of UTF-16 units, Tenet's of code points. The two differ in two places only: in what a
// length or a position counts, and in order, because a code point beyond U+FFFF is written with units (D800 to DFFF) that
// come before those of U+E000 to U+FFFF. No value holds half of a surrogate pair: reading refuses those.

/** A value that could not be read, or an operation that has no result; `code` is what a decision calls the error. */
class ValueFault {
  constructor(code, detail) {
    this.code = code;
    this.detail = detail;
  }
}

const badInput = (detail) => new ValueFault("bad_input", detail);
const overflow = (detail) => new ValueFault("overflow", detail);

/** An error inside a rule: its code and its place, `file:line`. */
class Fault {
  constructor(code, at) {
    this.code = code;
    this.at = at;
  }
}

/** A value that does not fit: what is wrong, and the steps to it from the inside out. */
class Refused {
  constructor(reason) {
    this.reason = reason;
    this.steps = [];
  }

  within(...steps) {
    this.steps.push(...steps);
    return this;
  }

  get path() {
    return pathText(this.steps.slice().reverse());
  }
}

/** Why a text is no pattern. */
class PatternError {
  constructor(reason) {
    this.reason = reason;
  }
}

/** A document that does not have its declared type, or that nobody declared. */
export class DataError extends Error {
  constructor(message) {
    super(message);
    this.name = "DataError";
  }
}

function isAscii(text) {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** Whether the string is made of code points, without half of a surrogate pair. */
function isText(text) {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
    if (unit > 0xdbff || next < 0xdc00 || next > 0xdfff) return false;
    i += 1;
  }
  return true;
}

/** How many code points the text has. */
function lengthOf(text) {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff) count -= 1;
  }
  return count;
}

/** How many bytes the text has in UTF-8. */
function bytesOf(text) {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) count += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return count;
}

/** Below, at or above zero as the one text comes before, is or comes after the other by code points. */
function compareText(left, right) {
  if (left === right) return 0;
  const end = Math.min(left.length, right.length);
  for (let i = 0; i < end; i++) {
    let one = left.charCodeAt(i);
    let two = right.charCodeAt(i);
    if (one !== two) {
      if (one >= 0xd800 && two >= 0xd800) {
        one += one >= 0xe000 ? -0x800 : 0x2000;
        two += two >= 0xe000 ? -0x800 : 0x2000;
      }
      return one - two;
    }
  }
  return left.length - right.length;
}

const sortedTexts = (texts) => [...texts].sort(compareText);

/** `[text before the mark, whether it is there, text after it]`; all before it if it is not there. */
function partition(text, mark) {
  const found = text.indexOf(mark);
  return found < 0 ? [text, false, ""] : [text.slice(0, found), true, text.slice(found + mark.length)];
}

function charSet(characters) {
  const members = new Set(characters);
  return {
    has: (character) => members.has(character),
    holds(text) {
      for (const character of text) if (!members.has(character)) return false;
      return true;
    },
  };
}

const LOWER_LETTERS = "abcdefghijklmnopqrstuvwxyz";
const UPPER_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGIT_CHARACTERS = "0123456789";
const DIGITS_ONLY = charSet(DIGIT_CHARACTERS);
const HEXADECIMAL = charSet("0123456789abcdefABCDEF");

const isDigits = (text) => text !== "" && DIGITS_ONLY.holds(text);
const ALPHANUMERIC = charSet(LOWER_LETTERS + UPPER_LETTERS + DIGIT_CHARACTERS);
const WORD_CHARACTERS = charSet(LOWER_LETTERS + UPPER_LETTERS + DIGIT_CHARACTERS + "_");

/** Without those of the characters that stand at its beginning. */
function trimmedStart(text, characters) {
  let start = 0;
  while (start < text.length && characters.includes(text[start])) start += 1;
  return text.slice(start);
}

function trimmedEnd(text, characters) {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

// How messages quote what they refuse.

const SHOWN_LENGTH = 60;
const INVISIBLE = [
  [0x00, 0x1f], [0x7f, 0xa0], [0xad, 0xad], [0x34f, 0x34f], [0x61c, 0x61c], [0x115f, 0x1160], [0x1680, 0x1680],
  [0x17b4, 0x17b5], [0x180b, 0x180f], [0x2000, 0x200f], [0x2028, 0x202f], [0x205f, 0x206f], [0x2800, 0x2800],
  [0x3000, 0x3000], [0x3164, 0x3164], [0xd800, 0xf8ff], [0xfe00, 0xfe0f], [0xfeff, 0xfeff], [0xffa0, 0xffa0],
  [0xfff0, 0xfffc], [0xfffe, 0xffff], [0x1bca0, 0x1bca3], [0x1d173, 0x1d17a], [0xe0000, 0x10ffff],
];
const SHORT_ESCAPES = new Map([['"', '\\"'], ["\\", "\\\\"], ["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"]]);

/** Whether a code point can be seen and does not change how its neighbours are read. */
function isVisible(point) {
  return (point >= 0x20 && point < 0x7f) || !INVISIBLE.some(([first, last]) => first <= point && point <= last);
}

/** The text in double quotes, cut to 60 code points, with all that is invisible escaped. */
function shown(text) {
  let quoted = "";
  let count = 0;
  for (const character of text) {
    if (count === SHOWN_LENGTH) return `"${quoted}\u2026"`;
    count += 1;
    const point = character.codePointAt(0);
    quoted += SHORT_ESCAPES.get(character) ?? (isVisible(point) ? character : `\\u{${point.toString(16)}}`);
  }
  return `"${quoted}"`;
}

const isIdentifier = (text) => text !== "" && WORD_CHARACTERS.holds(text) && !DIGITS_ONLY.has(text[0]);
const isWord = (key) => key.length <= 60 && isIdentifier(key);

/** The place that keys and positions lead to, from the outside in: `args.to[2]`, `data["two words"]`. */
function pathText(steps) {
  const text = steps
    .map((step) => (typeof step === "number" ? `[${step}]` : isWord(step) ? `.${step}` : `[${shown(step)}]`))
    .join("");
  return text.startsWith(".") ? text.slice(1) : text;
}

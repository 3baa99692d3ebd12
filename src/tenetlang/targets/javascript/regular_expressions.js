// Regular expressions, the patterns of `matches`: RE2's syntax without anchors, flags and what can't be decided in one pass.

const SIMPLE_ESCAPES = new Map([["a", 0x07], ["f", 0x0c], ["n", 0x0a], ["r", 0x0d], ["t", 0x09], ["v", 0x0b]]);
const CLASSES = new Map([["d", DIGIT_SET], ["s", SPACE_SET], ["w", WORD_SET]]);
const NO_ANCHORS = "the pattern always has to match the whole string; leave it out, or write `.*` where more may stand";
const ONE_PASS = "it can't be decided in one pass over the string";
const REFUSED_ESCAPES = new Map([
  ["A", `\`\\A\` is not needed: ${NO_ANCHORS}`],
  ["z", `\`\\z\` is not needed: ${NO_ANCHORS}`],
  ["Z", `\`\\Z\` is not needed: ${NO_ANCHORS}`],
  ["b", "`\\b` (a word's edge) is not supported; write the characters that may stand there, such as `[^0-9A-Za-z_]`"],
  ["B", "`\\B` (no word's edge) is not supported; write the characters that may stand there"],
  ["C", "`\\C` (one byte) is not supported: a string is made of code points"],
  ["E", "`\\E` ends a `\\Q`, and there is none before it"],
  ["u", "write a code point as `\\x{20AC}`"],
]);
const REFUSED_GROUPS = [
  ["=", `look-ahead \`(?=\u2026)\` is not supported: ${ONE_PASS}`],
  ["!", `look-ahead \`(?!\u2026)\` is not supported: ${ONE_PASS}`],
  ["<=", `look-behind \`(?<=\u2026)\` is not supported: ${ONE_PASS}`],
  ["<!", `look-behind \`(?<!\u2026)\` is not supported: ${ONE_PASS}`],
  [">", "the atomic group `(?>\u2026)` is not supported, and has no use in a pattern that never backtracks"],
  ["#", "comments inside a pattern are not supported"],
  ["P=", "backreferences are not supported: they can't be decided in one pass over the string"],
  ["P>", "recursion is not supported"],
];
const NOTHING_TO_REPEAT = (mark) => `there is nothing before \`${mark}\` to repeat; \`\\${mark}\` is the character`;

/** Where the parser stands in the code points of a pattern. */
class PatternReader {
  constructor(text) {
    this.characters = [...text];
    this.offset = 0;
    this.nesting = 0;
    this.names = new Set();
    this.fold = this.take("(?i)");
  }

  peek(length = 1) {
    return this.characters.slice(this.offset, this.offset + length).join("");
  }

  take(expected) {
    if (this.peek(expected.length) !== expected) return false;
    this.offset += expected.length;
    return true;
  }

  /** The text before the next `end`, which is passed; null, and nothing passed, if there is none. */
  until(end) {
    for (let at = this.offset; at + end.length <= this.characters.length; at++) {
      if (this.characters.slice(at, at + end.length).join("") === end) {
        const taken = this.characters.slice(this.offset, at).join("");
        this.offset = at + end.length;
        return taken;
      }
    }
    return null;
  }
}

function parseRegex(text) {
  checkPatternText(text);
  const reader = new PatternReader(text);
  const syntax = alternatives(reader);
  if (reader.peek()) throw new PatternError("this `)` closes nothing; write `\\)` for a bracket");
  return bounded(syntax);
}

function alternatives(reader) {
  const options = [concatenation(reader)];
  while (reader.take("|")) options.push(concatenation(reader));
  return options.length > 1 ? choice(options) : options[0];
}

function concatenation(reader) {
  const parts = [];
  for (let next = reader.peek(); next && next !== "|" && next !== ")"; next = reader.peek()) {
    if (!reader.take("\\Q")) {
      parts.push(repeated(reader, atom(reader)));
      continue;
    }
    let quoted = reader.until("\\E");
    if (quoted === null) {
      quoted = reader.characters.slice(reader.offset).join("");
      reader.offset = reader.characters.length;
    }
    if (quoted === "") continue;
    for (const each of quoted) parts.push(oneCharacter(reader, each.codePointAt(0)));
    // What follows repeats the last character only, as everywhere.
    parts.push(repeated(reader, parts.pop()));
  }
  return sequence(parts);
}

function oneCharacter(reader, point) {
  const alone = [[point, point]];
  return anyOf(reader.fold ? folded(alone) : alone);
}

function atom(reader) {
  const character = reader.peek();
  switch (character) {
    case "(":
      return group(reader);
    case "[":
      return anyOf(bracketed(reader));
    case "\\": {
      const escaped = escapeOf(reader);
      return Array.isArray(escaped) ? anyOf(escaped) : oneCharacter(reader, escaped);
    }
    case "^":
    case "$":
      throw new PatternError(`\`${character}\` is not needed: ${NO_ANCHORS}; \`\\${character}\` is the character`);
    case "*":
    case "+":
    case "?":
      throw new PatternError(NOTHING_TO_REPEAT(character));
    case ".":
      reader.offset += 1;
      return ANY_POINT;
    default: {
      const start = reader.offset;
      if (character === "{" && countOf(reader) !== null) {
        throw new PatternError("there is nothing before this count to repeat; write `\\{` for a brace");
      }
      reader.offset = start + 1;
      return oneCharacter(reader, character.codePointAt(0));
    }
  }
}

function group(reader) {
  reader.offset += 1;
  if (reader.nesting === MAXIMUM_NESTING) throw new PatternError(`groups nest at most ${MAXIMUM_NESTING} deep`);
  if (reader.peek() === "?" && !reader.take("?:")) named(reader);
  reader.nesting += 1;
  const syntax = alternatives(reader);
  reader.nesting -= 1;
  if (!reader.take(")")) throw new PatternError("this `(` is not closed; write `\\(` for a bracket");
  return syntax;
}

function named(reader) {
  reader.offset += 1;
  for (const [opening, reason] of REFUSED_GROUPS) if (reader.take(opening)) throw new PatternError(reason);
  if (!(reader.take("P<") || reader.take("<"))) {
    throw new PatternError("of flags there is only `(?i)`, at the very beginning of the pattern");
  }
  const name = reader.until(">");
  if (name === null || !isIdentifier(name)) throw new PatternError("the name of a group is a word: `(?P<name>\u2026)`");
  if (reader.names.has(name)) throw new PatternError(`two groups are called \`${name}\``);
  reader.names.add(name);
}

function repeated(reader, of) {
  const counted = repetition(reader);
  if (counted === null) return of;
  reader.take("?");
  const syntax = repeat(of, ...counted);
  if (repetition(reader) !== null) {
    throw new PatternError("a repetition can't be repeated; put the first in `(?:\u2026)`");
  }
  if (productOf(syntax) > MAXIMUM_COUNT) {
    throw new PatternError("counts inside one another multiply to more than 1,000");
  }
  return syntax;
}

function repetition(reader) {
  const bounds = { "*": [0, null], "+": [1, null], "?": [0, 1] };
  const mark = reader.peek();
  if (mark === "{") return countOf(reader);
  if (mark === "" || !"*+?".includes(mark)) return null;
  reader.offset += 1;
  return bounds[mark];
}

/** The bounds of `{n}`, `{n,}` or `{n,m}`, which is passed; null where the brace stands for itself. */
function countOf(reader) {
  const start = reader.offset;
  reader.offset += 1;
  const inside = reader.until("}");
  const [least, comma, most] = inside === null ? ["", false, ""] : partition(inside, ",");
  const leastIsFine = least === "" ? comma : isDigits(least.replaceAll(",", "0"));
  if (!inside || !leastIsFine || (most && !isDigits(most))) {
    reader.offset = start;
    return null;
  }
  if (!least) {
    reader.offset = start;
    if (!most) return null;
    throw new PatternError(`write \`{0,${most}}\` for at most ${most} times, or \`\\{\` for a brace`);
  }
  for (const number of [least, most]) {
    if (trimmedStart(number, "0").length > 4 || Number(number || "0") > MAXIMUM_COUNT) {
      throw new PatternError("something is repeated at most 1,000 times");
    }
  }
  if (most && Number(most) < Number(least)) {
    throw new PatternError(`at least ${Number(least)} and at most ${Number(most)} times is never`);
  }
  return [Number(least), most ? Number(most) : comma ? null : Number(least)];
}

function productOf(syntax) {
  switch (syntax.kind) {
    case "sequence":
      return Math.max(...syntax.parts.map(productOf));
    case "choice":
      return Math.max(...syntax.options.map(productOf));
    case "repeat":
      return Math.max(syntax.most === null ? syntax.least : syntax.most, 1) * productOf(syntax.of);
    default:
      return 1;
  }
}

/** The code point (a number) or the set (an array) that an escape stands for. */
function escapeOf(reader) {
  reader.offset += 1;
  const letter = reader.peek();
  reader.offset += 1;
  if (letter === "") {
    throw new PatternError("the pattern ends in a `\\` that escapes nothing; write `\\\\` for a backslash");
  }
  if (CLASSES.has(letter)) return asUsed(CLASSES.get(letter), reader.fold, false);
  if (CLASSES.has(letter.toLowerCase()) && isAscii(letter)) {
    return asUsed(CLASSES.get(letter.toLowerCase()), reader.fold, true);
  }
  if (letter === "p" || letter === "P") return unicodeSet(reader, letter === "P");
  if (letter === "x") return hexadecimal(reader);
  if (letter === "0") {
    let digits = "0";
    while (digits.length < 3 && reader.peek() && "01234567".includes(reader.peek())) {
      digits += reader.peek();
      reader.offset += 1;
    }
    return parseInt(digits, 8);
  }
  if (DIGITS_ONLY.has(letter)) {
    throw new PatternError(
      `backreferences are not supported: they can't be decided in one pass over the string; the character number ${letter} is \`\\x{${letter}}\``,
    );
  }
  if (SIMPLE_ESCAPES.has(letter)) return SIMPLE_ESCAPES.get(letter);
  if (REFUSED_ESCAPES.has(letter)) throw new PatternError(REFUSED_ESCAPES.get(letter));
  if (!isAscii(letter) || ALPHANUMERIC.has(letter)) {
    throw new PatternError(`\`\\${letter}\` means nothing in a regular expression`);
  }
  return letter.codePointAt(0);
}

function asUsed(ranges, fold, negative) {
  const closed = fold ? folded(ranges) : ranges;
  return negative ? complement(closed) : closed;
}

function unicodeSet(reader, negated) {
  let negative = negated;
  let name = reader.peek();
  reader.offset += 1;
  if (name === "{") name = reader.until("}");
  if (name === null) throw new PatternError("this `{` is not closed");
  if (name.startsWith("^")) [name, negative] = [name.slice(1), !negative];
  const characters = [...name];
  const ranges = characters.length <= 40 ? unicodeClass(name) : null;
  if (ranges === null) {
    throw new PatternError(
      `Unicode has no class \`${characters.slice(0, 40).join("")}\`; there are categories (\`\\pL\`, \`\\p{Lu}\`) and scripts (\`\\p{Greek}\`)`,
    );
  }
  return asUsed(ranges, reader.fold, negative);
}

function hexadecimal(reader) {
  let digits;
  if (reader.take("{")) {
    digits = reader.until("}") ?? "";
  } else {
    digits = reader.peek(2);
    digits = reader.offset + 2 <= reader.characters.length ? digits : "";
    reader.offset += 2;
  }
  const significant = trimmedStart(digits, "0") || digits.slice(0, 1);
  if (!significant || !HEXADECIMAL.holds(digits)) {
    throw new PatternError("write a code point as `\\x41` or `\\x{20AC}`");
  }
  if (significant.length > 6 || parseInt(significant, 16) > LAST_POINT) {
    throw new PatternError("the last code point is `\\x{10FFFF}`");
  }
  const point = parseInt(significant, 16);
  if (point >= 0xd800 && point <= 0xdfff) throw new PatternError("no string holds half of a surrogate pair");
  return point;
}

/** The set of `[...]`. */
function bracketed(reader) {
  reader.offset += 1;
  const negative = reader.take("^");
  const ranges = [];
  for (let first = true; first || reader.peek() !== "]"; first = false) {
    if (!reader.peek()) throw new PatternError("this `[` is not closed; write `\\[` for a bracket");
    const low = posixClass(reader) ?? classItem(reader);
    if (Array.isArray(low)) {
      ranges.push(...low);
    } else if (reader.peek() === "-" && reader.peek(2) !== "-" && reader.peek(2) !== "-]") {
      reader.offset += 1;
      const high = classItem(reader);
      if (Array.isArray(high)) {
        throw new PatternError("a range ends in a character, not in a class; write `\\-` for a minus");
      }
      if (high < low) throw new PatternError("the range is backwards: its first character comes after its last");
      ranges.push([low, high]);
    } else {
      ranges.push([low, low]);
    }
  }
  reader.offset += 1;
  return asUsed(normalized(ranges), reader.fold, negative);
}

function classItem(reader) {
  if (reader.peek() === "\\") return escapeOf(reader);
  const character = reader.peek();
  reader.offset += 1;
  return character.codePointAt(0);
}

function posixClass(reader) {
  const start = reader.offset;
  if (!reader.take("[:")) return null;
  const name = reader.until(":]");
  if (name === null) {
    reader.offset = start;
    return null;
  }
  const ranges = POSIX.get(name.startsWith("^") ? name.slice(1) : name);
  if (ranges === undefined) {
    const cut = [...name].slice(0, 40).join("");
    throw new PatternError(`there is no class \`[:${cut}:]\`; there are ${[...POSIX.keys()].join(", ")}`);
  }
  return asUsed(ranges, reader.fold, name.startsWith("^"));
}

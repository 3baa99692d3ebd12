// Sets of code points, and letter case. A set is an array of inclusive ranges, ascending, with a gap between any two, without
// surrogates. The tables are those of tenetlang (Unicode 15.1), never those of the running JavaScript.

const LAST_POINT = 0x10ffff;
const ALL_POINTS = [[0, 0xd7ff], [0xe000, LAST_POINT]];
const DIGIT_SET = [[0x30, 0x39]];
const SPACE_SET = [[0x09, 0x0a], [0x0c, 0x0d], [0x20, 0x20]];
const WORD_SET = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const POSIX = new Map([
  ["alnum", [[0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]]],
  ["alpha", [[0x41, 0x5a], [0x61, 0x7a]]],
  ["ascii", [[0x00, 0x7f]]],
  ["blank", [[0x09, 0x09], [0x20, 0x20]]],
  ["cntrl", [[0x00, 0x1f], [0x7f, 0x7f]]],
  ["digit", DIGIT_SET],
  ["graph", [[0x21, 0x7e]]],
  ["lower", [[0x61, 0x7a]]],
  ["print", [[0x20, 0x7e]]],
  ["punct", [[0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e]]],
  ["space", [[0x09, 0x0d], [0x20, 0x20]]],
  ["upper", [[0x41, 0x5a]]],
  ["word", WORD_SET],
  ["xdigit", [[0x30, 0x39], [0x41, 0x46], [0x61, 0x66]]],
]);

/** The set of all code points in any of the ranges. */
function normalized(ranges) {
  const merged = [];
  for (const [low, high] of [...ranges].sort((one, two) => one[0] - two[0] || one[1] - two[1])) {
    const last = merged[merged.length - 1];
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged.flatMap(([low, high]) => {
    if (low > 0xdfff || high < 0xd800) return [[low, high]];
    const pieces = low < 0xd800 ? [[low, 0xd7ff]] : [];
    return high > 0xdfff ? [...pieces, [0xe000, high]] : pieces;
  });
}

function complement(ranges) {
  const gaps = [];
  let following = 0;
  for (const [low, high] of ranges) {
    if (low > following) gaps.push([following, low - 1]);
    following = high + 1;
  }
  if (following <= LAST_POINT) gaps.push([following, LAST_POINT]);
  return normalized(gaps);
}

function decodedRanges(text) {
  let end = 0;
  return text.split(" ").filter(Boolean).map((entry) => {
    const [gap, , more] = partition(entry, "+");
    const start = end + parseInt(gap, 16);
    end = start + parseInt(more || "0", 16);
    return [start, end];
  });
}

/** The code points of `\p{NAME}`; null if there is no such name. */
function unicodeClass(name) {
  if (name === "Any") return ALL_POINTS;
  if (lengthOf(name) === 1) {
    const members = Object.entries(UNICODE.categories).filter(([category]) => category[0] === name);
    const found = normalized(members.flatMap(([, text]) => decodedRanges(text)));
    return found.length ? found : null;
  }
  const table = Object.hasOwn(UNICODE.categories, name) ? UNICODE.categories : UNICODE.scripts;
  return Object.hasOwn(table, name) ? normalized(decodedRanges(table[name])) : null;
}

/** Where a table of letter case leads from each letter that it has. */
function caseMapping(table) {
  const mapping = new Map();
  let start = 0;
  for (const entry of table.split(" ").filter(Boolean)) {
    const up = entry.includes("^");
    const [run, , distance] = partition(entry, up ? "^" : "_");
    const stride = run.includes("/") ? 2 : 1;
    const [gap, , more] = partition(run, stride === 2 ? "/" : "+");
    start += parseInt(gap, 16);
    const end = start + stride * parseInt(more || "0", 16);
    for (let letter = start; letter <= end; letter += stride) {
      mapping.set(letter, letter + (up ? 1 : -1) * parseInt(distance, 16));
    }
  }
  return mapping;
}

function once(make) {
  let made;
  return () => (made ??= make());
}

const nextInOrbit = once(() => caseMapping(UNICODE.folding));
const lowerMapping = once(() => caseMapping(UNICODE.lower));
const upperMapping = once(() => caseMapping(UNICODE.upper));
const firstOfOrbit = once(() => {
  const following = nextInOrbit();
  const first = new Map();
  for (const letter of [...following.keys()].sort((one, two) => one - two)) {
    let other = following.get(letter);
    while (!first.has(letter) && !first.has(other) && other !== letter) other = following.get(other);
    first.set(letter, first.get(other) ?? letter);
  }
  return first;
});

/** The set and all letters that differ from one of its own only in case. */
function folded(ranges) {
  const following = nextInOrbit();
  const added = [];
  for (const letter of following.keys()) {
    if (!ranges.some(([low, high]) => low <= letter && letter <= high)) continue;
    for (let other = following.get(letter); other !== letter; other = following.get(other)) added.push([other, other]);
  }
  return added.length ? normalized([...ranges, ...added]) : ranges;
}

function translated(text, mapping) {
  let changed = "";
  for (const character of text) {
    const other = mapping.get(character.codePointAt(0));
    changed += other === undefined ? character : String.fromCodePoint(other);
  }
  return changed;
}

const lowerCase = (text) => (isAscii(text) ? text.toLowerCase() : translated(text, lowerMapping()));
const upperCase = (text) => (isAscii(text) ? text.toUpperCase() : translated(text, upperMapping()));
const withoutCase = (text) => translated(text, firstOfOrbit());

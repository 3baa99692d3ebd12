// Members of a set that were chosen to have one hash in Python: such a request is invalid, and such a set an error, for every
// evaluator alike.
//
// The hashes of lists, sets and records follow from those of their members as CPython 3.8 and later have them; those of texts are
// nobody's to know, and stand for themselves.

const WORD_64 = 2n ** 64n - 1n;
const unknownHashes = new Map();

function signed64(number) {
  const word = number & WORD_64;
  const signed = word >= 2n ** 63n ? word - 2n ** 64n : word;
  return signed === -1n ? -2n : signed;
}

/** A number for a text, different for every text and from one process to the next. */
function unknownHash(text) {
  let hash = unknownHashes.get(text);
  if (hash === undefined) {
    hash = BigInt(Math.floor(Math.random() * 2 ** 50)) * 8_191n + BigInt(unknownHashes.size);
    unknownHashes.set(text, hash);
  }
  return hash;
}

function hashOf(value) {
  if (typeof value === "bigint" || value instanceof Decimal) return pythonHash(value);
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (value instanceof Time || value instanceof Duration) return pythonHash(value.ns);
  if (Array.isArray(value)) return hashOfList(value.map(hashOf));
  if (value instanceof Members) return hashOfSet(value.sorted().map(hashOf));
  if (value instanceof Map) {
    return hashOfSet([...value].map(([name, inner]) => hashOfList([unknownHash(`4${name}`), hashOf(inner)])));
  }
  return unknownHash(keyOf(value));
}

function hashOfList(hashes) {
  let sum = 2_870_177_450_012_600_261n;
  for (const hash of hashes) {
    sum = (sum + (hash & WORD_64) * 14_029_467_366_897_019_727n) & WORD_64;
    sum = ((sum << 31n) | (sum >> 33n)) & WORD_64;
    sum = (sum * 11_400_714_785_074_694_791n) & WORD_64;
  }
  sum = (sum + (BigInt(hashes.length) ^ 2_870_177_450_012_600_261n ^ 3_527_539n)) & WORD_64;
  return sum === WORD_64 ? 1_546_275_796n : signed64(sum);
}

function hashOfSet(hashes) {
  let mixed = 0n;
  for (const hash of hashes) {
    const word = hash & WORD_64;
    mixed ^= ((word ^ 89_869_747n ^ ((word << 16n) & WORD_64)) * 3_644_798_167n) & WORD_64;
  }
  mixed ^= ((BigInt(hashes.length) + 1n) * 1_927_868_237n) & WORD_64;
  mixed ^= (mixed >> 11n) ^ (mixed >> 25n);
  mixed = (mixed * 69_069n + 907_133_923n) & WORD_64;
  return mixed === WORD_64 ? 590_923_713n : signed64(mixed);
}

/** Whether more different members than `MOST_OF_A_HASH` have one hash. */
function areChosen(members) {
  if (members.length <= MOST_OF_A_HASH) return false;
  const byHash = new Map();
  for (const member of members) {
    const hash = hashOf(member);
    if (!byHash.has(hash)) byHash.set(hash, []);
    byHash.get(hash).push(member);
  }
  unknownHashes.clear();
  for (const equals of byHash.values()) {
    if (equals.length > MOST_OF_A_HASH && new Set(equals.map(keyOf)).size > MOST_OF_A_HASH) return true;
  }
  return false;
}

/** The set of these members; `too_much_work` where many were chosen to have one hash. */
function carefulSetOf(members) {
  const listed = [...members];
  if (areChosen(listed)) throw new ValueFault("too_much_work", "many members were chosen to have the same hash");
  return setOf(listed);
}

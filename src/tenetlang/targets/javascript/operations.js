// The operators and comparisons of the language on values, and which expressions take time by the size of what they are used on.

const OPERATIONS = new Map(
  Object.entries({
    "int.add": (left, right) => intResult(left + right),
    "int.subtract": (left, right) => intResult(left - right),
    "int.multiply": (left, right) => intResult(left * right),
    "int.remainder": intRemainder,
    "int.negate": (number) => intResult(-number),
    "decimal.add": decimalAdd,
    "decimal.subtract": decimalSubtract,
    "decimal.multiply": decimalMultiply,
    "decimal.divide": decimalDivide,
    "decimal.negate": decimalNegate,
    "time.add": (time, duration) => makeTime(time.ns + duration.ns),
    "time.subtract": (time, duration) => makeTime(time.ns - duration.ns),
    "time.since": (later, earlier) => makeDuration(later.ns - earlier.ns),
    "duration.add": (left, right) => makeDuration(left.ns + right.ns),
    "duration.subtract": (left, right) => makeDuration(left.ns - right.ns),
    "duration.multiply": (duration, factor) => makeDuration(duration.ns * factor),
    "duration.negate": (duration) => makeDuration(-duration.ns),
    "string.concatenate": (left, right) => {
      if (lengthOf(left) + lengthOf(right) > MAXIMUM_STRING) checkString(MAXIMUM_STRING + 1);
      return left + right;
    },
    "list.concatenate": (left, right) => {
      checkItems(left.length + right.length);
      return [...left, ...right];
    },
    "set.union": (left, right) => setOf([...left.byKey.values(), ...right.byKey.values()]),
    "set.intersection": (left, right) => filteredSet(left, (key) => right.byKey.has(key)),
    "set.difference": (left, right) => filteredSet(left, (key) => !right.byKey.has(key)),
  }),
);

const filteredSet = (set, wanted) => new Members(new Map([...set.byKey].filter(([key]) => wanted(key))));

const COMPARISONS = new Map([
  ["==", equal],
  ["!=", (left, right) => !equal(left, right)],
  ["<", (left, right) => compare(left, right) < 0],
  ["<=", (left, right) => compare(left, right) <= 0],
  [">", (left, right) => compare(left, right) > 0],
  [">=", (left, right) => compare(left, right) >= 0],
]);

// Which expressions take time by the size of what they are used on.

const AT_ONCE = new Set(["count", "first", "last"]);
const LONG = new Set(["string", "url", "path", "json", "arguments"]);

function isLarge(type) {
  if (type.is === "OptionalType") return isLarge(type.of);
  if (type.is === "Scalar") return LONG.has(type.name);
  return ["ListType", "SetType", "MapType", "RecordType"].includes(type.is);
}

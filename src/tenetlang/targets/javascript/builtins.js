// The functions that need no import, and those of `std.numbers`, `std.units` and `std.time`. Each is total, or throws
// `ValueFault`. Where an order matters it is the canonical one. A result that is absent is `undefined`.

const MAXIMUM_STRING = 256 * 1024;
const MAXIMUM_ITEMS = 50_000;

function checkString(length) {
  if (length > MAXIMUM_STRING) throw overflow(`a string of more than ${MAXIMUM_STRING} characters`);
}

function checkItems(count) {
  if (count > MAXIMUM_ITEMS) throw overflow(`a collection of more than ${MAXIMUM_ITEMS} members`);
}

const sizeOfCollection = (collection) => collection.size ?? (typeof collection === "string" ? lengthOf(collection) : collection.length);

/** The sum, exact, and `overflow` where the whole of it does not fit, whatever the order. */
function sumOf(members) {
  let whole = 0n;
  let fraction = null;
  let durations = false;
  for (const number of membersOf(members)) {
    if (number instanceof Decimal) {
      const [one, two, places] = aligned(number, fraction ?? new Decimal(0n, 0));
      fraction = new Decimal(one + two, places);
    } else {
      durations = number instanceof Duration;
      whole += durations ? number.ns : number;
    }
  }
  if (fraction === null) return durations ? makeDuration(whole) : intResult(whole);
  const [one, two, places] = aligned(fraction, new Decimal(whole, 0));
  return computed(one + two, places);
}

function extreme(members, sign) {
  let found;
  for (const member of membersOf(members)) if (found === undefined || sign * compare(member, found) > 0) found = member;
  return found;
}

function distinct(members) {
  return Array.isArray(members) ? [...carefulSetOf(members).byKey.values()] : members.sorted();
}

function flatten(nested) {
  checkItems(total(membersOf(nested), sizeOfCollection));
  const members = membersOf(nested).flatMap(membersOf);
  return Array.isArray(nested) ? members : carefulSetOf(members);
}

function contains(whole, part) {
  if (typeof whole === "string") return whole.includes(part);
  return Array.isArray(whole) ? whole.some((member) => equal(member, part)) : whole.has(part);
}

function absolute(number) {
  if (number instanceof Decimal) return new Decimal(absoluteOf(number.units), number.places);
  if (number instanceof Duration) return makeDuration(absoluteOf(number.ns));
  return intResult(absoluteOf(number));
}

function toInteger(value) {
  if (typeof value === "string") return parseInteger(value);
  if (!(value instanceof Decimal)) return value;
  if (value.places > 0) throw badInput(`${numberText(value)} is not a whole number`);
  return intResult(value.units);
}

function stepped(start, end, step) {
  if (step <= 0n) throw badInput("a step must be a positive number");
  checkItems(Number(absoluteOf(end - start) / step) + 1);
  const numbers = [];
  if (start <= end) for (let number = start; number <= end; number += step) numbers.push(number);
  else for (let number = start; number >= end; number -= step) numbers.push(number);
  return numbers;
}

function powerOf(number, exponent) {
  if (exponent < 0n || exponent > 1_000n) throw badInput("an exponent must lie between 0 and 1,000");
  let result = new Decimal(1n, 0);
  let square = number;
  for (let rest = exponent; rest > 0n; ) {
    if (rest & 1n) result = decimalMultiply(result, square);
    rest >>= 1n;
    if (rest > 0n) square = decimalMultiply(square, square);
  }
  return result;
}

const UNIT_FACTORS = new Map([["", 1n]]);
for (const [position, prefix] of [..."kmgtpe"].entries()) {
  UNIT_FACTORS.set(prefix, 1000n ** BigInt(position + 1));
  UNIT_FACTORS.set(`${prefix}i`, 1024n ** BigInt(position + 1));
}

function splitQuantity(text) {
  const digits = isAscii(text) ? trimmedEnd(text, ALL_LETTERS) : "";
  try {
    return [parseDecimal(digits[0] === "." ? `0${digits}` : digits), text.slice(digits.length)];
  } catch (fault) {
    if (!(fault instanceof ValueFault)) throw fault;
    throw badInput(`${shown(text)} is not a quantity such as 500m, 10K or 1.5Gi`);
  }
}

function scaledQuantity(number, unit, text) {
  const factor = UNIT_FACTORS.get(unit);
  if (factor === undefined) throw badInput(`${shown(text)} has no unit such as K, Mi or GB`);
  return decimalMultiply(number, new Decimal(factor, 0));
}

function quantity(text) {
  const [number, unit] = splitQuantity(text);
  if (unit === "m") return decimalMultiply(number, new Decimal(1n, 3));
  return scaledQuantity(number, unit.toLowerCase(), text);
}

function byteCount(text) {
  const [number, unit] = splitQuantity(text);
  const lower = unit.toLowerCase();
  return scaledQuantity(number, lower.endsWith("b") ? lower.slice(0, -1) : lower, text);
}

// Time

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const calendarPart = (name) => (moment) => BigInt(calendarOf(moment.ns)[name]);

function midnight(year, month, day) {
  if (year < 1 || year > 9_999) throw overflow("the time lies outside the years 1678 to 2261");
  return BigInt(daysFromCivil(year, month, day)) * DAY;
}

function ageOf(born, moment) {
  const begin = calendarOf(born.ns);
  const end = calendarOf(moment.ns);
  const before = end.month < begin.month || (end.month === begin.month && end.day < begin.day);
  return BigInt(end.year - begin.year - (before ? 1 : 0));
}

/** So many years, then months, then days later; a day that the month reached does not have runs over into the next. */
function addDate(moment, years, months, days) {
  const begin = calendarOf(moment.ns);
  const monthsOn = BigInt(begin.month - 1) + months;
  const year = BigInt(begin.year) + years + floorDivide(monthsOn, 12n);
  if (year < 1n || year > 9_999n) throw overflow("the time lies outside the years 1678 to 2261");
  const first = midnight(Number(year), Number(floorRemainder(monthsOn, 12n)) + 1, 1);
  return makeTime(first + (BigInt(begin.day - 1) + days) * DAY + floorRemainder(moment.ns, DAY));
}

const inSeconds = (ns) => decimalDivide(new Decimal(ns, 0), new Decimal(SECOND, 0));

function fromUnix(number) {
  const nanoseconds = decimalMultiply(number, new Decimal(SECOND, 0));
  if (nanoseconds.places > 0) throw badInput("a time is a whole number of nanoseconds");
  return makeTime(nanoseconds.units);
}

const COLLECTION_BUILTINS = {
  count: (collection) => BigInt(sizeOfCollection(collection)),
  sum: sumOf,
  "sum.decimal": (members) => toDecimal(sumOf(members)),
  "sum.duration": (members) => makeDuration(membersOf(members).reduce((sum, member) => sum + member.ns, 0n)),
  min: (members) => extreme(members, -1),
  max: (members) => extreme(members, 1),
  any: (members) => membersOf(members).includes(true),
  all: (members) => !membersOf(members).includes(false),
  keys: (mapping) => setOf(mapping.keys()),
  values: (mapping) => sortedItems(mapping).map(([, value]) => value),
  sort: (members) => [...membersOf(members)].sort(compare),
  first: (members) => members[0],
  last: (members) => members[members.length - 1],
  reverse: (members) => [...members].reverse(),
  distinct,
  flatten,
  contains,
  round: (number, places, mode = "half_even") => rounded(number, places, mode),
  floor_div: intFloorDivide,
  abs: absolute,
  to_string: rendered,
  to_int: toInteger,
  to_decimal: (value) => (typeof value === "string" ? parseDecimal(value) : toDecimal(value)),
  to_set: (members) => (Array.isArray(members) ? carefulSetOf(members) : members),
  to_list: membersOf,
  "std.numbers.floor": (number) => rounded(number, 0n, "floor"),
  "std.numbers.ceil": (number) => rounded(number, 0n, "ceiling"),
  "std.numbers.truncate": (number) => rounded(number, 0n, "down"),
  "std.numbers.range": (start, end) => stepped(start, end, 1n),
  "std.numbers.range_by": stepped,
  "std.numbers.power": powerOf,
  "std.units.quantity": quantity,
  "std.units.bytes": byteCount,
};

const TIME_BUILTINS = {
  "std.time.year": calendarPart("year"),
  "std.time.month": calendarPart("month"),
  "std.time.day": calendarPart("day"),
  "std.time.hour": calendarPart("hour"),
  "std.time.minute": calendarPart("minute"),
  "std.time.second": calendarPart("second"),
  "std.time.weekday": (moment) => WEEKDAYS[calendarOf(moment.ns).weekday - 1],
  "std.time.date_text": (moment) => timeText(moment.ns).slice(0, 10),
  "std.time.start_of_day": (moment) => makeTime(floorDivide(moment.ns, DAY) * DAY),
  "std.time.start_of_month": (moment) => {
    const { year, month } = calendarOf(moment.ns);
    return makeTime(midnight(year, month, 1));
  },
  "std.time.start_of_year": (moment) => makeTime(midnight(calendarOf(moment.ns).year, 1, 1)),
  "std.time.days_between": (earlier, later) => floorDivide(later.ns, DAY) - floorDivide(earlier.ns, DAY),
  "std.time.age": ageOf,
  "std.time.add_date": addDate,
  "std.time.seconds": (duration) => inSeconds(duration.ns),
  "std.time.unix": (moment) => inSeconds(moment.ns),
  "std.time.from_unix": fromUnix,
  "std.time.parse": parseTimeLiteral,
  "std.time.parse_duration": parseDuration,
};

// Time and duration: whole nanoseconds as BigInts, in UTC. No `Date` computes anything here.

const SECOND = 1_000_000_000n;
const DAY = 86_400n * SECOND;
const UNITS = new Map([
  ["w", 7n * DAY],
  ["d", DAY],
  ["h", 3_600n * SECOND],
  ["m", 60n * SECOND],
  ["s", SECOND],
  ["ms", 1_000_000n],
  ["us", 1_000n],
  ["ns", 1n],
]);

/** A moment: nanoseconds since 1970-01-01T00:00:00Z. */
class Time {
  constructor(ns) {
    this.ns = ns;
  }
}

/** A length of time in nanoseconds. */
class Duration {
  constructor(ns) {
    this.ns = ns;
  }
}

/** Days since 1970 (Howard Hinnant's `days_from_civil`). */
function daysFromCivil(year, month, day) {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

function civilFromDays(days) {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}

const TIME_MIN = BigInt(daysFromCivil(1678, 1, 1)) * DAY;
const TIME_END = BigInt(daysFromCivil(2262, 1, 1)) * DAY;

function daysInMonth(year, month) {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function makeTime(ns) {
  if (TIME_MIN <= ns && ns < TIME_END) return new Time(ns);
  throw overflow("the time lies outside the years 1678 to 2261");
}

function makeDuration(ns) {
  if (INT_MIN <= ns && ns <= INT_MAX) return new Duration(ns);
  throw overflow("the duration is longer than 292 years");
}

const noTime = (text) => badInput(`${shown(text)} is not a time such as 2026-11-22T20:00:00Z`);

function readTime(text, ns) {
  if (TIME_MIN <= ns && ns < TIME_END) return new Time(ns);
  throw badInput(`${shown(text)} lies outside the years 1678 to 2261`);
}

function twoDigits(text, digits, largest) {
  if (digits.length === 2 && isDigits(digits) && Number(digits) <= largest) return Number(digits);
  throw noTime(text);
}

function parseDay(text, date) {
  const year = date.slice(0, 4);
  if (!isAscii(text) || !isDigits(year) || date[4] !== "-" || date[7] !== "-") throw noTime(text);
  const month = twoDigits(text, date.slice(5, 7), 12);
  const day = twoDigits(text, date.slice(8, 10), 31);
  if (month === 0 || day < 1 || day > daysInMonth(Number(year), month)) throw noTime(text);
  return daysFromCivil(Number(year), month, day);
}

/** The seconds that `hh:mm` stands for, as a time of day or as an offset. */
function parseClock(text, clock) {
  return twoDigits(text, clock.slice(0, 2), 23) * 3_600 + twoDigits(text, clock.slice(3), 59) * 60;
}

/** A moment in one profile of RFC 3339. */
function parseTime(text) {
  if (text.length < 20 || !isAscii(text) || text[10] !== "T" || text[13] !== ":" || text[16] !== ":") {
    throw noTime(text);
  }
  const day = parseDay(text, text.slice(0, 10));
  const clock = parseClock(text, text.slice(11, 16));
  const second = twoDigits(text, text.slice(17, 19), 59);
  let rest = text.slice(19);
  let fraction = 0n;
  if (rest[0] === ".") {
    const digits = rest.length - 1 - trimmedStart(rest.slice(1), DIGIT_CHARACTERS).length;
    if (digits < 1 || digits > 9) throw noTime(text);
    fraction = BigInt(rest.slice(1, digits + 1)) * power10(9 - digits);
    rest = rest.slice(digits + 1);
  }
  let offset = 0;
  if (rest !== "Z") {
    if (rest.length !== 6 || !"+-".includes(rest[0]) || rest[3] !== ":") throw noTime(text);
    offset = parseClock(text, rest.slice(1));
    if (rest[0] === "-") offset = -offset;
  }
  return readTime(text, BigInt(day * 86_400 + clock + second - offset) * SECOND + fraction);
}

/** A moment as a policy may write it: RFC 3339, or a date alone, which is midnight in UTC. */
function parseTimeLiteral(text) {
  return text.length === 10 ? readTime(text, BigInt(parseDay(text, text)) * DAY) : parseTime(text);
}

/** Date, time of day and weekday (1 for Monday) in UTC. */
function calendarOf(ns) {
  const days = floorDivide(ns, DAY);
  const within = ns - days * DAY;
  const seconds = Number(within / SECOND);
  const [year, month, day] = civilFromDays(Number(days));
  return {
    year,
    month,
    day,
    hour: Math.floor(seconds / 3_600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    nanosecond: Number(within % SECOND),
    weekday: Number(floorRemainder(days + 3n, 7n)) + 1,
  };
}

function timeText(ns) {
  const moment = calendarOf(ns);
  const two = (number) => String(number).padStart(2, "0");
  const fraction = moment.nanosecond ? `.${trimmedEnd(String(moment.nanosecond).padStart(9, "0"), "0")}` : "";
  return (
    `${String(moment.year).padStart(4, "0")}-${two(moment.month)}-${two(moment.day)}` +
    `T${two(moment.hour)}:${two(moment.minute)}:${two(moment.second)}${fraction}Z`
  );
}

const noDuration = (text) => badInput(`${shown(text)} is not a duration such as 30m, 1h30m or 7d`);

function parseDuration(text) {
  let rest = text[0] === "-" ? text.slice(1) : text;
  let ns = 0n;
  let largest = UNITS.get("w") + 1n;
  if (rest === "" || !isAscii(text) || text.length > 160) throw noDuration(text);
  while (rest !== "") {
    const afterNumber = trimmedStart(rest, DIGIT_CHARACTERS);
    const number = rest.slice(0, rest.length - afterNumber.length);
    rest = trimmedStart(afterNumber, LOWER_LETTERS);
    const size = UNITS.get(afterNumber.slice(0, afterNumber.length - rest.length));
    if (number === "" || size === undefined || size >= largest) throw noDuration(text);
    largest = size;
    ns += BigInt(number) * size;
  }
  const signed = text[0] === "-" ? -ns : ns;
  if (INT_MIN <= signed && signed <= INT_MAX) return new Duration(signed);
  throw badInput(`${shown(text)} is longer than 292 years`);
}

function durationText(ns) {
  let rest = absoluteOf(ns);
  if (rest === 0n) return "0s";
  let text = ns < 0n ? "-" : "";
  for (const [unit, size] of UNITS) {
    if (unit === "w" || rest < size) continue;
    text += `${rest / size}${unit}`;
    rest %= size;
  }
  return text;
}

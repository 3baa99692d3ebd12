// Numbers: an `int` is a BigInt held to 64 bits, a `decimal` a BigInt with a number of places. Neither is ever a double.
//
// A decimal is kept without zeros at the end of its places, so two of them are equal exactly if their parts are. How large
// one may be is said twice: what is read has at most 18 digits before the point and 12 after it; what is computed has at
// most 64 digits that count, lies below 10**64 and has at most 64 places. Within that `+ - *` are exact, and beyond it they
// err with `overflow` and never round.

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const READ_WHOLE_DIGITS = 18;
const READ_PLACES = 12;
const DIGITS = 64;
const QUOTIENT_PLACES = 12;
const TEN = 10n;
const LARGEST = TEN ** 64n;
const TOO_MANY_DIGITS = `the result needs more than ${DIGITS} digits`;

/** `units` / 10**`places`. */
class Decimal {
  constructor(units, places) {
    this.units = units;
    this.places = places;
  }
}

const power10 = (exponent) => TEN ** BigInt(exponent);

/** The decimal without zeros that change nothing. */
function decimal(units, places) {
  if (units === 0n) return new Decimal(0n, 0);
  while (places > 0 && units % TEN === 0n) {
    units /= TEN;
    places -= 1;
  }
  return new Decimal(units, places);
}

/** The decimal, if a computation may give it; else `overflow`. */
function computed(units, places) {
  const number = decimal(units, places);
  if (number.units >= LARGEST || number.units <= -LARGEST || number.places > DIGITS) throw overflow(TOO_MANY_DIGITS);
  return number;
}

const toDecimal = (number) => (typeof number === "bigint" ? new Decimal(number, 0) : number);

function floorDivide(left, right) {
  const quotient = left / right;
  return left % right !== 0n && left < 0n !== right < 0n ? quotient - 1n : quotient;
}

const floorRemainder = (left, right) => left - floorDivide(left, right) * right;

function intResult(number) {
  if (INT_MIN <= number && number <= INT_MAX) return number;
  throw overflow("the result does not fit in 64 bits");
}

const byZero = () => new ValueFault("division_by_zero", "division by zero");

function intFloorDivide(left, right) {
  if (right === 0n) throw byZero();
  return intResult(floorDivide(left, right));
}

function intRemainder(left, right) {
  if (right === 0n) throw byZero();
  return floorRemainder(left, right);
}

function aligned(left, right) {
  const places = Math.max(left.places, right.places);
  return [left.units * power10(places - left.places), right.units * power10(places - right.places), places];
}

function decimalAdd(left, right) {
  const [one, two, places] = aligned(toDecimal(left), toDecimal(right));
  return computed(one + two, places);
}

function decimalSubtract(left, right) {
  const [one, two, places] = aligned(toDecimal(left), toDecimal(right));
  return computed(one - two, places);
}

function decimalMultiply(left, right) {
  const one = toDecimal(left);
  const two = toDecimal(right);
  return computed(one.units * two.units, one.places + two.places);
}

/** The quotient, rounded half to even at 12 places. */
function decimalDivide(left, right) {
  const one = toDecimal(left);
  const two = toDecimal(right);
  if (two.units === 0n) throw byZero();
  let numerator = one.units * power10(two.places + QUOTIENT_PLACES);
  let denominator = two.units * power10(one.places);
  if (denominator < 0n) [numerator, denominator] = [-numerator, -denominator];
  let quotient = floorDivide(numerator, denominator);
  const rest = numerator - quotient * denominator;
  if (2n * rest > denominator || (2n * rest === denominator && quotient % 2n !== 0n)) quotient += 1n;
  return computed(quotient, QUOTIENT_PLACES);
}

const decimalNegate = (number) => new Decimal(-number.units, number.places);
const absoluteOf = (number) => (number < 0n ? -number : number);

function compareDecimals(left, right) {
  if (left.places === right.places) return left.units < right.units ? -1 : left.units > right.units ? 1 : 0;
  const [one, two] = aligned(left, right);
  return one < two ? -1 : one > two ? 1 : 0;
}

const ROUNDING_MODES = ["half_up", "half_even", "up", "down", "floor", "ceiling"];

/** The number rounded to that many places (a BigInt) after the point. */
function rounded(number, places, mode) {
  if (!ROUNDING_MODES.includes(mode)) {
    throw badInput(`${shown(mode)} is no way to round; write one of ${ROUNDING_MODES.join(", ")}`);
  }
  if (places <= -DIGITS || places >= DIGITS) throw badInput(`places must lie between -${DIGITS - 1} and ${DIGITS - 1}`);
  const exact = toDecimal(number);
  const wanted = Number(places);
  if (exact.places <= wanted) return exact;
  const unit = power10(exact.places - wanted);
  const magnitude = absoluteOf(exact.units);
  const rest = magnitude % unit;
  let whole = magnitude / unit;
  const negative = exact.units < 0n;
  if (rest !== 0n && roundsAway(mode, negative, whole, 2n * rest, unit)) whole += 1n;
  const signed = negative ? -whole : whole;
  return wanted >= 0 ? computed(signed, wanted) : computed(signed * power10(-wanted), 0);
}

function roundsAway(mode, negative, whole, twice, unit) {
  switch (mode) {
    case "half_up":
      return twice >= unit;
    case "half_even":
      return twice > unit || (twice === unit && whole % 2n === 1n);
    case "up":
      return true;
    case "floor":
      return negative;
    case "ceiling":
      return !negative;
    default:
      return false;
  }
}

/** The one spelling of a number: no exponent, no zeros that change nothing. */
function numberText(number) {
  if (typeof number === "bigint") return number.toString();
  const { units, places } = number;
  if (places === 0) return units.toString();
  const digits = absoluteOf(units).toString().padStart(places + 1, "0");
  const point = digits.length - places;
  return `${units < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** A number in the spelling of JSON: an int if it is whole and fits in 64 bits, else a decimal. */
function parseNumber(text) {
  const [sign, whole, fraction, exponent] = numberParts(text);
  const digits = whole + fraction;
  const significantStart = trimmedStart(digits, "0");
  const point = whole.length + exponentPower(exponent, digits) - (digits.length - significantStart.length);
  const significant = trimmedEnd(significantStart, "0");
  if (significant === "") return 0n;
  const places = significant.length - point;
  if (places <= 0 && point <= READ_WHOLE_DIGITS + 1) {
    const number = BigInt(significant + "0".repeat(-places)) * (sign ? -1n : 1n);
    if (INT_MIN <= number && number <= INT_MAX) return number;
  }
  if (point > READ_WHOLE_DIGITS || places > READ_PLACES) {
    throw badInput(
      `${shown(text)} has more than ${READ_WHOLE_DIGITS} digits before the point or ${READ_PLACES} after it`,
    );
  }
  const units = BigInt(significant) * (sign ? -1n : 1n);
  return places < 0 ? new Decimal(units * power10(-places), 0) : new Decimal(units, places);
}

function numberParts(text) {
  let [mantissa, mark, exponent] = partition(text, "e");
  if (!mark) [mantissa, mark, exponent] = partition(text, "E");
  const sign = mantissa.startsWith("-") ? "-" : "";
  const [whole, point, fraction] = partition(mantissa.slice(sign.length), ".");
  const bare = exponent[0] === "+" || exponent[0] === "-" ? exponent.slice(1) : exponent;
  if (
    !isDigits(whole) ||
    (whole[0] === "0" && whole.length > 1) ||
    (point && !isDigits(fraction)) ||
    (mark && !isDigits(bare))
  ) {
    throw badInput(`${shown(text)} is not a number`);
  }
  return [sign, whole, fraction, exponent];
}

/** The exponent, cut to where it can no longer matter, without computing what it says. */
function exponentPower(exponent, digits) {
  const magnitude = trimmedStart(trimmedStart(exponent, "+-"), "0");
  const power =
    magnitude.length > 7 ? digits.length + READ_WHOLE_DIGITS + READ_PLACES + 10_000_000 : Number(magnitude || "0");
  return exponent[0] === "-" ? -power : power;
}

const READ_BOUND = TEN ** BigInt(READ_WHOLE_DIGITS);

/** A number that was read, where a decimal is wanted. */
function incomingDecimal(number) {
  if (typeof number !== "bigint" || (-READ_BOUND < number && number < READ_BOUND)) return toDecimal(number);
  throw badInput(`a decimal has at most ${READ_WHOLE_DIGITS} digits before the point`);
}

const parseDecimal = (text) => incomingDecimal(parseNumber(text));

function parseInteger(text) {
  const number = parseNumber(text);
  if (typeof number === "bigint") return number;
  throw badInput(`${shown(text)} is not a whole number`);
}

/** The number whose shortest decimal text is that of the double; a whole one must be one that doubles can count to. */
function numberFromDouble(number) {
  if (!Number.isFinite(number)) throw badInput("infinities and NaN are not numbers");
  if (Number.isInteger(number)) {
    if (Number.isSafeInteger(number)) return BigInt(number);
    throw badInput("a whole number beyond 2^53 - 1 is given as a BigInt, or as JSON text");
  }
  return parseNumber(String(number));
}

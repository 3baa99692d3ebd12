// The matcher: an automaton that is in all its states at once, never one that tries and goes back.
//
// A pattern becomes a nondeterministic automaton over code points (Thompson, 1968). Matching goes through the text once and
// keeps the set of states that are possible; each such set, once met, is remembered with where each class of code points
// leads from it, so that a text that looks like others costs one step of a table a character (a deterministic automaton, made
// as far as it is needed, as in RE2). What is remembered is bounded. Time is at most the length of the text times the size of
// the pattern, which `bounded` limits, whatever the text.

const KEPT_SETS = 1_000;

class Matcher {
  constructor(syntax) {
    this.kinds = []; // for each state: a set of code points, or null
    this.nexts = []; // for each state: the states that follow
    this.final = this.state(null, []);
    this.start = this.build(syntax, this.final);
    this.classes();
    this.forget();
  }

  state(ranges, next) {
    this.kinds.push(ranges);
    this.nexts.push(next);
    return this.kinds.length - 1;
  }

  /** The state from which the syntax, and then `next`, is matched. */
  build(syntax, next) {
    switch (syntax.kind) {
      case "empty":
        return next;
      case "literal":
        return syntax.points.reduceRight((after, point) => this.state([[point, point]], [after]), next);
      case "anyOf":
        return this.state(syntax.ranges, [next]);
      case "sequence":
        return syntax.parts.reduceRight((after, part) => this.build(part, after), next);
      case "choice":
        return this.state(null, syntax.options.map((option) => this.build(option, next)));
      default:
        return this.buildRepeat(syntax, next);
    }
  }

  buildRepeat({ of, least, most }, next) {
    let after = next;
    if (most === null) {
      const loop = this.state(null, []);
      this.nexts[loop] = [this.build(of, loop), next];
      after = loop;
    } else {
      for (let i = least; i < most; i++) after = this.state(null, [this.build(of, after), next]);
    }
    for (let i = 0; i < least; i++) after = this.build(of, after);
    return after;
  }

  /** Cuts the code points where any set begins or ends: between two cuts all lead to the same. */
  classes() {
    const cuts = new Set([0]);
    for (const ranges of this.kinds) for (const [low, high] of ranges ?? []) cuts.add(low).add(high + 1);
    this.cuts = [...cuts].sort((one, two) => one - two);
    this.ofAscii = Array.from({ length: 128 }, (_, point) => this.classOf(point));
  }

  classOf(point) {
    let low = 0;
    let high = this.cuts.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.cuts[middle] <= point) low = middle;
      else high = middle;
    }
    return low;
  }

  forget() {
    this.sets = new Map();
    this.first = this.closed([this.start]);
  }

  /** The set of these states and all that are reached without a code point; the same object for the same states. */
  closed(states) {
    const found = new Set();
    const waiting = [...states];
    while (waiting.length) {
      const state = waiting.pop();
      if (found.has(state)) continue;
      found.add(state);
      if (this.kinds[state] === null) waiting.push(...this.nexts[state]);
    }
    const kept = [...found].filter((state) => this.kinds[state] !== null || state === this.final);
    const key = kept.sort((one, two) => one - two).join();
    let set = this.sets.get(key);
    if (set === undefined) {
      set = { states: kept, matches: found.has(this.final), leads: new Map() };
      this.sets.set(key, set);
    }
    return set;
  }

  step(set, number) {
    const point = this.cuts[number];
    const next = [];
    for (const state of set.states) {
      const ranges = this.kinds[state];
      if (ranges?.some(([low, high]) => low <= point && point <= high)) next.push(...this.nexts[state]);
    }
    if (this.sets.size > KEPT_SETS) this.forget();
    const reached = this.closed(next);
    set.leads.set(number, reached);
    return reached;
  }

  /** Whether the whole text matches. */
  matches(text) {
    let set = this.first;
    for (let i = 0; i < text.length; i++) {
      const point = text.codePointAt(i);
      if (point > 0xffff) i += 1;
      const number = point < 128 ? this.ofAscii[point] : this.classOf(point);
      set = set.leads.get(number) ?? this.step(set, number);
      if (set.states.length === 0) return false;
    }
    return set.matches;
  }
}

/** A glob or a regular expression, made of text of the policy or its documents, never of a request. */
class Pattern {
  constructor(kind, source, separator) {
    this.kind = kind;
    this.source = source;
    this.separator = separator;
    this.syntax = kind === "glob" ? parseGlob(source, separator) : parseRegex(source);
    this.others = new Map();
  }

  matches(text) {
    this.matcher ??= new Matcher(this.syntax);
    return this.matcher.matches(text);
  }

  /** The same glob where segments end at `separator`; a regular expression is itself. */
  within(separator) {
    if (this.kind === "regex" || this.separator === separator) return this;
    if (!this.others.has(separator)) this.others.set(separator, new Pattern("glob", this.source, separator));
    return this.others.get(separator);
  }
}

// The trace: a rule tried step by step, with everything that it reads.

/** The search for a choice that satisfies one rule, and the furthest that any choice got: what the trace shows. */
class Search {
  constructor(made, run) {
    this.made = made;
    this.run = run;
    this.variables = new Array(made.slots.size);
    this.furthest = [];
  }

  /** The trace of the rule. */
  traced() {
    const { rule, steps, exception, exceptionPlace } = this.made;
    this.run.work = 0;
    this.run.within = false;
    let holds;
    try {
      holds = this.step(0, []);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      holds = null;
    }
    const rest = steps.map(({ text, at }) => [text, at]);
    if (exception !== null) rest.push([rule.exception_text, exceptionPlace]);
    const conditions = [
      ...this.furthest,
      ...rest.slice(this.furthest.length).map(([text, at]) => new Map(Object.entries({ text, value: null, read: new Map(), at, reached: false }))),
    ];
    return new Map(Object.entries({ rule: rule.shown_name, holds, conditions }));
  }

  got(conditions) {
    if (conditions.length > this.furthest.length) this.furthest = conditions;
  }

  /** Whether a choice satisfies the rule from this step on, after the conditions `before`. */
  step(first, before) {
    const conditions = [...before];
    for (let position = first; position < this.made.steps.length; position++) {
      const step = this.made.steps[position];
      this.run.reads = new Map();
      if (step.is === "Choose") return this.choose(step, position, conditions);
      const value = this.guarded(step, conditions, () => step.value(this.variables, this.run));
      if (step.is === "Assign") this.variables[step.names[0][1]] = value;
      const holds = step.is === "Assign" || value;
      conditions.push(this.condition(step, holds));
      if (!holds) {
        this.got(conditions);
        return false;
      }
    }
    return this.end(conditions);
  }

  choose(step, position, before) {
    const { run } = this;
    const { reads } = run;
    let shownReads = null;
    try {
      for (const [key, member] of this.guarded(step, before, () => step.members(this.variables, run))) {
        run.reads = reads;
        this.guarded(step, before, () => run.tried(step.sourcePlace));
        step.bind(this.variables, key, member);
        shownReads ??= plainReads(reads);
        if (this.step(position + 1, [...before, this.condition(step, true, shownReads)])) return true;
      }
    } finally {
      run.reads = reads;
    }
    if (shownReads === null) this.got([...before, this.condition(step, false)]);
    return false;
  }

  guarded(step, before, evaluate) {
    try {
      return evaluate();
    } catch (fault) {
      return this.erred(fault, step, before);
    }
  }

  erred(fault, step, before) {
    if (fault instanceof Fault) this.furthest = [...before, this.condition(step, null, null, fault.code)];
    throw fault;
  }

  /** All of the body holds: the exception has the last word on this choice. */
  end(before) {
    const { exception, exceptionPlace, rule } = this.made;
    if (exception === null) {
      this.furthest = before;
      return true;
    }
    this.run.reads = new Map();
    let excepted;
    let error = null;
    try {
      excepted = exception(this.variables, this.run);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      [excepted, error] = [false, fault.code];
    }
    const shown = { text: rule.exception_text, value: !excepted, read: plainReads(this.run.reads), at: exceptionPlace };
    const after = [...before, new Map(Object.entries(error === null ? shown : { ...shown, error }))];
    if (excepted) {
      this.got(after);
      return false;
    }
    this.furthest = after;
    return true;
  }

  condition({ text, at, names }, value, reads = null, error = null) {
    const shown = new Map([["text", text], ["value", value], ["read", reads ?? plainReads(this.run.reads)], ["at", at]]);
    if (error !== null) shown.set("error", error);
    if (value === true && names.length) {
      const bindings = sortedItems(new Map(names)).map(([name, place]) => [name, plain(this.variables[place])]);
      shown.set("bindings", new Map(bindings));
    }
    return shown;
  }
}

const plainReads = (reads) => new Map(sortedItems(reads).map(([name, value]) => [name, plain(value)]));

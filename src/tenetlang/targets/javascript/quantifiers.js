// Blocks, quantifiers and comprehensions. A block is a chain of functions, each of which calls the next: one for each `some`, which
// calls it once for each member until one of the calls says that the block is satisfied, and one for all the steps up to the next
// `some`, so that a block of a thousand conditions is no thousand calls deep.

/** Makes functions of all expressions, those with blocks included. */
class Compiler extends ExpressionCompiler {
  /** A function that tries the choices of a block in order, and `done` for each that satisfies it until that says true. */
  block(steps, slots, done) {
    let next = done;
    for (let end = steps.length; end > 0; ) {
      let start = end;
      while (start > 0 && steps[start - 1].is !== "Choose") start -= 1;
      if (start < end) next = this.inARow(steps.slice(start, end), slots, next);
      if (start > 0) next = this.choose(steps[start - 1].bound, slots, next);
      end = start - 1;
    }
    return next;
  }

  /** Conditions and assignments one after the other, then `next`. */
  inARow(steps, slots, next) {
    const row = steps.map((step) =>
      step.is === "Condition" ? this.value(step.expression, slots) : this.assignment(step, slots),
    );
    return (variables, run) => {
      for (const step of row) if (!step(variables, run)) return false;
      return next(variables, run);
    };
  }

  assignment(step, slots) {
    const place = slots.add(step.local.name);
    const value = this.value(step.value, slots);
    return (variables, run) => {
      variables[place] = value(variables, run);
      return true;
    };
  }

  /** A function that tries `next` for each member until it says true. */
  choose(bound, slots, next) {
    const members = this.source(bound, slots);
    const at = this.place(bound.source.at);
    const bind = this.binder(bound, slots);
    return (variables, run) => {
      for (const [key, member] of members(variables, run)) {
        run.tried(at);
        bind(variables, key, member);
        if (next(variables, run)) return true;
      }
      return false;
    };
  }

  /** The members of a quantifier's source as `[key, value]`; to put them into order is work. */
  source(bound, slots) {
    const source = this.value(bound.source, slots);
    return (variables, run) => {
      const collection = source(variables, run);
      if (Array.isArray(collection)) return collection.map((member, position) => [BigInt(position), member]);
      if (run.within) run.work += workOf([collection]);
      if (collection instanceof Map) return sortedItems(collection);
      return collection.sorted().map((member) => [member, member]);
    };
  }

  binder({ key, value }, slots) {
    const keyPlace = key ? slots.add(key.name) : null;
    const place = slots.add(value.name);
    return (variables, keyValue, member) => {
      if (keyPlace !== null) variables[keyPlace] = keyValue;
      variables[place] = member;
    };
  }

  makeExists({ body }, slots) {
    const holds = this.block(body, slots, () => true);
    return (variables, run) => {
      const outer = run.within;
      const found = holds(variables, run);
      run.within = outer;
      return found;
    };
  }

  makeEvery({ bound, body }, slots) {
    const holds = this.block(body, slots, () => true);
    const fails = this.choose(bound, slots, (variables, run) => !holds(variables, run));
    return (variables, run) => {
      const outer = run.within;
      const failed = fails(variables, run);
      run.within = outer;
      return !failed;
    };
  }

  makeBuild({ kind, key, element, body, at }, slots) {
    const finish = { list: (built) => built, map: (built) => built, set: this.placedOperation(carefulSetOf, at) }[kind];
    const place = slots.add(null);
    const keyValue = key ? this.value(key, slots) : null;
    const value = this.value(element, slots);
    const build = this.block(body, slots, (variables, run) => {
      if (keyValue === null) {
        variables[place].push(value(variables, run));
      } else {
        const name = keyValue(variables, run);
        variables[place].set(name, value(variables, run));
      }
      return false;
    });
    return (variables, run) => {
      const outer = run.within;
      const outerBuilt = variables[place];
      variables[place] = kind === "map" ? new Map() : [];
      build(variables, run);
      const built = variables[place];
      variables[place] = outerBuilt;
      run.within = outer;
      return finish(built);
    };
  }
}

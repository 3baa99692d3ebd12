// Trying rules, quickly: through the tables of the decision tree, then what is left of each rule that they leave alive.

/** The set of the candidates of a bucket that are alive, 32 in a word. */
function maskOf(hexadecimal, words) {
  const mask = new Uint32Array(words);
  for (let i = 0; i < words; i++) {
    const end = hexadecimal.length - 8 * i;
    if (end <= 0) break;
    mask[i] = parseInt(hexadecimal.slice(Math.max(end - 8, 0), end), 16);
  }
  return mask;
}

function keepOnly(live, mask) {
  for (let i = 0; i < live.length; i++) live[i] &= mask[i];
}

const intersects = (one, two) => one.some((word, i) => word & two[i]);

/** A table by value: texts, which are most, as they are, and other values by their keys. */
class ValueTable {
  constructor(entries) {
    this.byText = new Map();
    this.byKey = new Map();
    for (const [value, found] of entries) {
      if (typeof value === "string") this.byText.set(value, found);
      this.byKey.set(keyOf(value), found);
    }
  }

  get(value) {
    return typeof value === "string" ? this.byText.get(value) : this.byKey.get(keyOf(value));
  }
}

class Rules {
  constructor(policy) {
    this.policy = policy;
    this.compiler = new Compiler(policy);
    this.list = policy.packages.flatMap((inPackage) => inPackage.rules);
    this.compiled = new Map();
    this.buckets = new Map();
    this.root = this.node(policy.root);
  }

  /** The rule's steps as functions; made when first wanted. */
  rule(position) {
    if (!this.compiled.has(position)) this.compiled.set(position, this.compileRule(this.list[position]));
    return this.compiled.get(position);
  }

  compileRule(rule) {
    const slots = new Slots();
    const { compiler } = this;
    const steps = rule.body.map((step) => this.compileStep(step, slots));
    const exception = rule.exception ? compiler.makeExists({ body: rule.exception }, slots) : null;
    const at = rule.exception?.length ? rule.exception[0].at : rule.at;
    return {
      rule,
      slots,
      steps,
      exception,
      exceptionPlace: compiler.place(at),
      because: rule.because ? this.template(rule.because, slots) : null,
      then: rule.then.map((use) => [use.obligation, compiler.values(use.arguments, slots)]),
      quick: new Map(),
    };
  }

  template({ parts }, slots) {
    return parts.map((part) => (typeof part === "string" ? part : this.compiler.value(part, slots)));
  }

  compileStep(step, slots) {
    const { compiler } = this;
    const made = { is: step.is, step, text: step.text, at: compiler.place(step.at), names: [] };
    if (step.is === "Condition") made.value = compiler.value(step.expression, slots);
    if (step.is === "Assign") {
      made.value = compiler.value(step.value, slots);
      made.names = [[step.local.name, slots.add(step.local.name)]];
    }
    if (step.is === "Choose") {
      const { bound } = step;
      made.members = compiler.source(bound, slots);
      made.bind = compiler.binder(bound, slots);
      made.sourcePlace = compiler.place(bound.source.at);
      made.names = (bound.key ? [bound.key, bound.value] : [bound.value]).map(({ name }) => [name, slots.add(name)]);
    }
    return made;
  }

  /** What is left of a candidate: a function that finds the first choice which satisfies these steps and no exception. */
  quick(position, rest) {
    const made = this.rule(position);
    const key = rest.join();
    if (!made.quick.has(key)) {
      const { exception } = made;
      const end = (variables, run) => {
        if (exception === null) return true;
        try {
          return !exception(variables, run);
        } catch (fault) {
          if (!(fault instanceof Fault)) throw fault;
          run.excused = fault;
          return true;
        }
      };
      const body = rest.map((step) => made.rule.body[step]);
      made.quick.set(key, this.compiler.block(body, made.slots, end));
    }
    return made.quick.get(key);
  }

  // ------------------------------------------------------------------------------------------------------ the tree

  node(form) {
    if (form.is === "Leaf") return { buckets: form.buckets };
    return {
      attribute: this.attribute(form.attribute),
      branches: new ValueTable(form.branches.map(([value, below]) => [constantOf(value), this.node(below)])),
      otherwise: this.node(form.otherwise),
      missing: this.node(form.missing),
    };
  }

  /** The value of a part of the request, which may be absent whatever the rules that read it make sure of. */
  attribute(read) {
    return this.compiler.value({ ...read, optional: true }, new Slots());
  }

  bucket(number) {
    if (!this.buckets.has(number)) this.buckets.set(number, this.compileBucket(this.policy.buckets[number]));
    return this.buckets.get(number);
  }

  compileBucket({ candidates, tests }) {
    const words = Math.ceil(candidates.length / 32);
    const mask = (hexadecimal) => maskOf(hexadecimal, words);
    return {
      candidates,
      all: mask((2n ** BigInt(candidates.length) - 1n).toString(16)),
      tests: tests.map((test) => this.compileTest(test, mask)),
    };
  }

  compileTest(test, mask) {
    if (test.is === "Predicate") {
      const concerned = mask(test.mask);
      const condition = this.compiler.value(test.condition, new Slots());
      return (live, run) => {
        if (intersects(live, concerned) && !condition([], run)) live.forEach((_, i) => (live[i] &= ~concerned[i]));
      };
    }
    const attribute = this.attribute(test.attribute);
    const missing = mask(test.missing);
    const find = this.maskFinder(test, mask);
    return (live, run) => {
      const value = attribute([], run);
      keepOnly(live, value === ABSENT ? missing : find(value));
    };
  }

  maskFinder(test, mask) {
    if (test.is === "Cuts") {
      const points = test.points.map(constantOf);
      const masks = test.masks.map(mask);
      return (value) => masks[regionOf(points, value)];
    }
    const table = new ValueTable(test.entries.map(([value, found]) => [constantOf(value), mask(found)]));
    if (test.is === "Table") {
      const otherwise = mask(test.otherwise);
      return (value) => table.get(value) ?? otherwise;
    }
    const unaffected = mask(test.unaffected);
    return (members) => {
      const kept = unaffected.slice();
      for (const member of Array.isArray(members) ? members : members.byKey.values()) {
        table.get(member)?.forEach((word, i) => (kept[i] |= word));
      }
      return kept;
    };
  }

  /** The rules that match, by position, with the variables of each; errors go to the run. */
  matching(run) {
    let node = this.root;
    while (node.attribute !== undefined) {
      const value = node.attribute([], run);
      node = value === ABSENT ? node.missing : (node.branches.get(value) ?? node.otherwise);
    }
    const found = new Map();
    for (const number of node.buckets) {
      const { candidates, all, tests } = this.bucket(number);
      const live = all.slice();
      for (const test of tests) test(live, run);
      for (let i = 0; i < live.length; i++) {
        for (let word = live[i]; word !== 0; ) {
          const bit = 31 - Math.clz32(word & -word);
          word &= word - 1;
          this.tryCandidate(candidates[32 * i + bit], run, found);
        }
      }
    }
    return found;
  }

  tryCandidate({ rule: position, rest }, run, found) {
    const { slots, exception } = this.rule(position);
    if (!rest.length && exception === null) {
      found.set(position, []);
      return;
    }
    const holds = this.quick(position, rest);
    const variables = new Array(slots.size);
    run.work = 0;
    run.within = false;
    run.excused = null;
    try {
      if (holds(variables, run)) {
        found.set(position, variables);
        if (run.excused !== null) run.errors.set(position, run.excused);
      }
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      run.errors.set(position, fault);
    }
  }
}

/** Of 2n+1 regions between n points, that of the value: below the first, at it, between it and the second, ... */
function regionOf(points, value) {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(points[middle], value) < 0) low = middle + 1;
    else high = middle;
  }
  return low < points.length && compare(points[low], value) === 0 ? 2 * low + 1 : 2 * low;
}

// From an expression of the policy, which is data, to a function of its value. Nothing of the policy is ever JavaScript: each
// kind of node has a function below that closes over its parts.
//
// A function takes the *variables* of the rule, definition or function that it is in (an array; each name has its place in it)
// and the *run*: the request's inputs, what has been read (for the trace), and how much the quantifiers have done.

const ABSENT = Symbol("absent");
const WORK_LIMIT = 200_000;
const SEPARATORS = new Map([["path", "/"], ["url", "/"], ["host", "."], ["tool", "."]]);

/** One evaluation of one request. `reads` is null where nobody asks for the trace. */
class Run {
  constructor(inputs, data) {
    this.inputs = inputs;
    this.data = data;
    this.reads = null;
    this.work = 0;
    this.within = false;
    this.definitions = new Map();
  }

  /** One more member of a quantifier is tried. */
  tried(at) {
    this.work += 1;
    if (this.work > WORK_LIMIT) throw new Fault("too_much_work", at);
    this.within = true;
  }
}

/** The places of the variables of one rule, definition or function. */
class Slots {
  constructor() {
    this.places = new Map();
    this.size = 0;
  }

  add(name) {
    if (name !== null && !this.places.has(name)) this.places.set(name, this.size++);
    else if (name === null) return this.size++;
    return this.places.get(name);
  }
}

/** Makes functions of the expressions of one policy. */
class ExpressionCompiler {
  constructor(policy) {
    this.policy = policy;
    this.definitions = new Map();
    this.functions = new Map();
  }

  place(at) {
    return `${this.policy.files[at[0]]}:${at[1]}`;
  }

  large(expression) {
    return isLarge(this.policy.typeOf(expression.type));
  }

  goesThrough(expression) {
    switch (expression.is) {
      case "Builtin":
        return !AT_ONCE.has(expression.name) && (this.large(expression) || this.anyLarge(expression.arguments));
      case "Operate":
        return this.anyLarge(expression.operands);
      case "Contains":
        return this.policy.typeOf(expression.collection.type).is === "ListType";
      case "Compare": {
        const text = isScalar(this.policy.typeOf(expression.left.type), "string");
        return !text && (this.large(expression.left) || this.large(expression.right));
      }
      case "Matches":
        return this.large(expression.of);
      default:
        return true;
    }
  }

  anyLarge(expressions) {
    return expressions.some((expression) => this.large(expression));
  }

  /** The function of the expression's value. */
  value(expression, slots) {
    const make = this[`make${expression.is}`];
    if (make === undefined) throw new Error(`no meaning for ${expression.is}`);
    return make.call(this, expression, slots);
  }

  values(expressions, slots) {
    return expressions.map((expression) => this.value(expression, slots));
  }

  /** A function of operands' values, evaluated from the left, with its faults placed and its work counted. */
  through(expression, operation, operands, slots) {
    const placed = this.placedOperation(operation, expression.at);
    const counted = this.goesThrough(expression);
    const all = this.values(operands, slots);
    if (!counted && all.length === 2) {
      const [one, two] = all;
      return (variables, run) => placed(one(variables, run), two(variables, run));
    }
    return (variables, run) => {
      const given = all.map((operand) => operand(variables, run));
      const result = placed(...given);
      if (counted && run.within) run.work += workOf(result === undefined ? given : [result, ...given]);
      return result;
    };
  }

  /** The operation, with its faults placed. */
  placedOperation(operation, at) {
    const place = this.place(at);
    return (...operands) => {
      try {
        return operation(...operands);
      } catch (fault) {
        throw fault instanceof ValueFault ? new Fault(fault.code, place) : fault;
      }
    };
  }

  makeConstant({ value }) {
    const constant = constantOf(value);
    return () => constant;
  }

  makeLocal({ name }, slots) {
    const place = slots.add(name);
    return (variables) => variables[place];
  }

  makeRead({ path, optional }) {
    const ofData = path[0] === "data";
    const document = ofData ? `${path[1]}\0${path[2]}` : "";
    const steps = ofData ? path.slice(3) : path;
    const name = ofData ? ["data", ...path.slice(2)].join(".") : path.join(".");
    return (_, run) => {
      let found = ofData ? run.data.get(document) : run.inputs;
      for (const step of steps) {
        found = found.get(step);
        if (found === undefined) {
          if (optional) return ABSENT;
          throw new Error(`the request has no ${name}`);
        }
      }
      if (run.reads !== null) run.reads.set(name, found);
      return found;
    };
  }

  makeDerived({ name }) {
    const definition = this.definition(name);
    return (_, run) => {
      let known = run.definitions.get(name);
      if (known === undefined) {
        known = evaluatedDefinition(definition, run);
        run.definitions.set(name, known);
      }
      if (run.reads !== null) for (const [read, value] of known.reads) run.reads.set(read, value);
      if (known.fault !== null) throw known.fault;
      return known.value;
    };
  }

  definition(name) {
    if (!this.definitions.has(name)) {
      const slots = new Slots();
      const value = this.value(this.policy.definitions[name].value, slots);
      this.definitions.set(name, { value, slots });
    }
    return this.definitions.get(name);
  }

  makeField({ of, name, optional }, slots) {
    const record = this.value(of, slots);
    return (variables, run) => {
      const found = record(variables, run);
      if (found === ABSENT) return ABSENT;
      const field = found.get(name);
      if (field !== undefined) return field;
      if (optional) return ABSENT;
      throw new Error(`the record has no ${name}`);
    };
  }

  makePart({ of, name }, slots) {
    const whole = this.value(of, slots);
    return (variables, run) => {
      const found = whole(variables, run);
      return found === ABSENT ? ABSENT : (found[name] ?? ABSENT);
    };
  }

  makeIndex({ of, key, optional, at }, slots) {
    const collection = this.value(of, slots);
    const keyValue = this.value(key, slots);
    const place = this.place(at);
    return (variables, run) => {
      const whole = collection(variables, run);
      if (whole === ABSENT) return ABSENT;
      const wanted = keyValue(variables, run);
      let found;
      if (!Array.isArray(whole)) found = whole.get(wanted);
      else if (wanted >= 0n && wanted < BigInt(whole.length)) found = whole[Number(wanted)];
      if (found !== undefined) return found;
      if (optional) return ABSENT;
      throw new Fault("bad_index", place);
    };
  }

  makePresent({ of }, slots) {
    const value = this.value(of, slots);
    return (variables, run) => value(variables, run) !== ABSENT;
  }

  makeDefault({ of, otherwise }, slots) {
    const value = this.value(of, slots);
    const instead = this.value(otherwise, slots);
    return (variables, run) => {
      const found = value(variables, run);
      return found === ABSENT ? instead(variables, run) : found;
    };
  }

  makeNot({ of }, slots) {
    const value = this.value(of, slots);
    return (variables, run) => !value(variables, run);
  }

  makeAnd({ items }, slots) {
    const conditions = this.values(items, slots);
    return (variables, run) => conditions.every((condition) => condition(variables, run));
  }

  makeOr({ items }, slots) {
    const conditions = this.values(items, slots);
    return (variables, run) => conditions.some((condition) => condition(variables, run));
  }

  makeCompare(expression, slots) {
    const { operator, left, right } = expression;
    return this.through(expression, COMPARISONS.get(operator), [left, right], slots);
  }

  makeContains(expression, slots) {
    const within = (item, collection) => {
      if (collection instanceof Cidr) {
        return item instanceof Ip ? collection.contains(item) : collection.containsBlock(item);
      }
      return contains(collection, item);
    };
    return this.through(expression, within, [expression.item, expression.collection], slots);
  }

  makeMatches(expression, slots) {
    const { of, pattern } = expression;
    const type = this.policy.typeOf(of.type);
    const separator = type.is === "Scalar" ? (SEPARATORS.get(type.name) ?? null) : null;
    const fixed = pattern.is === "Constant";
    const counted = this.goesThrough(expression);
    const subject = this.value(of, slots);
    const compiled = this.value(pattern, slots);
    return (variables, run) => {
      const text = textOf(subject(variables, run));
      const found = compiled(variables, run);
      const wanted = fixed ? found : found.within(separator);
      if (counted && run.within) run.work += workOf([text]);
      return wanted.matches(text);
    };
  }

  makeToolIs({ of, tools }, slots) {
    const value = this.value(of, slots);
    const wanted = new Set(tools);
    return (variables, run) => wanted.has(value(variables, run));
  }

  makeIsType({ of, wanted }, slots) {
    const value = this.value(of, slots);
    const narrowed = narrowing(this.policy.typeOf(wanted), this.policy.parameters);
    return (variables, run) => {
      const whole = value(variables, run);
      const read = narrowed(whole);
      if (run.within) run.work += workOf([whole]);
      return read !== null;
    };
  }

  makeNarrow({ of, type, at }, slots) {
    const value = this.value(of, slots);
    const narrowed = narrowing(this.policy.typeOf(type), this.policy.parameters);
    const place = this.place(at);
    return (variables, run) => {
      const whole = value(variables, run);
      if (whole === ABSENT) return ABSENT;
      const read = narrowed(whole);
      if (read === null) throw new Fault("bad_input", place);
      if (run.within) run.work += workOf([whole, read.value]);
      return read.value;
    };
  }

  makeWiden({ of }, slots) {
    const value = this.value(of, slots);
    return (variables, run) => toDecimal(value(variables, run));
  }

  makeOperate(expression, slots) {
    return this.through(expression, OPERATIONS.get(expression.operator), expression.operands, slots);
  }

  makeBuiltin(expression, slots) {
    const builtin = BUILTINS.get(expression.name);
    if (builtin === undefined) throw new Error(`no builtin is called ${expression.name}`);
    const value = this.through(expression, builtin, expression.arguments, slots);
    return (variables, run) => {
      const found = value(variables, run);
      return found === undefined ? ABSENT : found;
    };
  }

  makeCallFunction({ name, arguments: given }, slots) {
    const called = this.function(name);
    const values = this.values(given, slots);
    return (variables, run) => {
      const inner = new Array(called.slots.size);
      values.forEach((value, position) => {
        inner[called.parameters[position]] = value(variables, run);
      });
      return called.body(inner, run);
    };
  }

  function(name) {
    if (!this.functions.has(name)) {
      const { parameters, body } = this.policy.functions[name];
      const slots = new Slots();
      const places = parameters.map((parameter) => slots.add(parameter.name));
      this.functions.set(name, { parameters: places, body: this.value(body, slots), slots });
    }
    return this.functions.get(name);
  }

  makeMatch({ arms, otherwise }, slots) {
    const cases = arms.map(([condition, result]) => [this.value(condition, slots), this.value(result, slots)]);
    const last = otherwise ? this.value(otherwise, slots) : null;
    return (variables, run) => {
      for (const [condition, result] of cases) if (condition(variables, run)) return result(variables, run);
      if (last === null) throw new Error("no arm of a match holds");
      return last(variables, run);
    };
  }

  makeMakeList({ items }, slots) {
    const values = this.values(items, slots);
    return (variables, run) => values.map((value) => value(variables, run));
  }

  makeMakeSet({ items }, slots) {
    const values = this.values(items, slots);
    return (variables, run) => setOf(values.map((value) => value(variables, run)));
  }

  makeMakeMap({ entries }, slots) {
    const pairs = entries.map(([key, item]) => [this.value(key, slots), this.value(item, slots)]);
    return (variables, run) => new Map(pairs.map(([key, item]) => [key(variables, run), item(variables, run)]));
  }

  makeMakeRecord({ fields }, slots) {
    const pairs = fields.map(([name, item]) => [name, this.value(item, slots)]);
    return (variables, run) => new Fields(pairs.map(([name, item]) => [name, item(variables, run)]));
  }
}

/** A definition is evaluated once, with its own account of reads and of work. */
function evaluatedDefinition({ value, slots }, run) {
  const { reads, work, within } = run;
  run.reads = reads === null ? null : new Map();
  run.work = 0;
  run.within = false;
  const known = { value: null, fault: null, reads: run.reads };
  try {
    known.value = value(new Array(slots.size), run);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    known.fault = fault;
  }
  run.reads = reads;
  run.work = work;
  run.within = within;
  return known;
}

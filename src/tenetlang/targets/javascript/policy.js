// The policy, and what programs call.

/**
 * @typedef {"allow" | "deny" | "escalate"} Verdict
 * @typedef {{ rule: string, verdict: Verdict, owner: string | null, at: string }} Matched
 * @typedef {{ text: string, value: boolean | null, read: Record<string, unknown>, at: string, reached?: false,
 *   error?: string, bindings?: Record<string, unknown> }} TracedCondition
 * @typedef {{ rule: string, holds: boolean | null, conditions: TracedCondition[] }} TracedRule
 * @typedef {object} DecisionShape
 * @property {1} schema_version
 * @property {string} policy
 * @property {string} bundle
 * @property {Verdict} verdict
 * @property {string[]} decided_by
 * @property {string} reason
 * @property {Matched[]} matched
 * @property {{ rule: string, by: string }[]} overridden
 * @property {{ rule: string, error: string, at: string }[]} errors
 * @property {{ name: string, args: unknown[] }[]} obligations
 * @property {{ rule: string, reviewers: string, quorum: number, within: string, else: string }[]} escalations
 * @property {Matched[]} [observed]
 * @property {Verdict} [observed_verdict]
 * @property {TracedRule[]} [trace]
 */

/** The compiled policy as it is, and its types by number. */
function policyOf(document) {
  const { files, types, policy } = document;
  const typeOf = (number) => types[number];
  const parameters = new Map(Object.entries(policy.tools).map(([name, tool]) => [name, typeOf(tool.parameters)]));
  return { __proto__: null, ...policy, files, typeOf, parameters };
}

/** One decision. Its parts are ordinary JavaScript: a whole number beyond 2^53 - 1 is a BigInt. */
export class Decision {
  #shape;
  #explain;

  constructor(shape, explain) {
    this.#shape = shape;
    this.#explain = explain;
  }

  /** @returns {Verdict} */
  get verdict() {
    return this.#shape.get("verdict");
  }

  /** @returns {string[]} The rules that decided, or `default`, `invalid_request`, `unknown_tool`, `error`, `observe`. */
  get decided_by() {
    return ordinary(this.#shape.get("decided_by"));
  }

  /** @returns {string} */
  get reason() {
    return this.#shape.get("reason");
  }

  /** @returns {Matched[]} */
  get matched() {
    return ordinary(this.#shape.get("matched"));
  }

  /** @returns {{ name: string, args: unknown[] }[]} What the caller must do for the allowance to hold. */
  get obligations() {
    return ordinary(this.#shape.get("obligations"));
  }

  /** @returns {{ rule: string, reviewers: string, quorum: number, within: string, else: string }[]} */
  get escalations() {
    return ordinary(this.#shape.get("escalations"));
  }

  /** @returns {{ rule: string, error: string, at: string }[]} */
  get errors() {
    return ordinary(this.#shape.get("errors"));
  }

  /** @returns {TracedRule[]} Every rule that could apply to the tool, with each of its conditions; made when asked for. */
  get trace() {
    return ordinary(this.#explain());
  }

  #whole(trace) {
    return trace ? new Map([...this.#shape, ["trace", this.#explain()]]) : this.#shape;
  }

  /**
   * The decision in its published shape.
   * @param {{ trace?: boolean }} [options]
   * @returns {DecisionShape}
   */
  toObject({ trace = true } = {}) {
    return ordinary(this.#whole(trace));
  }

  /**
   * The decision as JSON text, the same bytes as every other evaluator writes.
   * @param {{ trace?: boolean }} [options]
   * @returns {string}
   */
  toText({ trace = true } = {}) {
    return jsonText(this.#whole(trace));
  }

  toString() {
    return `${this.verdict} by ${this.#shape.get("decided_by").join(", ")}: ${this.reason}`;
  }
}

const record = (object) => new Map(Object.entries(object));
const NO_TRACE = () => [];

/** The policy with its documents, ready to decide. */
export class Policy {
  #data;

  /** @param {Record<string, unknown>} [documents] The policy's data by name. Throws `DataError`. */
  constructor(documents = {}) {
    try {
      this.#data = readDocuments(POLICY, documents instanceof Map ? documents : ownEntries(documents));
    } catch (problem) {
      throw problem instanceof Refused ? new DataError(problem.reason) : problem;
    }
  }

  /**
   * The policy with documents given as the JSON text of one object that holds them by name, which keeps every number exact.
   * @param {string | Uint8Array} text
   * @returns {Policy} Throws `DataError`.
   */
  static fromJson(text) {
    let documents;
    try {
      documents = readJson(text, { ...DATA_LIMITS, depth: DATA_LIMITS.depth + 1 });
    } catch (problem) {
      if (!(problem instanceof Refused)) throw problem;
      throw new DataError(`${problem.path ? `${problem.path}: ` : ""}${problem.reason}`);
    }
    if (!(documents instanceof Map)) throw new DataError("the documents are one object that holds them by name");
    return new Policy(documents);
  }

  /**
   * Decides a request given as JavaScript values. Never throws: what is no request is denied.
   * @param {unknown} request
   * @returns {Decision}
   */
  decide(request) {
    return this.#decided(() => copied(request, REQUEST_LIMITS));
  }

  /**
   * Decides a request given as JSON text or its UTF-8 bytes, read strictly. Never throws.
   * @param {string | Uint8Array} text
   * @returns {Decision}
   */
  decideJson(text) {
    return this.#decided(() => readJson(text, REQUEST_LIMITS));
  }

  #decided(read) {
    try {
      return this.#decide(REQUESTS.read(read()));
    } catch (problem) {
      if (problem instanceof Refused) {
        const { path, reason } = problem;
        return refusal("invalid_request", `invalid request: ${path ? `${path}: ` : ""}${reason}`);
      }
      if (problem instanceof UnknownTool) return refusal("unknown_tool", `unknown tool ${shown(problem.tool)}`);
      const error = { rule: "", error: "internal", at: String(problem?.constructor?.name) };
      return refusal("error", "internal error", [error]);
    }
  }

  #decide(inputs) {
    const run = new Run(inputs, this.#data);
    run.errors = new Map();
    run.excused = null;
    const matching = RULES.matching(run);
    const approved = new Set(inputs.get("approvals").map((approval) => approval.get("reviewers")));
    const obliging = (position) => obligationsOf(RULES.rule(position), matching, position, run);
    const outcome = combine(RANKING, matching, run.errors, approved, obliging);
    return decisionOf(outcome, reasonOf(outcome, matching, run), () => this.#explain(inputs));
  }

  #explain(inputs) {
    const run = new Run(inputs, this.#data);
    const tool = inputs.get("tool");
    const traced = RULES.list
      .map((rule, position) => ({ rule, position }))
      .filter(({ rule }) => !rule.tools || rule.tools.includes(tool))
      .map(({ position }) => new Search(RULES.rule(position), run).traced());
    return traced.sort((one, two) => compareText(one.get("rule"), two.get("rule")));
  }
}

/** The variables of a rule that matches. A rule that its tests alone decide has none to speak of. */
function witnessOf(made, matching, position, run) {
  run.work = 0;
  run.within = false;
  return matching.get(position) ?? new Array(made.slots.size);
}

function obligationsOf(made, matching, position, run) {
  const variables = witnessOf(made, matching, position, run);
  try {
    return made.then.map(([name, given]) => ({ name, args: given.map((value) => plain(value(variables, run))) }));
  } catch (fault) {
    if (fault instanceof Fault) return fault;
    throw fault;
  }
}

function reasonOf(outcome, matching, run) {
  const { reason, observedVerdict } = outcome;
  let words;
  if (typeof reason === "number") {
    const made = RULES.rule(reason);
    const variables = witnessOf(made, matching, reason, run);
    words = made.because === null ? `rule ${made.rule.shown_name}` : filled(made.because, variables, run);
  } else if (reason === "default") {
    words = DEFAULT_WORDS === null ? "no rule decides" : filled(DEFAULT_WORDS, [], run);
  } else {
    words = reason.words;
  }
  return observedVerdict === null ? words : `observed: ${observedVerdict}, ${words}`;
}

/** The template with its holes filled; a hole that errs shows `?`, for words decide nothing. */
function filled(template, variables, run) {
  const pieces = template.map((part) => {
    if (typeof part === "string") return part;
    run.work = 0;
    try {
      const value = part(variables, run);
      return value === ABSENT ? "?" : rendered(value);
    } catch (fault) {
      if (fault instanceof Fault) return "?";
      throw fault;
    }
  });
  return pieces.join("");
}

function refusal(code, reason, errors = []) {
  const outcome = {
    verdict: "deny", decidedBy: [code], matched: [], overridden: [], errors, obligations: [], escalations: [],
    observed: [], observedVerdict: null,
  };
  if (!POLICY.packages[0].observe) return decisionOf(outcome, reason, NO_TRACE);
  return decisionOf(observed(outcome), `observed: deny, ${reason}`, NO_TRACE);
}

function decisionOf(outcome, reason, explain) {
  const shape = new Map([
    ["schema_version", 1n],
    ["policy", POLICY.entry],
    ["bundle", BUNDLE],
    ["verdict", outcome.verdict],
    ["decided_by", outcome.decidedBy],
    ["reason", reason],
    ["matched", outcome.matched.map(record)],
    ["overridden", outcome.overridden.map(record)],
    ["errors", outcome.errors.map(record)],
    ["obligations", outcome.obligations.map(record)],
    ["escalations", outcome.escalations.map(record)],
  ]);
  if (outcome.observed.length || outcome.observedVerdict !== null) shape.set("observed", outcome.observed.map(record));
  if (outcome.observedVerdict !== null) shape.set("observed_verdict", outcome.observedVerdict);
  return new Decision(shape, explain);
}

const POLICY = policyOf(DOCUMENT);
const REQUESTS = new RequestReader(POLICY);
const RULES = new Rules(POLICY);
const RANKING = new Ranking(POLICY);
const DEFAULT_WORDS = RANKING.default.because ? RULES.template(RANKING.default.because, new Slots()) : null;

/** The digest of the compiled policy, which every decision names. */
export const bundle = BUNDLE;

let withoutDocuments = null;

/**
 * Decides a request given as JavaScript values. With documents they are read each time: for many requests, make a `Policy`.
 * @param {unknown} request
 * @param {Record<string, unknown>} [documents]
 * @returns {Decision}
 */
export function decide(request, documents) {
  return policyWith(documents).decide(request);
}

/**
 * Decides a request given as JSON text or its UTF-8 bytes.
 * @param {string | Uint8Array} text
 * @param {Record<string, unknown>} [documents]
 * @returns {Decision}
 */
export function decideJson(text, documents) {
  return policyWith(documents).decideJson(text);
}

function policyWith(documents) {
  if (documents !== undefined) return new Policy(documents);
  withoutDocuments ??= new Policy();
  return withoutDocuments;
}

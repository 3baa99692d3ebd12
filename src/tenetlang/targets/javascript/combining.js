// From the rules that match, and those that erred, to what is decided.
//
//     lift       a rule that matches, has not erred and is not lifted itself lifts those that it overrides
//     resolve    each package resolves its own rules by its own hit policy
//     default    stands in where no package says anything
//     restrict   the most restrictive result stands; an error restricts it to at least `on error`, and never loosens it

const SEVERITY = { allow: 0, escalate: 1, deny: 2 };
const CONFLICTING = "conflicting_obligations";

const mostRestrictive = (verdicts) => verdicts.reduce((one, two) => (SEVERITY[two] > SEVERITY[one] ? two : one));
const byName = (name) => (one, two) => compareText(one[name], two[name]);

/** What combining needs of a policy. */
class Ranking {
  constructor(policy) {
    this.policy = policy;
    const rules = policy.packages.flatMap((inPackage, number) => inPackage.rules.map((rule) => ({ rule, number })));
    const positions = new Map(rules.map(({ rule }, position) => [rule.name, position]));
    const single = new Set(
      Object.entries(policy.obligations).filter(([, obligation]) => obligation.single).map(([name]) => name),
    );
    this.rules = rules.map(({ rule, number }, position) => ({
      position,
      name: rule.shown_name,
      inPackage: number,
      verdict: rule.verdict,
      reviewers: rule.reviewers ?? null,
      priority: constantOf(rule.priority),
      order: rule.order,
      watched: Boolean(rule.observe) || (number > 0 && Boolean(policy.packages[number].observe)),
      lifts: rule.overrides.map((name) => positions.get(name)),
      obliges: rule.then.length > 0,
      single: firstPlaces(rule, single, policy),
      matched: matchedOf(rule, policy),
    }));
    this.lifters = liftingOrder(this.rules);
    this.packages = policy.packages;
    this.reviewers = new Map(Object.entries(policy.reviewers));
    this.default = defaultOf(policy);
  }

  countsAs(rule, approved) {
    if (rule.verdict !== "escalate" || rule.reviewers === null) return rule.verdict;
    return approved.has(this.reviewers.get(rule.reviewers).shown_name) ? "allow" : "escalate";
  }

  escalation(rule, reviewers) {
    const asked = this.reviewers.get(reviewers);
    const { otherwise } = asked;
    return {
      rule,
      reviewers: asked.shown_name,
      quorum: constantOf(asked.quorum),
      within: durationText(constantOf(asked.within)),
      else: otherwise === "deny" ? "deny" : this.reviewers.get(otherwise).shown_name,
    };
  }
}

function matchedOf(rule, policy) {
  const owner = rule.annotations.find(({ name, arguments: given }) => name === "owner" && given.length);
  const named = owner === undefined ? null : owner.arguments[0];
  const text = typeof named === "boolean" ? (named ? "True" : "False") : named;
  return { rule: rule.shown_name, verdict: rule.verdict, owner: text === null ? null : String(text), at: placeIn(policy, rule.at) };
}

const placeIn = (policy, at) => `${policy.files[at[0]]}:${at[1]}`;

/** The obligations marked `@single` that the rule wants, in order, each with its first place. */
function firstPlaces(rule, single, policy) {
  const found = new Map();
  for (const { obligation, at } of rule.then) {
    if (single.has(obligation) && !found.has(obligation)) found.set(obligation, placeIn(policy, at));
  }
  return found;
}

/** The most restrictive `default` of the packages that decide; the nearest of equals. */
function defaultOf(policy) {
  const [entry, ...others] = policy.packages;
  const written = [entry, ...others.filter((other) => !other.observe)].map((inPackage) => inPackage.default);
  const found = written.filter(Boolean);
  if (!found.length) return { verdict: "deny" };
  return found.reduce((one, two) => (SEVERITY[two.verdict] > SEVERITY[one.verdict] ? two : one));
}

/** The rules that override others, each after all that may lift it. */
function liftingOrder(rules) {
  const waiting = new Map(rules.filter((rule) => rule.lifts.length).map((rule) => [rule.position, 0]));
  for (const position of waiting.keys()) {
    for (const other of rules[position].lifts) if (waiting.has(other)) waiting.set(other, waiting.get(other) + 1);
  }
  const ready = [...waiting].filter(([, lifters]) => lifters === 0).map(([position]) => position);
  const order = [];
  while (ready.length) {
    const position = ready.shift();
    order.push(position);
    for (const other of rules[position].lifts) {
      if (!waiting.has(other)) continue;
      waiting.set(other, waiting.get(other) - 1);
      if (waiting.get(other) === 0) ready.push(other);
    }
  }
  return order;
}

/**
 * What is decided. `matching` and `errors` are by position; `obliging(position)` gives a rule's obligations or its fault.
 * The reason is a rule's position, "default", or `{ words }`.
 */
function combine(ranking, matching, errors, approved, obliging) {
  const held = [...matching.keys()].sort((one, two) => one - two).map((position) => ranking.rules[position]);
  const erring = new Map(errors);
  const obligations = new Map();
  const takesPart = (position) =>
    (matching.has(position) || erring.has(position)) && !ranking.rules[position].watched;
  for (const rule of held) {
    if (!rule.obliges || rule.watched || ranking.countsAs(rule, approved) !== "allow") continue;
    const wanted = obliging(rule.position);
    if (!(wanted instanceof Fault)) obligations.set(rule.position, wanted);
    else if (!erring.has(rule.position)) erring.set(rule.position, wanted);
  }
  const lifted = new Map();
  for (const position of ranking.lifters) {
    if (!matching.has(position) || !takesPart(position) || erring.has(position) || lifted.has(position)) continue;
    for (const other of ranking.rules[position].lifts) {
      if (!takesPart(other)) continue;
      lifted.set(other, [...(lifted.get(other) ?? []), ranking.rules[position].name]);
    }
  }
  const stands = (position) => takesPart(position) && !lifted.has(position);
  const considered = held.filter((rule) => stands(rule.position));
  const standing = [...erring].filter(([position]) => stands(position));
  const resolved = resolve(ranking, considered, standing, approved);
  const outcome = withoutConflicts(ranking, resolved, obligations);
  outcome.overridden = [...lifted]
    .map(([position, names]) => ({ rule: ranking.rules[position].name, by: sortedTexts(names)[0] }))
    .sort(byName("rule"));
  outcome.observed = held.filter((rule) => rule.watched).map((rule) => rule.matched).sort(byName("rule"));
  outcome.observedVerdict = null;
  outcome.obligations = distinctObligations(outcome.granting.flatMap((position) => obligations.get(position) ?? []));
  return ranking.packages[0].observe ? observed(outcome) : outcome;
}

/** The outcome where the deciding package only observes: it allows, and says what it would have done. */
function observed(outcome) {
  return {
    ...outcome,
    verdict: "allow",
    decidedBy: ["observe"],
    matched: [],
    escalations: [],
    obligations: [],
    observed: [...outcome.matched, ...outcome.observed].sort(byName("rule")),
    observedVerdict: outcome.verdict,
  };
}

function resolve(ranking, considered, standing, approved) {
  const results = [];
  const restricting = [];
  ranking.packages.forEach((inPackage, number) => {
    const own = considered.filter((rule) => rule.inPackage === number);
    if (own.length) results.push(packageResult(ranking, inPackage, own, approved));
    if (standing.some(([position]) => ranking.rules[position].inPackage === number)) restricting.push(inPackage.on_error);
  });
  const errors = standing
    .map(([position, { code, at }]) => ({ rule: ranking.rules[position].name, error: code, at }))
    .sort((one, two) => compareText(one.rule, two.rule) || compareText(one.error, two.error));
  const fallback = ranking.default;
  const approvedDefault = fallback.reviewers && approved.has(ranking.reviewers.get(fallback.reviewers).shown_name);
  const byDefault = approvedDefault ? "allow" : fallback.verdict;
  const said = results.length ? results.map((result) => result.verdict) : [byDefault];
  const verdict = mostRestrictive([...said, ...restricting.map((item) => item.verdict)]);
  const winning = results
    .filter((result) => result.verdict === verdict)
    .flatMap((result) => result.deciding)
    .sort(byName("name"));
  const outcome = { verdict, matched: considered.map((rule) => rule.matched).sort(byName("rule")), errors };
  outcome.escalations = verdict === "escalate" ? escalations(ranking, winning, restricting, results, byDefault) : [];
  if (winning.length) {
    outcome.decidedBy = winning.map((rule) => rule.name);
    outcome.reason = winning[0].position;
  } else if (restricting.some((item) => item.verdict === verdict)) {
    outcome.decidedBy = ["error"];
    outcome.reason = { words: `an error in rule ${errors[0].rule}: ${errors[0].error}` };
  } else {
    outcome.decidedBy = ["default"];
    outcome.reason = "default";
  }
  outcome.granting = verdict === "allow" ? winning.map((rule) => rule.position) : [];
  return outcome;
}

function escalations(ranking, winning, restricting, results, byDefault) {
  const asked = winning.map((rule) => [rule.name, rule.reviewers]);
  asked.push(...restricting.filter((item) => item.verdict === "escalate").map((item) => ["error", item.reviewers]));
  if (!results.length && byDefault === "escalate") asked.push(["default", ranking.default.reviewers]);
  const different = new Map(asked.filter(([, name]) => name).map(([rule, name]) => [`${rule}\0${name}`, [rule, name]]));
  return [...different.values()]
    .map(([rule, name]) => ranking.escalation(rule, name))
    .sort((one, two) => compareText(one.rule, two.rule) || compareText(one.reviewers, two.reviewers));
}

function packageResult(ranking, inPackage, rules, approved) {
  let own = rules;
  if (inPackage.resolve === "first") {
    own = [own.reduce((one, two) => (two.order < one.order ? two : one))];
  } else if (inPackage.resolve === "priority") {
    const highest = own.reduce((most, rule) => (rule.priority > most ? rule.priority : most), own[0].priority);
    own = own.filter((rule) => rule.priority === highest);
  }
  const verdict = mostRestrictive(own.map((rule) => ranking.countsAs(rule, approved)));
  return { verdict, deciding: own.filter((rule) => ranking.countsAs(rule, approved) === verdict) };
}

/** The outcome; a denial instead where it wants an obligation marked `@single` with different arguments. */
function withoutConflicts(ranking, outcome, obligations) {
  const wanted = new Map();
  for (const position of outcome.granting) {
    const { single } = ranking.rules[position];
    for (const { name, args } of obligations.get(position) ?? []) {
      if (single.has(name)) wanted.set(name, (wanted.get(name) ?? new Set()).add(jsonText(args)));
    }
  }
  const conflicting = new Set([...wanted].filter(([, given]) => given.size > 1).map(([name]) => name));
  if (!conflicting.size) return outcome;
  const errors = outcome.granting.flatMap((position) => {
    const { name, single } = ranking.rules[position];
    const places = [...single].filter(([obligation]) => conflicting.has(obligation)).map(([, place]) => place);
    return places.slice(0, 1).map((at) => ({ rule: name, error: CONFLICTING, at }));
  });
  const words = `an error in rule ${errors[0].rule}: ${CONFLICTING}`;
  return { ...outcome, verdict: "deny", decidedBy: ["error"], reason: { words }, errors, granting: [] };
}

function distinctObligations(obligations) {
  const found = new Map();
  for (const item of obligations) {
    const key = `${item.name}\0${jsonText(item.args)}`;
    if (!found.has(key)) found.set(key, item);
  }
  return [...found.values()];
}

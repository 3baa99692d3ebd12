// Times a module that `tenet build --target javascript` has made: node bench/targets.mjs MODULE REQUESTS ROUNDS
//
// REQUESTS is a file with a request on each line. Printed is JSON: for each way of asking, the microseconds of every decision.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [module, file, rounds] = process.argv.slice(2);
const began = performance.now();
const { Policy } = await import(pathToFileURL(module).href);
const loaded = performance.now() - began;
const texts = readFileSync(file, "utf8").split("\n").filter(Boolean);
const objects = texts.map((text) => JSON.parse(text));
const policy = new Policy();

function timed(inputs, decide) {
  const times = [];
  for (let round = -2; round < Number(rounds); round++) {
    for (const input of inputs) {
      const start = process.hrtime.bigint();
      decide(input);
      if (round >= 0) times.push(Number(process.hrtime.bigint() - start) / 1000);
    }
  }
  return times;
}

const found = {
  load: [loaded * 1000],
  json: timed(texts, (text) => policy.decideJson(text)),
  object: timed(objects, (object) => policy.decide(object)),
  trace: timed(texts, (text) => policy.decideJson(text).trace),
  verdicts: texts.map((text) => policy.decideJson(text).verdict),
};
console.log(JSON.stringify(found));

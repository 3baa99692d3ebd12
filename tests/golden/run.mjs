// Decides jobs by modules that `tenet build --target javascript` has made, for tests/golden and bench/targets.
//
// A line of standard input is a job: {"module": path, "documents": {…}, "pieces": […]}. A line of output is the decision's text.
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

function bytesOf(pieces) {
  return Buffer.concat(
    pieces.map((piece) => {
      if (typeof piece === "string") return Buffer.from(piece, "utf8");
      return "hex" in piece ? Buffer.from(piece.hex, "hex") : Buffer.from(piece.repeat.repeat(piece.times), "utf8");
    }),
  );
}

const policies = new Map();
let current = "";
let loaded = null;
const output = [];
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const { module, documents, pieces } = JSON.parse(line);
  if (module !== current) {
    loaded = await import(pathToFileURL(module).href);
    current = module;
    policies.clear();
  }
  const key = JSON.stringify(documents);
  if (!policies.has(key)) policies.set(key, new loaded.Policy(documents));
  output.push(policies.get(key).decideJson(new Uint8Array(bytesOf(pieces))).toText());
}
writeSync(1, "");
process.stdout.write(output.join("\n") + "\n");

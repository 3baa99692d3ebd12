// Decides jobs by modules that `tenet build --target javascript` has made, for tests/golden and bench/targets.
//
// A line of standard input is a job: {"module": path, "documents": text, "pieces": […]}. A line of output is the decision's text.
import { readFileSync } from "node:fs";
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
  if (!policies.has(documents)) policies.set(documents, loaded.Policy.fromJson(documents));
  output.push(policies.get(documents).decideJson(new Uint8Array(bytesOf(pieces))).toText());
}
process.stdout.write(output.join("\n") + "\n");

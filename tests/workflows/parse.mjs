// Print, as a JSON list, what GitHub's own parser finds wrong with the workflow files that are named.
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { basename } from "node:path";

// The parser imports JSON as browsers' bundlers let it; Node wants an attribute for that, so JSON is made a module.
const hook = `
  import { readFileSync } from "node:fs";
  export async function load(url, context, next) {
    if (!url.endsWith(".json")) return next(url, context);
    return { format: "module", shortCircuit: true, source: "export default " + readFileSync(new URL(url), "utf8") };
  }`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

const { NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser");
const found = [];
for (const path of process.argv.slice(2)) {
  const file = { name: basename(path), content: readFileSync(path, "utf8") };
  const { context } = parseWorkflow(file, new NoOperationTraceWriter());
  for (const error of context.errors.getErrors()) found.push(`${path}: ${error.message}`);
}
console.log(JSON.stringify(found));

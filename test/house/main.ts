import { readImports } from "./imports.ts";
import { brokenRules, folderCycles } from "./rules.ts";

/** Part of `npm run lint`: the rules of `rules.ts`, and no cycles between folders. */

const imports = readImports(new URL("../../", import.meta.url));
const faults = [...brokenRules(imports), ...folderCycles(imports)];
for (const fault of faults) console.error(fault);
console.log(`${imports.length} imports; ${faults.length} against the rules of the house`);
process.exitCode = faults.length === 0 ? 0 : 1;

import { readFileSync } from "node:fs";
import { checkFile, type FileCheck } from "./check-file.ts";

/** A fresh process that looks at database files: argument 1 is a file of `FileCheck`s; prints an array of the faults of each. */
const checks = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as FileCheck[];
const found: string[][] = [];
for (const check of checks) found.push(await checkFile(check));
console.log(JSON.stringify(found));

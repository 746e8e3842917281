import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** Pages and files of a built client that are served under their own names: paths with slashes, without what lies in `assets/`. */
export function listClientFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((name) => !name.startsWith("assets/") && !/\.(br|gz)$/.test(name));
}

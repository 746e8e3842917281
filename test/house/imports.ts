import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";

/** One import, of a type as well, as files stand below the project's root. */
export interface Import {
  readonly from: string;
  /** A file of ours, or the name of a package or of a part of Node. */
  readonly to: string;
}

/** `from "x"`, `import "x"`, `import("x")` and files that are named for a thread or process: `new URL("x.ts", import.meta.url)`. */
const IMPORTED = /(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"|\bnew URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g;

const ROOMS = ["server", "tiles", "client", "bench", "test"];

/** Every import of the project. @param root with a slash at its end */
export function readImports(root: URL): Import[] {
  const files = globSync(
    ROOMS.map((room) => `${room}/**/*.ts`),
    { cwd: root },
  );
  return files.sort().flatMap((from) => importsOf(from, readFileSync(new URL(from, root), "utf8")));
}

export function importsOf(from: string, text: string): Import[] {
  return [...text.matchAll(IMPORTED)].map(([, named = "", url]) => {
    const to = url ?? named;
    return { from, to: to.startsWith(".") ? normalize(join(dirname(from), to)).replace(/\?.*$/, "") : to };
  });
}

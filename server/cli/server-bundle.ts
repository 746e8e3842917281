import type { Plugin } from "vite";
import { fromRoot } from "../console/root.ts";

/** Where the built server is: `node dist/server/node.js`, and a file beside it for each command. */
export const SERVER_DIR = fromRoot("dist/server");

/** What production runs. `edge`, and the builds, are for a checkout. */
const COMMANDS = ["account", "compact", "import", "migrate", "score", "seed", "unseed"];
/** Modules that run in threads of their own are named by their files, see `threadNames`. */
const THREADS = ["runtime/stores/dynamo-thread", "runtime/stores/postgres-thread", "store/sqlite/write-thread"];
const ENTRIES = [
  ["node", "start.js"],
  ...COMMANDS.map((name) => [name, `cli/${name}.ts`]),
  ...THREADS.map((path) => [path.split("/").at(-1) ?? "", `${path}.ts`]),
];

/**
 * Writes our part of the server as plain JavaScript, which needs neither Vite nor a Node that strips types; packages stay in
 * `node_modules`. All files lie in one folder: where they look for others depends on that (`fromRoot`).
 */
export async function buildServer(dir = SERVER_DIR): Promise<void> {
  const { build } = await import("vite");
  await build({
    configFile: false,
    root: fromRoot("server"),
    logLevel: "error",
    plugins: [threadNames()],
    build: {
      ssr: true,
      outDir: dir,
      emptyOutDir: true,
      target: "node22",
      sourcemap: true,
      rolldownOptions: {
        input: Object.fromEntries(ENTRIES.map(([name, path]) => [name, fromRoot(`server/${path}`)])),
        output: { entryFileNames: "[name].js", chunkFileNames: "part-[hash].js" },
      },
    },
  });
}

const THREAD = /(new URL\("\.\/[\w-]+-thread)\.ts(", import\.meta\.url\))/g;

/** `new URL("./write-thread.ts", import.meta.url)` names a source; the built one has another ending, and the same folder. */
function threadNames(): Plugin {
  return {
    name: "thread-names",
    enforce: "pre",
    transform: (code) => (THREAD.test(code) ? { code: code.replaceAll(THREAD, "$1.js$2"), map: null } : undefined),
  };
}

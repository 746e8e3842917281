import type { Plugin } from "vite";
import { fromRoot } from "../console/root.ts";

/** Where the built server is: `node dist/server/node.js`, and a file beside it for each command. */
export const SERVER_DIR = fromRoot("dist/server");

/** What production runs. `edge`, and the builds, are for a checkout. */
const COMMANDS = ["account", "areas", "compact", "import", "migrate", "moderate", "score", "seed", "unseed"];
/** Modules that run in threads of their own are named by their files, see `threadNames`. */
const THREADS = ["runtime/stores/dynamo-thread", "runtime/stores/postgres-thread", "store/sqlite/write-thread"];
/** An entry that has a command behind it, and before it a look at the Node that runs it. */
const CHECKED = "checked:";
const ENTRIES = [
  ["node", fromRoot("server/start.js")],
  ...COMMANDS.map((name) => [name, `${CHECKED}${name}`]),
  ...THREADS.map((path) => [path.split("/").at(-1) ?? "", fromRoot(`server/${path}.ts`)]),
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
    plugins: [threadNames(), checkedCommands()],
    build: {
      ssr: true,
      outDir: dir,
      emptyOutDir: true,
      target: "node22",
      sourcemap: true,
      rolldownOptions: {
        input: Object.fromEntries(ENTRIES),
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

/** What `node --import` does for a source: an older Node says a sentence before it reads the command, and fails at that. */
function checkedCommands(): Plugin {
  return {
    name: "checked-commands",
    resolveId: (id) => (id.startsWith(CHECKED) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${CHECKED}`)) return undefined;
      const command = fromRoot(`server/cli/${id.slice(CHECKED.length + 1)}.ts`);
      return `import ${JSON.stringify(fromRoot("server/console/needed-node.js"))};\nawait import(${JSON.stringify(command)});\n`;
    },
  };
}

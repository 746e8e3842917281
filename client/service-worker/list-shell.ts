import type { Plugin, Rolldown } from "vite";

/** What is needed for the page, from which all that it imports is found. */
export interface ShellOptions {
  readonly page: string;
  /** Name of the service worker's file. */
  readonly worker: string;
}

/** Writes into the service worker which files the page is made of, and a hash of them. */
export function listShell({ page, worker }: ShellOptions): Plugin {
  return {
    name: "list-shell",
    // Pages are written after the scripts that they load.
    enforce: "post",
    async generateBundle(_, bundle) {
      const script = bundle[worker];
      const html = bundle[page];
      if (script?.type !== "chunk" || html?.type !== "asset") throw new Error(`${worker} or ${page} is not built`);
      const files = ["./", ...[...filesOf(page, bundle)].sort().map((name) => `./${name}`)];
      const version = await hash(JSON.stringify([files, String(html.source)]));
      script.code = `const SHELL = ${JSON.stringify({ version, files })};${script.code}`;
    },
  };
}

/** Scripts, styles and further files that a page's entry leads to, also those that are loaded later. */
function filesOf(page: string, bundle: Rolldown.OutputBundle): Set<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    const chunk = bundle[name];
    if (chunk?.type !== "chunk") return;
    const { importedCss, importedAssets } = chunk.viteMetadata ?? {};
    for (const next of [...chunk.imports, ...chunk.dynamicImports, ...(importedCss ?? []), ...(importedAssets ?? [])])
      visit(next);
  };
  for (const output of Object.values(bundle)) {
    if (output.type === "chunk" && output.facadeModuleId?.endsWith(`/${page}`)) visit(output.fileName);
  }
  return found;
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest).subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

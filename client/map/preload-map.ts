import type { Plugin } from "vite";

/**
 * For the build: the pages' own code asks for the map's when it runs, a round trip and a half after the page. With this the
 * page asks for it with its first bytes; it still holds nothing up.
 */
export function preloadMap(modules: readonly string[]): Plugin {
  return {
    name: "preload-map",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {}, chunk, path }) {
        const wanted = new Set<string>();
        const add = (name: string): void => {
          const found = bundle[name];
          if (found?.type !== "chunk" || wanted.has(name)) return;
          wanted.add(name);
          for (const next of found.imports) add(next);
        };
        for (const name of chunk?.dynamicImports ?? []) {
          const found = bundle[name];
          const sources = found?.type === "chunk" ? found.moduleIds : [];
          if (modules.some((module) => sources.some((source) => source.endsWith(module)))) add(name);
        }
        // Relative, as the build's own addresses.
        const up = path.split("/").slice(2).fill("..").join("/") || ".";
        // Those that the page's own code imports at once Vite has written down.
        const missing = [...wanted].filter((name) => !html.includes(name));
        return missing.map((name) => ({
          tag: "link",
          // After the page's own styles and code, which show the controls.
          attrs: { rel: "modulepreload", crossorigin: true, href: `${up}/${name}`, fetchpriority: "low" },
          injectTo: "head",
        }));
      },
    },
  };
}

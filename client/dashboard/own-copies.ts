import type { Plugin } from "vite";

/** Marks the dashboard's copy of a module. */
const MARK = "?dashboard";

/**
 * For the build: the dashboard gets copies of the modules that it shares with the map's pages. Shared, they would be chunks of their own, and
 * the map's first view would ask for seven files more, 1.3 KB. Packages stay shared: MapLibre is 1 MB.
 */
export function ownCopies(): Plugin {
  return {
    name: "own-copies",
    enforce: "pre",
    async resolveId(source, importer, options) {
      const isOurs = importer !== undefined && (importer.includes("/client/dashboard/") || importer.endsWith(MARK));
      if (!isOurs || !source.startsWith(".") || source.includes("?") || !source.endsWith(".ts")) return null;
      const found = await this.resolve(source, importer.replace(MARK, ""), { ...options, skipSelf: true });
      if (found === null || found.id.includes("/client/dashboard/")) return found;
      return { ...found, id: found.id + MARK };
    },
  };
}

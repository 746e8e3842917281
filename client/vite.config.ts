import { defineConfig } from "vite";
import { ownCopies } from "./dashboard/own-copies.ts";
import { preloadMap } from "./map/preload-map.ts";
import { listShell } from "./service-worker/list-shell.ts";

const ENTRIES = {
  index: "index.html",
  embed: "embed.html",
  docs: "docs.html",
  embedding: "docs/embedding.html",
  about: "about.html",
  privacy: "privacy.html",
  scores: "docs/scores.html",
  dashboard: "dashboard.html",
  helper: "embed/helper.ts",
  "service-worker": "service-worker/main.ts",
};
/** Others know these by their names: other sites' pages, and browsers that ask for news of a service worker. */
const NAMES: Readonly<Record<string, string>> = { helper: "embed.js", "service-worker": "service-worker.js" };

export default defineConfig({
  root: import.meta.dirname,
  // Relative: a proxy may put us under any path.
  base: "./",
  plugins: [
    ownCopies(),
    preloadMap(["/map/live-map.ts", "/scores/score-map.ts", "/embed/frame-map.ts"]),
    listShell({ page: "index.html", worker: "service-worker.js" }),
  ],
  build: {
    outDir: "../dist/client",
    emptyOutDir: true,
    target: "es2022",
    // MapLibre is 1 MB and has its own release rhythm: a chunk apart stays cached when our code changes.
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: Object.fromEntries(
        Object.entries(ENTRIES).map(([name, file]) => [name, `${import.meta.dirname}/${file}`]),
      ),
      // What other sites name in their pages keeps its exports and its name.
      preserveEntrySignatures: "exports-only",
      output: {
        entryFileNames: ({ name }) => NAMES[name] ?? "assets/[name]-[hash].js",
        codeSplitting: {
          groups: [
            { name: "maplibre", test: /node_modules\/(maplibre-gl|@mapbox|@maplibre)/ },
            // What all pages need, with 0.4 KB of Vite: one file.
            { name: "dom", test: /(vite\/modulepreload-polyfill|client\/(ui\/dom|api\/base)\.ts$)/ },
          ],
        },
      },
    },
  },
});

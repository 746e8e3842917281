import { defineConfig } from "vite";

const ENTRIES = {
  index: "index.html",
  embed: "embed.html",
  docs: "docs.html",
  embedding: "docs/embedding.html",
  helper: "embed/helper.ts",
};

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
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
        entryFileNames: ({ name }) => (name === "helper" ? "embed.js" : "assets/[name]-[hash].js"),
        codeSplitting: { groups: [{ name: "maplibre", test: /node_modules\/(maplibre-gl|@mapbox|@maplibre)/ }] },
      },
    },
  },
});

import { defineConfig } from "vite";

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
      input: ["index.html", "embed.html", "docs.html", "docs/embedding.html"].map(
        (page) => `${import.meta.dirname}/${page}`,
      ),
      output: {
        codeSplitting: { groups: [{ name: "maplibre", test: /node_modules\/(maplibre-gl|@mapbox|@maplibre)/ }] },
      },
    },
  },
});

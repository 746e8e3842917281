/*
 * `npm start`, and `dist/server/node.js` when built. Plain JavaScript that imports nothing at once, so that every Node can say what it
 * lacks: SQLite, zstd and, for the sources, types that are stripped.
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) await import("./node.ts");
else {
  console.error(
    `STRATUM needs Node 22.18 or newer; this is Node ${process.versions.node}. \`npm ci\` installs Node 24 for \`npm start\`, unless development dependencies are left out.`,
  );
  process.exitCode = 1;
}

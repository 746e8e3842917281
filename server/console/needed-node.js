/*
 * Ends a process that an older Node runs, with a sentence: it lacks SQLite, zstd and, for the sources, types that are stripped. Plain
 * JavaScript that imports nothing, so that every Node can read it. What starts here imports it before all else.
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `STRATUM needs Node 22.18 or newer; this is Node ${process.versions.node}. \`npm ci\` installs Node 24 for \`npm start\` and \`npm run\`, unless development dependencies are left out.`,
  );
  process.exit(1);
}

/*
 * Ends a process that an older Node runs, with a sentence. Such a Node lacks SQLite, zstd and, for the sources, types that are stripped;
 * or its SQLite is older than 3.51.3 and can lose what was committed when two processes write to one file ("WAL reset", in every SQLite
 * before). Plain JavaScript that imports nothing, so that every Node can read it. What starts here imports it before all else.
 */
const [major = 0, minor = 0, patch = 0] = (process.versions.sqlite ?? "0").split(".").map(Number);

if (major < 3 || (major === 3 && (minor < 51 || (minor === 51 && patch < 3)))) {
  console.error(
    `STRATUM needs Node 22.22.3, or 24.15 or newer; this is Node ${process.versions.node}. \`npm ci\` installs Node 24 for \`npm start\` and \`npm run\`, unless development dependencies are left out.`,
  );
  process.exit(1);
}

/** Preloaded into each server: whatever ends the run, also SIGKILL, closes this pipe, and no server stays behind. */
process.stdin.on("error", () => process.exit(1)).on("end", () => process.exit(1));
process.stdin.resume();

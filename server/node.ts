import { keepCompiled } from "./console/compile-cache.ts";

/** `npm start`: the whole product, in one process or several, until it is told to stop. */
keepCompiled();
const { run } = await import("./runtime/node/run.ts");
await run();

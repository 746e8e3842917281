import "./console/needed-node.js";

/* `npm start`, and `dist/server/node.js` when built. An older Node cannot even read what comes next. */
await import("./node.ts");

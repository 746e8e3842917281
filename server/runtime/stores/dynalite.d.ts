declare module "dynalite" {
  import type { Server } from "node:http";

  interface DynaliteOptions {
    /** LevelDB's directory; in memory without. */
    path?: string;
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }

  /** A DynamoDB over HTTP; its `close` also closes the LevelDB. */
  const dynalite: (options?: DynaliteOptions) => Server;
  export = dynalite;
}

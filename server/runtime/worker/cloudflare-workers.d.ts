/** The part of workerd's own module that we use; Cloudflare's type package would bring all of its globals. */
declare module "cloudflare:workers" {
  /** A named entrypoint, made anew for every request. */
  export class WorkerEntrypoint<Env = unknown, Context = unknown> {
    constructor(context: Context, env: Env);
    protected readonly ctx: Context;
    protected readonly env: Env;
  }

  /** One object for each name, which lives as long as somebody asks something of it. */
  export class DurableObject<Env = unknown, State = unknown> {
    constructor(state: State, env: Env);
    protected readonly ctx: State;
    protected readonly env: Env;
  }
}

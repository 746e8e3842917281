import type { OperatorAction } from "./actions.ts";
import type { ClientParts } from "./clients.ts";
import type { Machine } from "./host.ts";
import { currentTask } from "./task.ts";

/** Whoever runs the service: compacts by hand, stops and kills processes, and may damage what is derived. */
export function createOperator(parts: ClientParts): (action: OperatorAction) => Promise<void> {
  const { link, trace, insist, machineOf, damage } = parts;

  /** As `serve.ts` closes: background work, then what is owed, then the end. */
  async function stop(machine: Machine): Promise<void> {
    const life = machine.life();
    await insist(1, () =>
      link.ask(machine, async ({ background, store }) => {
        await Promise.all(Object.values(background).map((work) => work.stop()));
        await store.confirm({ isLast: true });
      }),
    );
    life?.crash();
  }

  return async ({ kind, host }) => {
    const machine = machineOf(host);
    if (kind === "crash") return machine.life()?.crash();
    if (kind === "stop") return stop(machine);
    if (kind === "damage") return trace.note(currentTask().name, `damaged ${damage()}`);
    await insist(1, () => link.ask(machine, (app) => app.compactor()[kind === "compact" ? "run" : "rebuild"]()));
  };
}

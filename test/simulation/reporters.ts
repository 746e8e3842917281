import type { Report } from "../../tiles/report.ts";
import type { ReportAction } from "./actions.ts";
import type { App } from "./app.ts";
import type { ClientParts } from "./clients.ts";
import { sleep } from "./insist.ts";
import { IMPORTER } from "./scenario.ts";

/** Promised is two seconds; the network takes its part, too. */
const FRESH_MS = 2_500;

/** Clients who report: with a key until they are thanked, as our page does, or without one, once. */
export function createReporter(parts: ClientParts): (action: ReportAction) => Promise<void> {
  const { link, ledger, trace, reader, insist, machines, machineOf, isFaultless } = parts;

  /** In every process, within two seconds. */
  async function expectEverywhere(report: Report): Promise<void> {
    await sleep(FRESH_MS);
    for (const machine of machines.values()) {
      if (machine.name !== IMPORTER && machine.life() !== undefined) await reader.expect(report, machine);
    }
  }

  return async (action) => {
    const post: { action: ReportAction; report?: Report; isGivenUp: boolean } = { action, isGivenUp: false };
    ledger.posts.set(action.name, post);
    const postTo = async (host: string): Promise<void> => {
      let by: App | undefined;
      const created = await link.ask(
        machineOf(host),
        (app) => {
          by = app;
          return app.post(action.draft, action.key);
        },
        { isWrite: true },
      );
      if (created.outcome === "key-taken") return ledger.violate("a key is its client's", action.name);
      const { id } = created.report;
      trace.note(action.name, `thanked by ${host}: ${created.outcome} ${id}`);
      if (post.report !== undefined && post.report.id !== id) {
        ledger.violate("a key gives one report", `${action.name} was thanked with ${post.report.id} and ${id}`);
      }
      post.report = created.report;
      if (by !== undefined) reader.noteThanked(by, created.report);
      if (isFaultless) await expectEverywhere(created.report);
    };
    await insist(action.attempts, async (tries) => {
      const host = action.hosts[tries % action.hosts.length] ?? "";
      const other = action.hosts[(tries + 1) % action.hosts.length] ?? "";
      const sent = action.isTwice && tries === 0 ? [host, other] : [host];
      await Promise.any(sent.map(postTo)).catch((error: AggregateError) => Promise.reject(error.errors[0]));
    });
    post.isGivenUp = post.report === undefined;
  };
}

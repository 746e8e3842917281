import { singleFlight } from "../kit/single-flight.ts";
import type { Clock } from "../ports/clock.ts";
import { StoreUnavailableError } from "../ports/report-store.ts";
import { type AreaSets, type AreaSetVersion, liveSets } from "./area-sets.ts";

/** The sets of areas that are live, as a process knows them: what it knows is a few seconds old at the most. */
export interface AreaCatalogue {
  /** While the store is away, what was known last. @throws StoreUnavailableError when nothing was */
  live(): Promise<readonly AreaSetVersion[]>;
  /** The same without waiting; undefined when it must be read. */
  peek(): readonly AreaSetVersion[] | undefined;
}

/** Far below what retired versions are kept up for. */
const KNOWN_FOR_MS = 10_000;

export interface AreaCatalogueOptions {
  readonly sets: AreaSets;
  readonly clock: Clock;
  /** Whether requests wait for each other's reads; false in a Worker. */
  readonly shareBuilds?: boolean;
}

export function createAreaCatalogue({ sets, clock, shareBuilds = true }: AreaCatalogueOptions): AreaCatalogue {
  let known: { readonly live: readonly AreaSetVersion[]; readonly atMs: number } | undefined;

  async function readSets(): Promise<void> {
    const atMs = clock.now();
    known = { live: liveSets(await sets.read()), atMs };
  }
  const refresh = shareBuilds ? singleFlight(readSets) : readSets;

  const peek = (): readonly AreaSetVersion[] | undefined =>
    known !== undefined && Math.abs(clock.now() - known.atMs) < KNOWN_FOR_MS ? known.live : undefined;

  return {
    peek,
    async live() {
      const fresh = peek();
      if (fresh !== undefined) return fresh;
      try {
        await refresh();
      } catch (error) {
        if (known === undefined || !(error instanceof StoreUnavailableError)) throw error;
      }
      return known?.live ?? [];
    },
  };
}

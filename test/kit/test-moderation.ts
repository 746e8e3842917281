import { createCityOfPlace } from "../../server/areas/city-of-place.ts";
import { silentLog } from "../../server/console/log.ts";
import { createModeration, type Moderation, type ModerationOptions } from "../../server/moderation/moderation.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";

/** Moderation of a store, that knows the cities of the product and tells nobody, unless told otherwise. */
export function createTestModeration(
  options: Pick<ModerationOptions, "store" | "clock"> & Partial<ModerationOptions>,
): Moderation {
  return createModeration({
    derived: createMemoryDerivedStore(options),
    log: silentLog,
    cityOf: createCityOfPlace({ live: async () => [] }),
    onReport: () => {},
    onEdit: () => {},
    ...options,
  });
}

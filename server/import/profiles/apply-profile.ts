import type { Profile } from "./profile.ts";

/** What a profile knows of a file besides its columns. */
const FACTS = ["format", "delimiter", "timeFormat", "timezone", "source"] as const;
type Fact = (typeof FACTS)[number];

export interface WithProfile extends Readonly<Partial<Record<Fact, unknown>>> {
  readonly profile?: Profile | undefined;
  readonly clean?: boolean | undefined;
}

/**
 * Options of an import with what its profile knows of the file where they say nothing themselves. Categories and texts are made fit:
 * those of a city are as they are, and a profile is there so that nobody need look at them first.
 */
export function applyProfile<Options extends WithProfile>(options: Options): Options {
  const { profile } = options;
  if (profile === undefined) return options;
  const known = FACTS.filter((fact) => options[fact] === undefined && profile[fact] !== undefined);
  return {
    ...options,
    clean: options.clean ?? true,
    // Ids of one city must not be taken for those of another.
    ...(options.source === undefined && { source: profile.name }),
    ...Object.fromEntries(known.map((fact) => [fact, profile[fact]])),
  };
}

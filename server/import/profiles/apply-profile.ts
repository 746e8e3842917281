import type { Profile } from "./profile.ts";

/** What a profile knows of a file besides its columns. */
const FACTS = ["format", "delimiter"] as const;
type Fact = (typeof FACTS)[number];

export interface WithProfile extends Readonly<Partial<Record<Fact, unknown>>> {
  readonly profile?: Profile | undefined;
}

/** Options of an import with what its profile knows of the file where they say nothing themselves. */
export function applyProfile<Options extends WithProfile>(options: Options): Options {
  const { profile } = options;
  if (profile === undefined) return options;
  const known = FACTS.filter((fact) => options[fact] === undefined && profile[fact] !== undefined);
  return { ...options, ...Object.fromEntries(known.map((fact) => [fact, profile[fact]])) };
}

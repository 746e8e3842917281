import type { Profile } from "./profile.ts";

/** What a profile knows of a file besides its columns. */
const FACTS = ["format", "delimiter", "encoding", "skipLines", "timeFormat", "timezone"] as const;
type Fact = (typeof FACTS)[number];

export interface WithProfile extends Readonly<Partial<Record<Fact, unknown>>> {
  readonly profile?: Profile | undefined;
  readonly clean?: boolean | undefined;
  /** Whose ids the rows have. */
  readonly source?: string | undefined;
}

/**
 * Options of an import with what its profile knows of the file where they say nothing themselves. Categories and texts are made fit:
 * those of a city are as they are, and a profile is there so that nobody need look at them first.
 */
export function applyProfile<Options extends WithProfile>(options: Options): Options {
  const { profile } = options;
  if (profile === undefined) return options;
  const source = options.source ?? profile.source ?? profile.name;
  const known = FACTS.filter((fact) => options[fact] === undefined && profile[fact] !== undefined);
  const facts = Object.fromEntries(known.map((fact) => [fact, profile[fact]]));
  return { ...options, ...facts, source, clean: options.clean ?? true };
}

/** Of an import by a profile of many cities that was not told whose ids the rows have. */
export function noteOfSource({ profile, source }: WithProfile, hasIds: boolean): string[] {
  if (!hasIds || profile === undefined || profile.source !== undefined || source !== undefined) return [];
  return [
    `The ids of the rows are known as those of ${JSON.stringify(profile.name)}: say --source NAME, another for each city, where you import from several.`,
  ];
}

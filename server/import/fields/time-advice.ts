/** What to say so that times that cannot be read can be. */
export const adviseTimes = (_values: readonly string[]): string | undefined => undefined;

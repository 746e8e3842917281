/** Areas of accounts stand under a city and a kind of their own, which no set of areas has. */
export const OWN = "own";
export const OWN_CITY = { id: OWN, name: "Own areas" } as const;

const LENGTH = 26;
const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";

/** 130 random bits. */
export function makeOwnAreaId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(LENGTH));
  return `${OWN}-${Array.from(bytes, (byte) => LETTERS[byte & 31]).join("")}`;
}

/** Whether an id is one that an own area may have; those of public areas go on with a hyphen, or are of another city. */
export const isOwnAreaId = (id: string): boolean => /^own-[0-9a-z]{26}$/.test(id);

import { BASE32 } from "./geohash.ts";

const spread16 = (value: number): number => {
  let v = value;
  v = (v | (v << 8)) & 0x00ff00ff;
  v = (v | (v << 4)) & 0x0f0f0f0f;
  v = (v | (v << 2)) & 0x33333333;
  return (v | (v << 1)) & 0x55555555;
};

/** Geohash as a number: column and row interleaved, longitude first, so that numbers order as geohashes do. */
export function cellKey(column: number, row: number, precision: number): number {
  const lonLow = precision % 2 === 1;
  const low = lonLow ? column : row;
  const high = lonLow ? row : column;
  const lowBits = (spread16(low & 0xffff) | (spread16(high & 0xffff) << 1)) >>> 0;
  const highBits = (spread16(low >>> 16) | (spread16(high >>> 16) << 1)) >>> 0;
  return highBits * 2 ** 32 + lowBits;
}

const compact16 = (value: number): number => {
  let v = value & 0x55555555;
  v = (v | (v >>> 1)) & 0x33333333;
  v = (v | (v >>> 2)) & 0x0f0f0f0f;
  v = (v | (v >>> 4)) & 0x00ff00ff;
  return (v | (v >>> 8)) & 0xffff;
};

/** Column of a key's cell: `cellKey` undone. */
export const columnOfKey = (key: number, precision: number): number => everySecondBit(key, precision % 2 === 1 ? 0 : 1);

/** Row of a key's cell. */
export const rowOfKey = (key: number, precision: number): number => everySecondBit(key, precision % 2 === 1 ? 1 : 0);

function everySecondBit(key: number, first: 0 | 1): number {
  const high = Math.floor(key / 2 ** 32);
  return compact16((key - high * 2 ** 32) >>> first) + compact16(high >>> first) * 2 ** 16;
}

/** Geohash text of a key: its bits, five a character. */
export function geohashOfKey(key: number, precision: number): string {
  let geohash = "";
  for (let i = 0, left = key; i < precision; i++, left = Math.floor(left / 32)) {
    geohash = BASE32.charAt(left % 32) + geohash;
  }
  return geohash;
}

/** Key of a geohash's text: `geohashOfKey` undone. */
export function keyOfGeohash(geohash: string): number {
  let key = 0;
  for (const char of geohash) key = key * 32 + BASE32.indexOf(char);
  return key;
}

import type { BrowserContextOptions } from "playwright-core";

export interface Size extends BrowserContextOptions {
  readonly name: string;
  readonly viewport: { readonly width: number; readonly height: number };
}

/** Screens that the page must fit: a small phone, a phone upright and on its side, a tablet and a desktop. */
export const SIZES: readonly Size[] = [
  touch(320, 640),
  touch(390, 844),
  touch(768, 1024),
  touch(844, 390),
  { name: "1440x900", viewport: { width: 1440, height: 900 } },
];

function touch(width: number, height: number): Size {
  return { name: `${width}x${height}`, viewport: { width, height }, isMobile: true, hasTouch: true };
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Pixels of area that two boxes share; one that is not there shares none. */
export function overlapOf(a: Box | null, b: Box | null): number {
  if (a === null || b === null) return 0;
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, width) * Math.max(0, height);
}

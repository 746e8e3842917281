import type { Bytes } from "./bytes.ts";

/** Numbers of any width in bits, the lowest first, padded to whole bytes at the end. */
export interface BitWriter {
  /** The lowest `width` bits of a whole number below 2^53. */
  bits(value: number, width: number): void;
  /**
   * A whole number in 0 .. range - 1, all of them as likely: a bit less for the first ones, if there is a choice (truncated binary
   * code).
   */
  truncated(value: number, range: number): void;
  /**
   * A whole number of which small ones are likelier, below 2^52: about `order` + 1 bits for those below 2^order, two more for
   * each doubling (exponential Golomb code).
   */
  golomb(value: number, order: number): void;
  /** Fills the last byte up. */
  finish(): void;
}

export function createBitWriter(out: Bytes): BitWriter {
  let held = 0;
  let count = 0;
  function put(value: number, width: number): void {
    // At most 7 + 16 bits are held.
    held |= value << count;
    for (count += width; count >= 8; count -= 8, held >>>= 8) out.byte(held & 255);
  }
  const writer: BitWriter = {
    bits(value, width) {
      let left = value;
      let open = width;
      for (; open > 16; open -= 16, left = Math.floor(left / 0x10000)) put(left % 0x10000, 16);
      put(left & ((1 << open) - 1), open);
    },
    truncated(value, range) {
      const width = bitLength(range - 1);
      const short = 2 ** width - range;
      if (value < short) writer.bits(value, width - 1);
      else {
        // The first bits are those of numbers from `short` on, the last one comes after them.
        const long = value + short;
        writer.bits(Math.floor(long / 2), width - 1);
        put(long % 2, 1);
      }
    },
    golomb(value, order) {
      const shifted = value + 2 ** order;
      const width = bitLength(shifted) - 1;
      for (let zeros = width - order; zeros > 0; zeros -= 16) put(0, Math.min(zeros, 16));
      put(1, 1);
      writer.bits(shifted, width);
    },
    finish() {
      if (count > 0) put(0, 8 - count);
    },
  };
  return writer;
}

/** Reads what `BitWriter` writes. What lies beyond the end reads as zeros: ask for the position when done, or now and then. */
export interface BitReader {
  /** At most 53. */
  bits(width: number): number;
  truncated(range: number): number;
  /** @throws RangeError when there is no such number */
  golomb(order: number): number;
  /** Bytes that were begun, from the start of the buffer. */
  position(): number;
}

export function createBitReader(bytes: Uint8Array, start: number): BitReader {
  return new ByteBits(bytes, start * 8);
}

/**
 * A class, because its methods are inlined where they are called; closures over a position are not, at half the speed. What
 * comes next cannot be guessed, so the processor would guess wrong at every second branch that depends on it: the usual cases
 * have none.
 */
class ByteBits implements BitReader {
  private readonly view: DataView;
  private readonly last: number;
  /** The next bit. */
  private at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.last = bytes.length - 4;
    this.at = at;
  }

  /** The next PEEK_BITS bits at least; signed, since an unsigned word of 32 bits is no small integer. */
  private peek(): number {
    const { view, at, last } = this;
    const i = at >>> 3;
    return (i <= last ? view.getInt32(i, true) : this.peekEnd(i)) >> (at & 7);
  }

  private peekEnd(i: number): number {
    let word = 0;
    for (let k = 0; k < 4 && i + k < this.view.byteLength; k++) word |= this.view.getUint8(i + k) << (8 * k);
    return word;
  }

  bits(width: number): number {
    if (width > PEEK_BITS) return this.wideBits(width);
    const value = this.peek() & ((1 << width) - 1);
    this.at += width;
    return value;
  }

  private wideBits(width: number): number {
    const low = this.peek() & 0xffffff;
    this.at += 24;
    return low + this.bits(width - 24) * 0x1000000;
  }

  truncated(range: number): number {
    if (range > 1 << PEEK_BITS) return this.wideTruncated(range, bitLength(range - 1));
    const width = 32 - Math.clz32(range - 1);
    const short = (1 << width) - range;
    // All ones where there is a choice, otherwise there is no bit.
    const some = (1 - range) >> 31;
    const word = this.peek();
    const first = word & ((1 << (width + some)) - 1);
    const isLong = some & ((short - 1 - first) >> 31);
    this.at += width + some - isLong;
    return first + (isLong & (first + ((word >>> (width + some)) & 1) - short));
  }

  private wideTruncated(range: number, width: number): number {
    const short = 2 ** width - range;
    const first = this.bits(width - 1);
    return first < short ? first : first * 2 + this.bits(1) - short;
  }

  golomb(order: number): number {
    const word = this.peek();
    const more = 31 - Math.clz32(word & -word);
    const width = more + order;
    if ((word & 0xffff) === 0 || more + 1 + width > PEEK_BITS) return this.longGolomb(order);
    this.at += more + 1 + width;
    return ((word >>> (more + 1)) & ((1 << width) - 1)) + (1 << width) - (1 << order);
  }

  private longGolomb(order: number): number {
    let word = this.peek();
    let zeros = 0;
    for (; (word & 0xffff) === 0; word = this.peek()) {
      zeros += 16;
      this.at += 16;
      if (zeros > MAX_GOLOMB_BITS) throw new RangeError(`no number at bit ${this.at}`);
    }
    const more = 31 - Math.clz32(word & -word);
    const width = zeros + more + order;
    if (width > MAX_GOLOMB_BITS) throw new RangeError(`number of ${width} bits at bit ${this.at}`);
    this.at += more + 1;
    return this.bits(width) + 2 ** width - 2 ** order;
  }

  position(): number {
    return (this.at + 7) >>> 3;
  }
}

/** Four bytes less the bits of the first that were read before. */
const PEEK_BITS = 25;
const MAX_GOLOMB_BITS = 52;

/** Bits that a whole number below 2^53 takes: 0 for 0. */
export function bitLength(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 2 ** 32));
}

/** Bits of a number in exponential Golomb code. */
export const golombBits = (value: number, order: number): number => 2 * bitLength(value + (1 << order)) - 1 - order;

/** The order in which some numbers take the fewest bits. */
export function bestOrder(values: readonly number[]): number {
  let best = 0;
  let least = Infinity;
  for (let order = 0; order <= MAX_ORDER; order++) {
    let sum = 0;
    for (const value of values) sum += golombBits(value, order);
    if (sum >= least) break;
    [best, least] = [order, sum];
  }
  return best;
}

const MAX_ORDER = 15;

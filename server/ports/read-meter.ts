/** Knows for which request the stores are read. */
export interface ReadMeter {
  /** Runs work; `spend` is told what it reads in read units, also behind its end. What several wait for is the first one's. */
  run<T>(spend: (units: number) => void, work: () => T): T;
}

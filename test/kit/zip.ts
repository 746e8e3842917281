import { crc32, deflateRawSync } from "node:zlib";

export interface ZipFaults {
  readonly isStored?: boolean;
  readonly method?: number;
  readonly flags?: number;
  /** In place of the right ones, in the directory. */
  readonly crc?: number;
  readonly size?: number;
}

/** A ZIP archive with these files in it. */
export function zipOf(files: Readonly<Record<string, string>>, faults: ZipFaults = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const packed = faults.isStored ? bytes : deflateRawSync(bytes);
    const nameBytes = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(nameBytes.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(faults.flags ?? 0, 8);
    entry.writeUInt16LE(faults.method ?? (faults.isStored ? 0 : 8), 10);
    entry.writeUInt32LE(faults.crc ?? crc32(bytes), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(faults.size ?? bytes.length, 24);
    entry.writeUInt16LE(nameBytes.length, 28);
    entry.writeUInt32LE(at, 42);
    parts.push(local, nameBytes, packed);
    directory.push(entry, nameBytes);
    at += local.length + nameBytes.length + packed.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(directoryBytes.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directoryBytes, end]);
}
